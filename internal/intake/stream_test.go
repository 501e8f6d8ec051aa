package intake

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// chunkOf is an entry with components of the given ids.
func chunkOf(start, stop bool, ids ...string) Topology {
	topology := Topology{StartSnapshot: start, StopSnapshot: stop}
	for _, id := range ids {
		topology.Components = append(topology.Components, Component{ExternalID: id})
	}
	return topology
}

func (t Topology) relating(source, target string) Topology {
	t.Relations = append(t.Relations, Relation{ExternalID: source + "->" + target, SourceID: source, TargetID: target})
	return t
}

func (t Topology) deleting(ids ...string) Topology {
	t.DeleteIDs = append(t.DeleteIDs, ids...)
	return t
}

// sent is a payload of an instance; what it breaks is wanted.
type sent struct {
	host    string
	after   time.Duration // since the payload before
	entries []Topology
	want    []string
}

func TestStream(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		payloads []sent
	}{
		{"snapshot in one chunk", []sent{
			{"h", 0, []Topology{chunkOf(true, true, "a", "b").relating("a", "b")}, nil},
			{"h", 0, []Topology{chunkOf(true, true, "a", "b").relating("a", "b")}, nil},
		}},
		{"snapshot in chunks", []sent{
			{"h", 0, []Topology{chunkOf(true, false, "a")}, nil},
			{"h", 0, []Topology{chunkOf(false, false, "b")}, nil},
			{"h", 0, []Topology{chunkOf(false, true).relating("a", "b")}, nil},
		}},
		{"increments", []sent{
			{"h", 0, []Topology{chunkOf(false, false, "a", "b")}, nil},
			{"h", 0, []Topology{chunkOf(false, false, "a").relating("a", "b")}, nil},
			{"h", 0, []Topology{chunkOf(false, false).relating("a", "b").deleting("b")}, nil},
		}},
		{"component twice in a chunk", []sent{{"h", 0, []Topology{chunkOf(true, true, "a", "a")}, []string{"T7 E topologies[0].components[1].externalId"}}}},
		{"component twice in a snapshot", []sent{
			{"h", 0, []Topology{chunkOf(true, false, "a")}, nil},
			{"h", 0, []Topology{chunkOf(false, true, "a")}, []string{"T7 E topologies[0].components[0].externalId"}},
		}},
		{"increment after an abandoned snapshot", []sent{
			{"h", 0, []Topology{chunkOf(true, false, "a", "b").relating("a", "b")}, nil},
			{"h", 0, []Topology{chunkOf(false, false, "a")}, []string{"T7 W topologies[0].components[0].externalId"}},
			{"h", 0, []Topology{chunkOf(false, false).relating("a", "b")}, []string{"T7 W topologies[0].relations[0].externalId"}},
		}},
		{"component twice over two entries", []sent{
			{"h", 0, []Topology{chunkOf(true, false, "a"), chunkOf(false, true, "a")}, []string{"T7 E topologies[1].components[0].externalId"}},
		}},
		{"relation twice in a snapshot", []sent{
			{"h", 0, []Topology{chunkOf(true, false, "a", "b").relating("a", "b")}, nil},
			{"h", 0, []Topology{chunkOf(false, true).relating("a", "b")}, []string{"T7 E topologies[0].relations[0].externalId"}},
		}},
		{"component twice in an increment", []sent{{"h", 0, []Topology{chunkOf(false, false, "a", "a")}, []string{"T7 W topologies[0].components[1].externalId"}}}},
		{"component deleted and made again in a snapshot", []sent{
			{"h", 0, []Topology{chunkOf(true, false, "a")}, nil},
			{"h", 0, []Topology{chunkOf(false, false).deleting("a")}, []string{"T9 W topologies[0].delete_ids"}},
			{"h", 0, []Topology{chunkOf(false, true, "a")}, nil},
		}},
		{"relation without ends", []sent{
			{"h", 0, []Topology{chunkOf(false, false, "a").relating("a", "b")}, []string{"T8 W topologies[0].relations[0].targetId"}},
			{"h", 0, []Topology{chunkOf(false, false, "b").deleting("a")}, nil},
			{"h", 0, []Topology{chunkOf(false, false).relating("a", "b")}, []string{"T8 W topologies[0].relations[0].sourceId"}},
		}},
		{"relation to a component of the snapshot before", []sent{
			{"h", 0, []Topology{chunkOf(true, true, "a", "b")}, nil},
			{"h", 0, []Topology{chunkOf(true, false, "a").relating("a", "b")}, []string{"T8 W topologies[0].relations[0].targetId"}},
			{"h", 0, []Topology{chunkOf(false, true)}, nil},
			{"h", 0, []Topology{chunkOf(false, false).relating("a", "b")}, []string{"T8 W topologies[0].relations[0].targetId"}},
		}},
		{"relation to a component of an increment before the snapshot that was never closed", []sent{
			{"h", 0, []Topology{chunkOf(false, false, "a", "b")}, nil},
			{"h", 0, []Topology{chunkOf(true, false, "a")}, nil},
			{
				"h", 0,
				[]Topology{chunkOf(true, true, "a").relating("a", "b")},
				[]string{"T16 W topologies[0].start_snapshot", "T8 W topologies[0].relations[0].targetId"},
			},
		}},
		{"deletes in a snapshot", []sent{{"h", 0, []Topology{chunkOf(true, true, "a").deleting("b")}, []string{"T9 W topologies[0].delete_ids"}}}},
		{"stop without start", []sent{{"h", 0, []Topology{chunkOf(false, true)}, []string{"T15 E topologies[0].stop_snapshot"}}}},
		{"stop of another host", []sent{
			{"h", 0, []Topology{chunkOf(true, false)}, nil},
			{"i", 0, []Topology{chunkOf(false, true)}, []string{"T15 E topologies[0].stop_snapshot"}},
			{"h", 0, []Topology{chunkOf(false, true)}, nil},
			{"h", 0, []Topology{chunkOf(false, true)}, []string{"T15 E topologies[0].stop_snapshot"}},
		}},
		{"start while a snapshot is open", []sent{
			{"h", 0, []Topology{chunkOf(true, false, "a")}, nil},
			{"h", 0, []Topology{chunkOf(true, true, "a")}, []string{"T16 W topologies[0].start_snapshot"}},
		}},
		{"chunk of another host within a snapshot", []sent{
			{"h", 0, []Topology{chunkOf(true, false, "a")}, nil},
			{"i", 0, []Topology{chunkOf(false, false, "b")}, []string{"T17 W topologies[0]"}},
			{"h", 0, []Topology{chunkOf(false, true)}, nil},
		}},
		{"snapshot not closed", []sent{
			{"h", 0, []Topology{chunkOf(true, true)}, nil},
			{"h", 10 * time.Second, []Topology{chunkOf(true, false)}, nil},
			{"h", 20 * time.Second, []Topology{chunkOf(false, false)}, nil},
			{"h", time.Second, []Topology{chunkOf(false, false)}, []string{"T18 W topologies[0]"}},
			{"h", time.Second, []Topology{chunkOf(false, true)}, nil},
		}},
		{"another host starts at once", []sent{
			{"h", 0, []Topology{chunkOf(true, true)}, nil},
			{"i", 59 * time.Second, []Topology{chunkOf(true, true)}, []string{"T19 W topologies[0].start_snapshot"}},
			{"h", time.Minute, []Topology{chunkOf(true, true)}, nil},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stream Stream
			now := time.Unix(1_700_000_000, 0)
			for i, payload := range tt.payloads {
				now = now.Add(payload.after)
				want := payload.want
				if want == nil {
					want = []string{}
				}
				// A trial that is not committed leaves no trace: the second one finds the same.
				for range 2 {
					trial := try(&stream, payload, now)
					assert.Equal(t, want, brief(trial.Findings()), "payload %d", i)
				}
				if trial := try(&stream, payload, now); !Rejects(trial.Findings()) {
					trial.Commit()
				}
			}
		})
	}
}

func try(stream *Stream, payload sent, now time.Time) *Trial {
	trial := stream.Try(payload.host, now)
	for i, entry := range payload.entries {
		trial.Add(i, entry)
	}
	return trial
}

func TestStreamHoldsOnlyTheIDsOfItsPicture(t *testing.T) {
	t.Parallel()
	var stream Stream
	now := time.Unix(1_700_000_000, 0)
	for i := range 5 {
		id := fmt.Sprint(i)
		trial := stream.Try("h", now)
		trial.Add(0, chunkOf(true, false, id).relating(id, id))
		trial.Commit()
		assert.Len(t, stream.relations, 1)
		trial = stream.Try("h", now)
		trial.Add(0, chunkOf(false, true))
		trial.Commit()
		assert.Len(t, stream.components, 1)
		assert.Empty(t, stream.relations)
	}
	trial := stream.Try("h", now)
	trial.Add(0, chunkOf(false, false, "x").deleting("4", "x"))
	trial.Commit()
	assert.Empty(t, stream.components)
}
