package stackstateprocessor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/testutil/golden"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topologylog"
	"github.com/otelcol-stackstate/otelcol-stackstate/processor/stackstateprocessor/internal/metadatatest"
)

const clusterName = "prod-eu-1"

var at = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

func ref(componentType, name string) topology.Ref {
	return topology.Ref{ID: topology.URN("urn:" + componentType + "/" + name), Type: componentType}
}

// appendBatch adds the records of one source, with or without a cluster of its own.
func appendBatch(t testing.TB, logs plog.Logs, cluster string, records ...topology.Record) {
	t.Helper()
	batch := topologylog.NewBatch(topologylog.Source{Instance: topology.Instance{Type: "kubernetes", URL: clusterName}, Cluster: cluster})
	for _, record := range records {
		require.NoError(t, batch.Append(record, at, func(topology.URN) (topology.Ref, bool) { return topology.Ref{}, false }))
	}
	batch.Logs().ResourceLogs().MoveAndAppendTo(logs.ResourceLogs())
}

func state(c topology.Component) topology.Record { return topology.Record{Component: c} }

// mixedLogs hold a record of everything that the processor tells apart.
func mixedLogs(t testing.TB) plog.Logs {
	t.Helper()
	pod := topology.Component{
		Ref: ref(topology.TypePod, "cart-0"), Name: "cart-0", Cluster: clusterName, Namespace: "shop",
		Labels: map[string]string{"app": "cart", "cluster-name": "blue", "service-account": "nobody", "namespace": "shop"},
		Tags:   map[string]string{"service-account": "cart"},
	}
	logs := plog.NewLogs()
	appendBatch(
		t, logs, clusterName,
		topology.Record{Op: topology.SnapshotStart, SnapshotID: "s1"},
		state(topology.Component{Ref: ref(topology.TypeCluster, clusterName), Name: clusterName}),
		state(topology.Component{Ref: ref(topology.TypeNode, "n1"), Name: "n1", Labels: map[string]string{"zone": "a"}}),
		state(topology.Component{Ref: ref(topology.TypeNamespace, "shop"), Name: "shop", Cluster: clusterName, Labels: map[string]string{"team": "web"}}),
		state(pod),
		state(topology.Component{Ref: ref(topology.TypeContainer, "app"), Name: "app", Cluster: clusterName, Namespace: "shop"}),
		state(topology.Component{Ref: ref("host", "n1"), Name: "n1", Tags: map[string]string{"os": "linux"}}),
		state(topology.Component{Ref: ref("host", "n2"), Name: "n2", Labels: map[string]string{"rack": "7"}}),
		topology.Record{Op: topology.SnapshotStop, SnapshotID: "s1"},
		topology.Record{Op: topology.Delete, Component: pod},
	)
	appendBatch(
		t, logs, "",
		state(topology.Component{Ref: ref(topology.TypeService, "billing"), Name: "billing", Tags: map[string]string{"tier": "gold"}}),
		state(topology.Component{Ref: ref(topology.TypePod, "cart-1"), Name: "cart-1", Cluster: "other", Namespace: "shop"}),
	)
	logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("a line of text")
	return logs
}

type fixture struct {
	processor.Logs
	sink      *consumertest.LogsSink
	telemetry *componenttest.Telemetry
}

func newFixture(t testing.TB, cfg *Config) fixture {
	t.Helper()
	f := fixture{sink: new(consumertest.LogsSink), telemetry: componenttest.NewTelemetry()}
	var err error
	f.Logs, err = NewFactory().CreateLogs(t.Context(), metadatatest.NewSettings(f.telemetry), cfg, f.sink)
	require.NoError(t, err)
	require.NoError(t, f.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() {
		assert.NoError(t, f.Shutdown(context.Background()))
		assert.NoError(t, f.telemetry.Shutdown(context.Background()))
	})
	return f
}

// process returns what comes out of the processor for what goes in.
func (f fixture) process(t testing.TB, logs plog.Logs) plog.Logs {
	t.Helper()
	f.sink.Reset()
	require.NoError(t, f.ConsumeLogs(t.Context(), logs))
	require.Len(t, f.sink.AllLogs(), 1)
	return f.sink.AllLogs()[0]
}

func TestTagsGolden(t *testing.T) {
	t.Parallel()
	for _, clusterType := range []ClusterType{ClusterTypeKubernetes, ClusterTypeOpenShift} {
		f := newFixture(t, &Config{ClusterType: clusterType})
		golden.EqualLogs(t, "testdata/"+string(clusterType)+".golden.yaml", f.process(t, mixedLogs(t)))
	}
}

func TestSecondTimeChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t, createDefaultConfig().(*Config))
	once := f.process(t, mixedLogs(t))
	before := records(t, once)
	assert.Equal(t, before, records(t, f.process(t, once)))
}

func TestNothingButTagsChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t, createDefaultConfig().(*Config))
	want := records(t, mixedLogs(t))
	got := records(t, f.process(t, mixedLogs(t)))
	require.Len(t, got, len(want))
	for i := range got {
		got[i].Component.Tags, want[i].Component.Tags = nil, nil
	}
	assert.Equal(t, want, got)
}

func records(t testing.TB, logs plog.Logs) []topology.Record {
	t.Helper()
	var out []topology.Record
	for entry, err := range topologylog.Entries(logs) {
		require.NoError(t, err)
		out = append(out, entry.Record)
	}
	return out
}

func TestOtherLogsPassUntouched(t *testing.T) {
	t.Parallel()
	f := newFixture(t, createDefaultConfig().(*Config))
	newLogs := func() plog.Logs {
		logs := plog.NewLogs()
		record := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		record.SetEventName("k8s.event")
		record.Attributes().PutStr("entity.type", "k8s.pod")
		return logs
	}
	assert.Equal(t, newLogs(), f.process(t, newLogs()))
	assert.Equal(t, plog.NewLogs(), f.process(t, plog.NewLogs()))
}

func TestCapabilities(t *testing.T) {
	t.Parallel()
	assert.True(t, newFixture(t, createDefaultConfig().(*Config)).Capabilities().MutatesData)
}

func TestTelemetry(t *testing.T) {
	t.Parallel()
	f := newFixture(t, createDefaultConfig().(*Config))
	f.process(t, mixedLogs(t))

	point := func(outcome string, n int64) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Attributes: attribute.NewSet(attribute.String("outcome", outcome)), Value: n}
	}
	metadatatest.AssertEqualProcessorStackstateRecords(t, f.telemetry, []metricdata.DataPoint[int64]{
		point("completed", 6), point("no_cluster", 1), point("foreign", 2), point("other", 4),
	}, metricdatatest.IgnoreTimestamp())
	// cluster-name to a common tag, service-account to one of the pod's own; namespace says the same.
	metadatatest.AssertEqualProcessorStackstateLabelsOverwritten(
		t, f.telemetry, []metricdata.DataPoint[int64]{{Value: 2}}, metricdatatest.IgnoreTimestamp(),
	)
}

func BenchmarkProcess(b *testing.B) {
	p := newFixture(b, createDefaultConfig().(*Config))
	logs := mixedLogs(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.ConsumeLogs(b.Context(), logs); err != nil {
			b.Fatal(err)
		}
		p.sink.Reset()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*logs.LogRecordCount()), "ns/record")
}
