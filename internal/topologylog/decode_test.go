package topologylog

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/testutil/golden"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// state is the smallest sound record of a component.
func state() map[string]any {
	return map[string]any{"entity.type": "k8s.pod", "stackstate.external_id": "urn:p"}
}

func deleted(keys ...string) map[string]any {
	attrs := state()
	for _, key := range keys {
		delete(attrs, key)
	}
	return attrs
}

func added(key string, value any) map[string]any {
	attrs := state()
	attrs[key] = value
	return attrs
}

type rawRecord struct {
	event string
	attrs map[string]any
}

// rawLogs makes logs of one instance without the encoder.
func rawLogs(t testing.TB, records ...rawRecord) plog.Logs {
	t.Helper()
	logs := plog.NewLogs()
	scope := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	scope.Scope().Attributes().PutStr("topology.instance.type", source.Instance.Type)
	scope.Scope().Attributes().PutStr("topology.instance.url", source.Instance.URL)
	for _, raw := range records {
		record := scope.LogRecords().AppendEmpty()
		record.SetEventName(raw.event)
		require.NoError(t, record.Attributes().FromRaw(raw.attrs))
	}
	return logs
}

func TestMalformedRecordsAreNamedAndTheOthersCome(t *testing.T) {
	t.Parallel()
	relations := func(items ...any) map[string]any { return added("entity.relationships", items) }
	other := map[string]any{"relationship.type": "part_of", "stackstate.external_id": "urn:n"}
	tests := []struct {
		name string
		raw  rawRecord
		want string
	}{
		{"no attributes", rawRecord{"entity.state", nil}, "entity.state record 0/0/1: no stackstate.external_id"},
		{"no identity", rawRecord{"entity.state", deleted("stackstate.external_id")}, "entity.state record 0/0/1: no stackstate.external_id"},
		{"identity is no string", rawRecord{"entity.state", added("stackstate.external_id", 7)}, "entity.state record 0/0/1: no stackstate.external_id"},
		{"no type", rawRecord{"entity.state", deleted("entity.type")}, `entity.state record 0/0/1: component "urn:p": no entity.type`},
		{"deletion without identity", rawRecord{"entity.delete", deleted("stackstate.external_id")}, "entity.delete record 0/0/1: no stackstate.external_id"},
		{"deletion without type", rawRecord{"entity.delete", deleted("entity.type")}, `entity.delete record 0/0/1: component "urn:p": no entity.type`},
		{
			"relations are no list",
			rawRecord{"entity.state", added("entity.relationships", "x")},
			`entity.state record 0/0/1: component "urn:p": entity.relationships is a Str, want a list`,
		},
		{
			"a relation is no map",
			rawRecord{"entity.state", relations(other, 7)},
			`entity.state record 0/0/1: component "urn:p": entity.relationships[1] is a Int, want a map`,
		},
		{
			"a relation has no other end",
			rawRecord{"entity.state", relations(map[string]any{"relationship.type": "part_of"})},
			`component "urn:p": entity.relationships[0]: no stackstate.external_id`,
		},
		{
			"a relation has no type",
			rawRecord{"entity.state", relations(other, map[string]any{"stackstate.external_id": "urn:n"})},
			`component "urn:p": entity.relationships[1]: no relationship.type`,
		},
		{
			"a removed relation has no type",
			rawRecord{"entity.delete", added("entity.relationships.removed", []any{map[string]any{"stackstate.external_id": "urn:n"}})},
			`entity.delete record 0/0/1: component "urn:p": entity.relationships.removed[0]: no relationship.type`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			good := rawRecord{"entity.state", state()}
			var entries []Entry
			var errs []error
			for entry, err := range Entries(rawLogs(t, good, tt.raw, good)) {
				entries, errs = append(entries, entry), append(errs, err)
			}
			require.Len(t, errs, 3)
			assert.NoError(t, errs[0])
			assert.ErrorContains(t, errs[1], tt.want)
			assert.Equal(t, Position{Record: 1}, entries[1].Position)
			assert.NoError(t, errs[2])
			assert.Equal(t, topology.URN("urn:p"), entries[2].Record.Component.ID)
		})
	}
}

func TestRecordWithoutInstanceIsMalformed(t *testing.T) {
	t.Parallel()
	for _, missing := range []string{"topology.instance.type", "topology.instance.url"} {
		logs := rawLogs(t, rawRecord{"entity.state", state()}, rawRecord{"topology.snapshot.stop", nil})
		logs.ResourceLogs().At(0).ScopeLogs().At(0).Scope().Attributes().Remove(missing)
		var errs []error
		for _, err := range Entries(logs) {
			errs = append(errs, err)
		}
		require.Len(t, errs, 2)
		assert.ErrorContains(t, errs[0], "entity.state record 0/0/0: its scope lacks topology.instance.type or topology.instance.url")
		assert.ErrorContains(t, errs[1], "topology.snapshot.stop record 0/0/1: ")
	}
}

func TestForeignRecordsAreSkipped(t *testing.T) {
	t.Parallel()
	logs := rawLogs(
		t,
		rawRecord{"", state()},
		rawRecord{"k8s.event", state()},
		rawRecord{"entity.state", state()},
		rawRecord{"entity.states", state()},
	)
	plain := plog.NewLogs()
	plain.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("a line of text")
	theirs := plain.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	theirs.SetEventName("entity.state") // of a source that knows no topology instances
	plain.ResourceLogs().MoveAndAppendTo(logs.ResourceLogs())
	rawLogs(t, rawRecord{"entity.delete", state()}).ResourceLogs().MoveAndAppendTo(logs.ResourceLogs())

	var positions []Position
	for entry, err := range Entries(logs) {
		require.NoError(t, err)
		positions = append(positions, entry.Position)
	}
	assert.Equal(t, []Position{{0, 0, 2}, {3, 0, 0}}, positions)
	assert.False(t, IsTopology(recordAt(logs, 0)))
	assert.True(t, IsTopology(recordAt(logs, 2)))
}

