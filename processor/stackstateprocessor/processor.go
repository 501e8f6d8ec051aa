package stackstateprocessor

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topologylog"
	"github.com/otelcol-stackstate/otelcol-stackstate/processor/stackstateprocessor/internal/metadata"
)

// outcome is what became of a record.
type outcome string

const (
	completed outcome = "completed"  // a component of a cluster; has all its tags now
	noCluster outcome = "no_cluster" // a component of a Kubernetes type, but of which cluster is not known
	foreign   outcome = "foreign"    // a component of any other type
	other     outcome = "other"      // no component's state; left as it is
)

// tagger completes the tags of component states. It has no state of its own and may be used
// concurrently, on different logs.
type tagger struct {
	clusterType ClusterType
	telemetry   *metadata.TelemetryBuilder
}

func (p *tagger) processLogs(ctx context.Context, logs plog.Logs) (plog.Logs, error) {
	outcomes := make(map[outcome]int64, 4)
	overwritten := 0
	for _, resource := range logs.ResourceLogs().All() {
		cluster := topologylog.ClusterOf(resource.Resource())
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				result, lost := p.complete(record, cluster)
				outcomes[result]++
				overwritten += lost
			}
		}
	}
	p.count(ctx, outcomes, overwritten)
	return logs, nil
}

// complete sets the tags of a record if it is a component's state, and returns how many of its
// labels were lost to other tags.
func (p *tagger) complete(record plog.LogRecord, cluster string) (result outcome, overwritten int) {
	state, ok := topologylog.StateOf(record)
	if !ok {
		return other, 0
	}
	f := factsOf(state, cluster)
	if f.inCluster() || len(f.Labels) > 0 {
		var tags map[string]string
		tags, overwritten = completeTags(f, p.clusterType)
		state.SetTags(tags)
	}
	switch {
	case f.inCluster():
		return completed, overwritten
	case topology.Known(f.Type):
		return noCluster, overwritten
	default:
		return foreign, overwritten
	}
}

// factsOf reads what the tags follow from; the cluster is the one of the record's resource, for
// components that do not name their own.
func factsOf(state topologylog.State, cluster string) facts {
	f := facts{Type: state.Type(), Cluster: state.Cluster(), Namespace: state.Namespace(), Tags: state.Tags()}
	if f.Cluster == "" {
		f.Cluster = cluster
	}
	f.Labels = map[string]string{}
	state.Labels(func(key, value string) { f.Labels[key] = value })
	return f
}

func (p *tagger) count(ctx context.Context, outcomes map[outcome]int64, overwritten int) {
	for result, n := range outcomes {
		p.telemetry.ProcessorStackstateRecords.Add(ctx, n, metric.WithAttributeSet(attribute.NewSet(
			attribute.String("outcome", string(result)))))
	}
	if overwritten > 0 {
		p.telemetry.ProcessorStackstateLabelsOverwritten.Add(ctx, int64(overwritten))
	}
}
