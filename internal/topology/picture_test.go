package topology

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func component(id URN, uid string) Component {
	return Component{Ref: Ref{ID: id, Type: TypePod, Entity: NewEntityID(Attribute{"k8s.pod.uid", uid})}, Name: string(id)}
}

func upsert(id URN, uid string, targets ...URN) Record {
	record := Record{Op: Upsert, Component: component(id, uid)}
	for _, target := range targets {
		record.Relations = append(record.Relations, Relation{Type: "uses", Source: id, Target: target})
	}
	return record
}

func remove(id URN, uid string) Record {
	return Record{Op: Delete, Component: Component{Ref: component(id, uid).Ref}}
}

func start(id string) Record { return Record{Op: SnapshotStart, SnapshotID: id} }
func stop(id string) Record  { return Record{Op: SnapshotStop, SnapshotID: id} }

func TestPicture(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		records    []Record
		components []URN
		relations  map[string]URN // external id → carrier
		open       bool
	}{
		{name: "nothing"},
		{
			name:       "components and their relations",
			records:    []Record{upsert("a", "1"), upsert("b", "1", "a", "c")},
			components: []URN{"a", "b"},
			relations:  map[string]URN{"b->a": "b", "b->c": "b"},
		},
		{
			name:       "a record replaces all that the one before said",
			records:    []Record{upsert("b", "1", "a", "c"), upsert("b", "1", "a")},
			components: []URN{"b"},
			relations:  map[string]URN{"b->a": "b"},
		},
		{
			name:       "a deleted component takes along the relations it carries, no others",
			records:    []Record{upsert("a", "1", "b"), upsert("b", "1", "a"), remove("b", "1")},
			components: []URN{"a"},
			relations:  map[string]URN{"a->b": "a"},
		},
		{
			name:    "delete of what is not there",
			records: []Record{remove("a", "1")},
		},
		{
			name:       "late delete of an entity replaced under the same name",
			records:    []Record{upsert("a", "1", "b"), upsert("a", "2", "b"), remove("a", "1")},
			components: []URN{"a"},
			relations:  map[string]URN{"a->b": "a"},
		},
		{
			name:    "delete of the entity that replaced another",
			records: []Record{upsert("a", "1"), upsert("a", "2"), remove("a", "1"), remove("a", "2")},
		},
		{
			name:       "a snapshot removes what it did not repeat",
			records:    []Record{upsert("a", "1", "b"), upsert("b", "1"), start("s"), upsert("b", "1"), stop("s")},
			components: []URN{"b"},
		},
		{
			name:       "nothing goes before the snapshot's stop",
			records:    []Record{upsert("a", "1"), start("s"), upsert("b", "1")},
			components: []URN{"a", "b"},
			open:       true,
		},
		{
			name:    "an empty snapshot empties the picture",
			records: []Record{upsert("a", "1", "b"), start("s"), stop("s")},
		},
		{
			name:       "deleted within the snapshot that had repeated it",
			records:    []Record{upsert("b", "1"), start("s"), upsert("a", "1"), upsert("b", "1"), remove("a", "1"), stop("s")},
			components: []URN{"b"},
		},
		{
			name:       "a stop without start",
			records:    []Record{upsert("a", "1"), stop("")},
			components: []URN{"a"},
		},
		{
			name:       "the stop of another snapshot",
			records:    []Record{upsert("a", "1"), start("s"), stop("t")},
			components: []URN{"a"},
			open:       true,
		},
		{
			name:       "a stop that comes twice",
			records:    []Record{start("s"), upsert("a", "1"), stop("s"), upsert("b", "1"), stop("s")},
			components: []URN{"a", "b"},
		},
		{
			name:       "a second start begins anew",
			records:    []Record{start("s"), upsert("a", "1"), start("t"), upsert("b", "1"), stop("s"), stop("t")},
			components: []URN{"b"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := NewPicture()
			for _, record := range tt.records {
				p.Apply(record)
			}
			assert.Len(t, p.Components(), len(tt.components))
			for _, id := range tt.components {
				assert.Contains(t, p.Components(), id)
			}
			assert.Len(t, p.Relations(), len(tt.relations))
			for ext, carrier := range tt.relations {
				assert.Contains(t, p.Relations(), ext)
				got, ok := p.Carrier(ext)
				assert.True(t, ok)
				assert.Equal(t, carrier, got)
			}
			assert.Equal(t, tt.open, p.InSnapshot())
		})
	}
}

func TestRelationCarriedTwiceBelongsToTheLastCarrier(t *testing.T) {
	t.Parallel()
	fromA := Relation{Type: "first", Source: "a", Target: "b"}
	fromB := Relation{Type: "second", Source: "a", Target: "b"}
	p := NewPicture()
	p.Apply(Record{Component: component("a", "1"), Relations: []Relation{fromA}})
	p.Apply(Record{Component: component("b", "1"), Relations: []Relation{fromB}})
	for range 20 { // the order of a map must not show
		assert.Equal(t, map[string]Relation{"a->b": fromB}, p.Relations())
	}
	p.Apply(Record{Component: component("a", "1")})
	assert.Equal(t, map[string]Relation{"a->b": fromB}, p.Relations())
	p.Apply(remove("b", "1"))
	assert.Empty(t, p.Relations())
}

func TestResolveGivesTheNewestEntity(t *testing.T) {
	t.Parallel()
	p := NewPicture()
	p.Apply(upsert("a", "1"))
	p.Apply(upsert("a", "2"))
	ref, ok := p.Resolve("a")
	require.True(t, ok)
	assert.Equal(t, component("a", "2").Ref, ref)
	_, ok = p.Resolve("b")
	assert.False(t, ok)
}
