package topologylog

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/testutil/golden"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// The golden is also what other programs may send: reading it gives the record back.
func TestPodGolden(t *testing.T) {
	t.Parallel()
	golden.EqualLogs(t, "testdata/pod.yaml", logsOf(t, podRecord()))
	assert.Equal(t, []topology.Record{podRecord()}, recordsOf(t, golden.ReadLogs(t, "testdata/pod.yaml")))
}

func TestSnapshotAndDeleteGolden(t *testing.T) {
	t.Parallel()
	golden.EqualLogs(t, "testdata/snapshot_and_delete.yaml", logsOf(
		t,
		topology.Record{Op: topology.SnapshotStart, SnapshotID: "s1"},
		topology.Record{Op: topology.SnapshotStop, SnapshotID: "s1"},
		topology.Record{
			Op:        topology.Delete,
			Component: topology.Component{Ref: podRef},
			Removed:   []topology.Relation{{Type: topology.Encloses, Source: namespaceRef.ID, Target: podRef.ID}},
		},
	))
}

func TestEmptyBatchHasNoRecords(t *testing.T) {
	t.Parallel()
	batch := NewBatch(Source{Instance: source.Instance})
	assert.Zero(t, batch.Len())
	assert.Zero(t, batch.Logs().LogRecordCount())
	assert.Zero(t, batch.Logs().ResourceLogs().At(0).Resource().Attributes().Len(), "no cluster, no attribute")
}

func TestReportIntervalIsLeftOutIfThereIsNone(t *testing.T) {
	t.Parallel()
	for interval, want := range map[time.Duration]any{0: nil, time.Minute: int64(60)} {
		batch := NewBatch(Source{Instance: source.Instance, ReportInterval: interval})
		require.NoError(t, batch.Append(podRecord(), at, resolve))
		assert.Equal(t, want, recordAt(batch.Logs(), 0).Attributes().AsRaw()["entity.report.interval"])
	}
}

func TestAppendFailingLeavesBatchAsItWas(t *testing.T) {
	t.Parallel()
	pod := topology.Component{Ref: podRef}
	relation := topology.Relation{Type: topology.Encloses, Source: namespaceRef.ID, Target: podRef.ID}
	with := func(change func(r *topology.Relation)) topology.Record {
		bad := relation
		change(&bad)
		return topology.Record{Component: pod, Relations: []topology.Relation{relation, bad}}
	}
	unfit := []any{"fine", map[string]any{"at": time.Time{}}}
	tests := []struct {
		name   string
		record topology.Record
		want   string
	}{
		{"no identity", topology.Record{Component: topology.Component{Ref: topology.Ref{Type: "pod"}, Name: "p"}}, `type "pod" ("p")`},
		{"no type", topology.Record{Component: topology.Component{Ref: topology.Ref{ID: "urn:x"}}}, `component "urn:x"`},
		{"delete without type", topology.Record{Op: topology.Delete, Component: topology.Component{Ref: topology.Ref{ID: "urn:x"}}}, `component "urn:x"`},
		{
			"data that logs cannot hold",
			topology.Record{Component: topology.Component{Ref: podRef, Data: map[string]any{"list": unfit}}},
			`component "urn:kubernetes:/prod-eu-1:shop:pod/cart-6d4cf56db6-x7z9q": data: `,
		},
		{
			"source properties that logs cannot hold",
			topology.Record{Component: topology.Component{Ref: podRef, SourceProperties: map[string]any{"list": unfit}}},
			`component "urn:kubernetes:/prod-eu-1:shop:pod/cart-6d4cf56db6-x7z9q": source properties: `,
		},
		{
			"relation data that logs cannot hold",
			with(func(r *topology.Relation) { r.Data = map[string]any{"list": unfit} }),
			`relation "` + relation.ExternalID() + `": data: `,
		},
		{
			"relation of others",
			with(func(r *topology.Relation) { r.Target = nodeRef.ID }),
			`relation "urn:kubernetes:/prod-eu-1:namespace/shop->urn:kubernetes:/prod-eu-1:node/n1" does not touch its carrier`,
		},
		{"relation without type", with(func(r *topology.Relation) { r.Type = "" }), "needs a type and two ends"},
		{"relation from nowhere", with(func(r *topology.Relation) { r.Source = "" }), "needs a type and two ends"},
		{"relation to nowhere", with(func(r *topology.Relation) { r.Source, r.Target = podRef.ID, "" }), "needs a type and two ends"},
		{
			"removed relation of others",
			topology.Record{Op: topology.Delete, Component: pod, Removed: []topology.Relation{{Type: "x", Source: "a", Target: "b"}}},
			`relation "a->b" does not touch its carrier`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			batch := NewBatch(source)
			require.NoError(t, batch.Append(podRecord(), at, resolve))
			before := plog.NewLogs()
			batch.Logs().CopyTo(before)

			require.ErrorContains(t, batch.Append(tt.record, at, resolve), tt.want)

			assert.Equal(t, 1, batch.Len())
			assert.Equal(t, before, batch.Logs())
			require.NoError(t, batch.Append(topology.Record{Component: pod}, at, resolve))
			assert.Len(t, recordsOf(t, batch.Logs()), 2)
		})
	}
}

func TestAppendRefusesBatchWithoutInstance(t *testing.T) {
	t.Parallel()
	for _, instance := range []topology.Instance{{}, {Type: "kubernetes"}, {URL: "prod"}} {
		batch := NewBatch(Source{Instance: instance})
		require.ErrorContains(t, batch.Append(podRecord(), at, resolve), "instance lacks type or URL")
		assert.Zero(t, batch.Len())
	}
}

func recordAt(logs plog.Logs, i int) plog.LogRecord {
	return logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(i)
}
