package k8stopologyreceiver

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/metadata"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/picture"
)

// readiness is how much of the cluster is known.
type readiness int

const (
	// arriving: first lists are under way, and nothing speaks against their coming.
	arriving readiness = iota
	// partial: some kind cannot be read at present.
	partial
	// complete: all kinds are known and up to date.
	complete
)

// reporter tells operators which kinds cannot be read: once when that begins and once when it ends,
// in the log, and as long as it lasts in the component's status and in metrics.
type reporter struct {
	host      component.Host
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder

	failing    map[permission]bool
	unreadable int
}

// permission is what a watch needs of the API server.
type permission struct {
	verb, resource string
}

// report looks at all watches.
func (r *reporter) report(watches map[string]*kindWatch) readiness {
	failing := map[permission]bool{}
	result := complete
	unreadable := 0
	var first error
	for _, name := range slices.Sorted(maps.Keys(watches)) {
		synced, failed := watches[name].state()
		resource := watches[name].kind.Resource.GroupResource().String()
		for _, verb := range slices.Sorted(maps.Keys(failed)) {
			p := permission{verb, resource}
			failing[p] = true
			if first == nil {
				first = fmt.Errorf("cannot %s %s: %w", verb, resource, failed[verb])
			}
			if !r.failing[p] {
				r.logger.Warn("kind cannot be read, its components are kept as they are",
					zap.String("verb", verb), zap.String("resource", resource), zap.Error(failed[verb]))
			}
		}
		switch {
		case len(failed) > 0:
			unreadable++
			result = min(result, partial)
		case !synced:
			result = arriving
		}
	}
	for p := range r.failing {
		if !failing[p] {
			r.logger.Info("kind can be read again", zap.String("verb", p.verb), zap.String("resource", p.resource))
		}
	}
	r.status(len(r.failing) > 0, first)
	r.failing, r.unreadable = failing, unreadable
	return result
}

// status reports the component's status when it changes.
func (r *reporter) status(failed bool, now error) {
	switch {
	case now != nil && !failed:
		componentstatus.ReportStatus(r.host, componentstatus.NewRecoverableErrorEvent(now))
	case now == nil && failed:
		componentstatus.ReportStatus(r.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

// end takes back what a session reported of itself: who does not watch has nothing to complain of.
func (r *reporter) end() {
	if len(r.failing) > 0 {
		r.status(true, nil)
	}
	for _, gauge := range []metric.Int64Gauge{
		r.telemetry.ReceiverK8sTopologyComponents,
		r.telemetry.ReceiverK8sTopologyPendingObjects,
		r.telemetry.ReceiverK8sTopologyUnreadableKinds,
	} {
		gauge.Record(context.Background(), 0)
	}
}

// withheld counts a snapshot that is due but cannot be taken.
func (r *reporter) withheld(ctx context.Context) {
	r.telemetry.ReceiverK8sTopologySnapshots.Add(ctx, 1, metric.WithAttributes(outcomeWithheld))
}

// measure sets the gauges.
func (r *reporter) measure(ctx context.Context, p *picture.Picture) {
	r.telemetry.ReceiverK8sTopologyComponents.Record(ctx, int64(p.Components()))
	r.telemetry.ReceiverK8sTopologyPendingObjects.Record(ctx, int64(p.Dirty()))
	r.telemetry.ReceiverK8sTopologyUnreadableKinds.Record(ctx, int64(r.unreadable))
}
