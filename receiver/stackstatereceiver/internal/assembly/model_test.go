package assembly

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// server is what the intake's documentation says a server knows after the payloads: the model the assembly is compared with.
type server struct {
	open       bool
	repeated   map[string]bool
	components map[string]intake.Component
	relations  map[string]intake.Relation
}

func (s *server) apply(entry intake.Topology) {
	if entry.StartSnapshot {
		s.open, s.repeated = true, map[string]bool{}
	}
	for _, c := range entry.Components {
		s.components[c.ExternalID] = c
		s.mark(c.ExternalID)
	}
	for _, r := range entry.Relations {
		s.relations[r.ExternalID] = r
		s.mark(r.ExternalID)
	}
	for _, id := range entry.DeleteIDs {
		if _, known := s.components[id]; known {
			maps.DeleteFunc(s.relations, func(_ string, r intake.Relation) bool { return r.SourceID == id || r.TargetID == id })
		}
		delete(s.components, id)
		delete(s.relations, id)
	}
	if entry.StopSnapshot && s.open {
		maps.DeleteFunc(s.components, func(id string, _ intake.Component) bool { return !s.repeated[id] })
		maps.DeleteFunc(s.relations, func(id string, _ intake.Relation) bool { return !s.repeated[id] })
		s.open = false
	}
}

func (s *server) mark(id string) {
	if s.open {
		s.repeated[id] = true
	}
}

// visible is what a user of the server sees: relations only with both ends.
func (s *server) visible() (map[topology.URN]topology.Component, map[string]topology.Relation) {
	components := map[topology.URN]topology.Component{}
	for _, c := range s.components {
		components[topology.URN(c.ExternalID)] = convert(c)
	}
	relations := map[string]topology.Relation{}
	for id, r := range s.relations {
		_, source := s.components[r.SourceID]
		_, target := s.components[r.TargetID]
		if source && target {
			relations[id] = convertRelation(r)
		}
	}
	return components, relations
}

// universe is small, so that everything happens to everything.
var (
	universeTypes     = []string{topology.TypeNode, topology.TypePod, topology.TypeContainer, "machine"}
	universeRelations = []string{topology.Encloses, topology.ScheduledOn, topology.RunsOn, "uses"}
)

func randomID(random *rand.Rand) string { return fmt.Sprintf("c%d", random.IntN(6)) }

func randomRelationID(random *rand.Rand) (id, source, target string) {
	source, target = randomID(random), randomID(random)
	return source + "->" + target, source, target
}

func randomEntry(random *rand.Rand) intake.Topology {
	entry := intake.Topology{StartSnapshot: random.IntN(6) == 0, StopSnapshot: random.IntN(5) == 0}
	for range random.IntN(4) {
		c := wire(randomID(random), universeTypes[random.IntN(len(universeTypes))])
		c.Data["version"] = int64(random.IntN(3))
		entry.Components = append(entry.Components, c)
	}
	for range random.IntN(4) {
		id, source, target := randomRelationID(random)
		r := wireRelation(source, universeRelations[random.IntN(len(universeRelations))], target)
		r.ExternalID = id
		entry.Relations = append(entry.Relations, r)
	}
	for range random.IntN(2) {
		id, _, _ := randomRelationID(random)
		entry.DeleteIDs = append(entry.DeleteIDs, []string{id, randomID(random)}[random.IntN(2)])
	}
	return entry
}

func TestRecordsAddUpToWhatTheServerKnows(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 0))
		a, picture := New(), topology.NewPicture()
		model := server{components: map[string]intake.Component{}, relations: map[string]intake.Relation{}}
		for step := range 40 {
			entries := []intake.Topology{randomEntry(random)}
			if random.IntN(4) == 0 {
				entries = append(entries, randomEntry(random))
			}
			records := a.Apply(entries, noon)
			if random.IntN(4) == 0 { // the consumer refuses and the client sends again
				a.Rollback()
				require.Equal(t, records, a.Apply(entries, noon), "seed %d step %d", seed, step)
			}
			a.Commit()

			for _, entry := range entries {
				model.apply(entry)
			}
			for _, record := range records {
				picture.Apply(record)
			}
			components, relations := model.visible()
			require.Equal(t, components, picture.Components(), "seed %d step %d", seed, step)
			require.Equal(t, relations, picture.Relations(), "seed %d step %d", seed, step)
			requireEachOnce(t, records)
			require.Equal(t, model.open, a.InSnapshot())
		}
	}
}

// requireEachOnce checks that a snapshot mentions no component twice, as the intake demands of its clients.
func requireEachOnce(t *testing.T, records []topology.Record) {
	t.Helper()
	start := slices.IndexFunc(records, func(r topology.Record) bool { return r.Op == topology.SnapshotStart })
	if start < 0 {
		return
	}
	seen := map[topology.URN]bool{}
	for _, record := range records[start+1:] {
		if record.Op == topology.SnapshotStop {
			return
		}
		require.Equal(t, topology.Upsert, record.Op)
		require.False(t, seen[record.Component.ID])
		require.Empty(t, record.Removed)
		seen[record.Component.ID] = true
	}
	require.Fail(t, "snapshot without a stop")
}
