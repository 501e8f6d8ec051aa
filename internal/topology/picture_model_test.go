package topology

import (
	"flag"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "seed of the random tests")

// names are few, so that random records meet.
var names = []URN{"a", "b", "c", "d", "e"}

func TestPictureAgainstModel(t *testing.T) {
	t.Parallel()
	t.Logf("to repeat: go test -run %s -seed %d", t.Name(), *seed)
	random := rand.New(rand.NewPCG(*seed, 0))
	for range 40 {
		picture, want := NewPicture(), newModel()
		for range 80 {
			record := randomRecord(random)
			picture.Apply(record)
			want.apply(record)
			want.check(t, picture)
		}
	}
}

func randomRecord(random *rand.Rand) Record {
	id := names[random.IntN(len(names))]
	c := component(id, []string{"1", "2"}[random.IntN(2)])
	switch random.IntN(10) {
	case 0:
		return start([]string{"s", "t"}[random.IntN(2)])
	case 1:
		return stop([]string{"s", "t"}[random.IntN(2)])
	case 2, 3:
		return Record{Op: Delete, Component: Component{Ref: c.Ref}}
	}
	record := Record{Op: Upsert, Component: c}
	for range random.IntN(4) {
		relation := Relation{Type: []string{"uses", "has"}[random.IntN(2)], Source: id, Target: names[random.IntN(len(names))]}
		if random.IntN(2) == 0 {
			relation.Source, relation.Target = relation.Target, relation.Source
		}
		if random.IntN(5) == 0 {
			relation.ID = []string{"x", "y"}[random.IntN(2)]
		}
		record.Relations = append(record.Relations, relation)
	}
	return record
}

// model is the plainest thing that behaves like a Picture: two tables and a list of names.
type model struct {
	components map[URN]Component
	relations  map[string]carriedRelation
	open       bool
	snapshot   string
	repeated   map[URN]bool
}

type carriedRelation struct {
	Relation
	carrier URN
}

func newModel() *model {
	return &model{components: map[URN]Component{}, relations: map[string]carriedRelation{}, repeated: map[URN]bool{}}
}

func (m *model) apply(r Record) {
	id := r.Component.ID
	switch r.Op {
	case Upsert:
		m.forget(id)
		m.components[id] = r.Component
		for _, relation := range r.Relations {
			m.relations[relation.ExternalID()] = carriedRelation{relation, id}
		}
		m.repeated[id] = true
	case Delete:
		if known, ok := m.components[id]; ok && assert.ObjectsAreEqual(known.Entity, r.Component.Entity) {
			m.forget(id)
		}
	case SnapshotStart:
		m.open, m.snapshot, m.repeated = true, r.SnapshotID, map[URN]bool{}
	case SnapshotStop:
		if !m.open || m.snapshot != r.SnapshotID {
			return
		}
		m.open = false
		for known := range maps.Clone(m.components) {
			if !m.repeated[known] {
				m.forget(known)
			}
		}
	}
}

func (m *model) forget(id URN) {
	delete(m.components, id)
	for ext, r := range m.relations {
		if r.carrier == id {
			delete(m.relations, ext)
		}
	}
}

func (m *model) check(t *testing.T, p *Picture) {
	t.Helper()
	require.Equal(t, m.components, p.Components())
	require.Equal(t, len(m.components), p.Len())
	require.Equal(t, m.open, p.InSnapshot())
	got := map[string]carriedRelation{}
	for ext, relation := range p.Relations() {
		carrier, ok := p.Carrier(ext)
		require.True(t, ok)
		got[ext] = carriedRelation{relation, carrier}
	}
	require.Equal(t, m.relations, got)
	for _, id := range names {
		c, known := m.components[id]
		e, ok := p.Element(id)
		require.Equal(t, known, ok)
		require.Equal(t, c, e.Component)
		ref, ok := p.Resolve(id)
		require.Equal(t, known, ok)
		require.Equal(t, c.Ref, ref)
	}
}
