package topologylog

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the random tests")

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	pod := topology.Component{Ref: podRef}
	withRelation := func(c topology.Component, r topology.Relation) topology.Record {
		return topology.Record{Component: c, Relations: []topology.Relation{r}}
	}
	tests := map[string]topology.Record{
		"everything set": podRecord(),
		"nothing set":    {Component: pod},
		"empty is not nil": {Component: topology.Component{
			Ref: podRef, Tags: map[string]string{}, Identifiers: []string{}, Data: map[string]any{}, SourceProperties: map[string]any{},
		}},
		"odd labels": {Component: topology.Component{
			Ref: podRef, Labels: map[string]string{"": "empty key", ".label.": "", "k8s.cluster.name": "x", "name": "y"},
		}},
		"identifiers keep their order": {Component: topology.Component{Ref: podRef, Identifiers: []string{"b", "", "a", "b"}}},
		"cluster": {Component: topology.Component{
			Ref: clusterRef, Name: "prod-eu-1", Cluster: "prod-eu-1",
		}},
		"namespace":                           {Component: topology.Component{Ref: namespaceRef, Name: "shop", Cluster: "prod-eu-1"}},
		"foreign type":                        {Component: topology.Component{Ref: hostRef, Name: "n1", Labels: map[string]string{"os": "linux"}, Cluster: "c", Namespace: "ns"}},
		"type that looks like an entity type": {Component: topology.Component{Ref: topology.Ref{ID: "urn:x", Type: "k8s.pod"}, Name: "x"}},
		"declared, carried by the declared end": withRelation(pod,
			topology.Relation{Type: topology.Controls, Source: replicaSetRef.ID, Target: podRef.ID}),
		"declared, carried by the other end": withRelation(topology.Component{Ref: replicaSetRef},
			topology.Relation{Type: topology.Controls, Source: replicaSetRef.ID, Target: podRef.ID}),
		"declared for these types the other way round": withRelation(pod,
			topology.Relation{Type: topology.Controls, Source: podRef.ID, Target: replicaSetRef.ID}),
		"undeclared, from its carrier": withRelation(pod, topology.Relation{Type: "talks_to", Source: podRef.ID, Target: hostRef.ID}),
		"undeclared, to its carrier":   withRelation(pod, topology.Relation{Type: "talks_to", Source: hostRef.ID, Target: podRef.ID}),
		"undeclared, named like a declared one from the carrier's side": withRelation(pod,
			topology.Relation{Type: "part_of", Source: podRef.ID, Target: namespaceRef.ID}),
		"undeclared, named like a declared one of the same direction": withRelation(topology.Component{Ref: nodeRef},
			topology.Relation{Type: "part_of", Source: nodeRef.ID, Target: clusterRef.ID}),
		"to itself":                    withRelation(pod, topology.Relation{Type: "talks_to", Source: podRef.ID, Target: podRef.ID}),
		"declared, other end unknown":  withRelation(pod, topology.Relation{Type: topology.Encloses, Source: unknownURN, Target: podRef.ID}),
		"undeclared to an unknown end": withRelation(pod, topology.Relation{Type: "talks_to", Source: podRef.ID, Target: unknownURN}),
		"empty data": withRelation(pod, topology.Relation{
			Type: topology.Encloses, Source: namespaceRef.ID, Target: podRef.ID, Data: map[string]any{},
		}),
		"deleted with what it carried": {Op: topology.Delete, Component: pod, Removed: podRecord().Relations},
		"deleted":                      {Op: topology.Delete, Component: pod},
		"snapshot start":               {Op: topology.SnapshotStart, SnapshotID: "s1"},
		"snapshot stop without an id":  {Op: topology.SnapshotStop},
	}
	for name, record := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, []topology.Record{normal(record)}, recordsOf(t, logsOf(t, record)))
		})
	}
}

// What the table above leaves to normal, spelled out.
func TestRoundTripChanges(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		given, want topology.Component
	}{
		{
			"a cluster belongs to itself",
			topology.Component{Ref: topology.Ref{ID: "urn:c", Type: topology.TypeCluster}, Name: "prod"},
			topology.Component{Ref: topology.Ref{ID: "urn:c", Type: topology.TypeCluster}, Name: "prod", Cluster: "prod"},
		},
		{
			"a namespace is in no namespace",
			topology.Component{Ref: namespaceRef, Name: "shop", Namespace: "shop"},
			topology.Component{Ref: namespaceRef, Name: "shop"},
		},
		{
			"no labels",
			topology.Component{Ref: podRef, Labels: map[string]string{}},
			topology.Component{Ref: podRef},
		},
		{
			"numbers and nil collections",
			topology.Component{Ref: podRef, Data: map[string]any{"a": 1, "b": uint8(2), "c": float32(0.5), "d": []any(nil), "e": map[string]any(nil)}},
			topology.Component{Ref: podRef, Data: map[string]any{"a": int64(1), "b": int64(2), "c": 0.5, "d": []any{}, "e": map[string]any{}}},
		},
		{
			"order of an entity's attributes",
			topology.Component{Ref: topology.Ref{ID: "urn:c", Type: "x", Entity: topology.EntityID{{Key: "b", Value: "1"}, {Key: "a", Value: "2"}}}},
			topology.Component{Ref: topology.Ref{ID: "urn:c", Type: "x", Entity: topology.EntityID{{Key: "a", Value: "2"}, {Key: "b", Value: "1"}}}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			records := recordsOf(t, logsOf(t, topology.Record{Component: tt.given}))
			assert.Equal(t, []topology.Record{{Component: tt.want, Relations: []topology.Relation{}}}, records)
		})
	}
}

func TestRoundTripOfRandomRecords(t *testing.T) {
	t.Parallel()
	t.Logf("to repeat: go test -run %s -seed %d", t.Name(), *seed)
	random := rand.New(rand.NewPCG(*seed, 0))
	for range 1000 {
		checkRoundTrip(t, randomBytes(random))
	}
}

func FuzzRoundTrip(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		f.Add(randomBytes(random))
	}
	f.Fuzz(func(t *testing.T, bytes []byte) { checkRoundTrip(t, bytes) })
}

func randomBytes(random *rand.Rand) []byte {
	bytes := make([]byte, 300)
	for i := range bytes {
		bytes[i] = byte(random.Uint32())
	}
	return bytes
}

// checkRoundTrip checks a few records made of the bytes, once as they are in memory and once as
// they look behind a network or a queue.
func checkRoundTrip(t *testing.T, bytes []byte) {
	t.Helper()
	choices := &choices{bytes}
	var given, want []topology.Record
	for range 1 + choices.of(3) {
		record := choices.record()
		given, want = append(given, record), append(want, normal(record))
	}
	logs := logsOf(t, given...)
	require.Equal(t, want, recordsOf(t, logs))

	wire, err := (&plog.ProtoMarshaler{}).MarshalLogs(logs)
	require.NoError(t, err)
	logs, err = (&plog.ProtoUnmarshaler{}).UnmarshalLogs(wire)
	require.NoError(t, err)
	require.Equal(t, want, recordsOf(t, logs))
}