func TestEntriesEndsWhenTheLoopDoes(t *testing.T) {
	t.Parallel()
	logs := rawLogs(t, rawRecord{"entity.state", state()}, rawRecord{"entity.state", nil}, rawRecord{"entity.state", state()})
	count := 0
	for _, err := range Entries(logs) {
		count++
		if err != nil {
			break
		}
	}
	assert.Equal(t, 2, count)
}

// Somebody else's entities may be of types that EntityType never makes; the names inside the
// description follow the type as it is written.
func TestForeignEntityTypeKeepsNameAndLabels(t *testing.T) {
	t.Parallel()
	attrs := added("entity.description", map[string]any{
		"host.name": "n1", "host.label.os": "linux", "host.label.count": 7, "stackstate.host.name": "not this",
	})
	attrs["entity.type"] = "host"
	records := recordsOf(t, rawLogs(t, rawRecord{"entity.state", attrs}))
	assert.Equal(t, topology.Component{
		Ref:    topology.Ref{ID: "urn:p", Type: "host"},
		Name:   "n1",
		Labels: map[string]string{"os": "linux"},
	}, records[0].Component)
}

// Attributes of another type than ours are as good as absent, unless a record makes no sense
// without them.
func TestUnexpectedTypesAreAbsent(t *testing.T) {
	t.Parallel()
	attrs := map[string]any{
		"entity.type": "k8s.pod", "stackstate.external_id": "urn:p",
		"entity.id": "x", "entity.description": []any{}, "stackstate.tags": 7,
	}
	described := added("entity.description", map[string]any{
		"k8s.pod.name": 7, "k8s.cluster.name": true, "k8s.namespace.name": nil,
		"stackstate.identifiers": "x", "stackstate.data": []any{}, "stackstate.source_properties": 1.5,
	})
	want := topology.Component{Ref: topology.Ref{ID: "urn:p", Type: topology.TypePod}}
	for _, record := range recordsOf(t, rawLogs(t, rawRecord{"entity.state", attrs}, rawRecord{"entity.state", described})) {
		assert.Equal(t, want, record.Component)
	}
}

func TestNumbersAreReadAsTextWhereTextIsMeant(t *testing.T) {
	t.Parallel()
	attrs := state()
	attrs["entity.id"] = map[string]any{"process.pid": 17, "a": "b"}
	attrs["stackstate.tags"] = map[string]any{"port": 8080}
	attrs["entity.description"] = map[string]any{"stackstate.identifiers": []any{"x", 5}}
	record := recordsOf(t, rawLogs(t, rawRecord{"entity.state", attrs}))[0]
	assert.Equal(t, topology.EntityID{{Key: "a", Value: "b"}, {Key: "process.pid", Value: "17"}}, record.Component.Entity)
	assert.Equal(t, map[string]string{"port": "8080"}, record.Component.Tags)
	assert.Equal(t, []string{"x", "5"}, record.Component.Identifiers)
}

// A sender that knows the specification but not this project's own attributes is understood.
func TestRelationOfAForeignSender(t *testing.T) {
	t.Parallel()
	attrs := added("entity.relationships", []any{
		map[string]any{"relationship.type": "part_of", "entity.type": "k8s.namespace", "stackstate.external_id": "urn:n"},
		map[string]any{"relationship.type": "depends_on", "entity.type": "host", "stackstate.external_id": "urn:h"},
		map[string]any{
			"relationship.type": "depends_on", "stackstate.external_id": "urn:h",
			"stackstate.relation.type": "has", "stackstate.relation.carrier": "neither",
		},
	})
	record := recordsOf(t, rawLogs(t, rawRecord{"entity.state", attrs}))[0]
	assert.Equal(t, []topology.Relation{
		{Type: topology.Encloses, Source: "urn:n", Target: "urn:p"},
		{Type: "depends_on", Source: "urn:p", Target: "urn:h"},
		{Type: "has", Source: "urn:p", Target: "urn:h"},
	}, record.Relations)
}

// FuzzEntries: any OTLP is read without a panic, and what is read can be written and read again.
func FuzzEntries(f *testing.F) {
	for _, path := range []string{"testdata/pod.yaml", "testdata/snapshot_and_delete.yaml"} {
		otlp, err := (&plog.JSONMarshaler{}).MarshalLogs(golden.ReadLogs(f, path))
		require.NoError(f, err)
		f.Add(otlp)
	}
	odd := rawLogs(f, rawRecord{"entity.state", nil}, rawRecord{"entity.delete", added("entity.relationships", []any{1})}, rawRecord{"", nil})
	otlp, err := (&plog.JSONMarshaler{}).MarshalLogs(odd)
	require.NoError(f, err)
	f.Add(otlp)
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"entity.state"}]}]}]}`))
	f.Fuzz(func(t *testing.T, otlp []byte) {
		logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(otlp)
		if err != nil {
			t.Skip("no OTLP")
		}
		for entry, err := range Entries(logs) {
			if err != nil {
				continue
			}
			batch := NewBatch(Source{Instance: entry.Instance})
			require.NoError(t, batch.Append(entry.Record, at, resolve))
			for again, err := range Entries(batch.Logs()) {
				require.NoError(t, err)
				require.Equal(t, entry.Instance, again.Instance)
				require.Equal(t, show(normal(entry.Record)), show(again.Record))
			}
		}
	})
}
