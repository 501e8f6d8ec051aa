package picture

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/cache"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/kind"
)

// fakeObject builds components of its own and relations from or to anything.
type fakeObject struct {
	components []topology.Component
	relations  []topology.Relation
}

// world is what there is, in place of a cluster's caches.
type world map[kind.Key]fakeObject

func (w world) build(key kind.Key) ([]topology.Component, []topology.Relation) {
	return w[key].components, w[key].relations
}

var kinds = []string{"node", "service", "pod"}

func key(kindName, name string) kind.Key {
	return kind.Key{Kind: kindName, ObjectName: cache.ObjectName{Name: name}}
}

func component(componentType, name, uid string) topology.Component {
	return topology.Component{
		Ref: topology.Ref{
			ID:     topology.URN(componentType + "/" + name),
			Type:   componentType,
			Entity: topology.EntityID{{Key: "uid", Value: uid}},
		},
		Name: name,
	}
}

func node(name, uid string) fakeObject {
	return fakeObject{components: []topology.Component{component("node", name, uid)}}
}

// pod encloses a container and is scheduled on a node and exposed by services.
func pod(name, uid, onNode string, services ...string) fakeObject {
	p, c := component("pod", name, uid), component("container", name+"-main", uid)
	relations := []topology.Relation{
		{Type: topology.ScheduledOn, Source: p.ID, Target: topology.URN("node/" + onNode)},
		{Type: topology.Encloses, Source: p.ID, Target: c.ID},
		{Type: topology.RunsOn, Source: c.ID, Target: topology.URN("node/" + onNode)},
	}
	for _, s := range services {
		relations = append(relations, topology.Relation{Type: topology.Exposes, Source: topology.URN("service/" + s), Target: p.ID})
	}
	return fakeObject{[]topology.Component{p, c}, relations}
}

// deliver accepts all changes and returns their records.
func deliver(p *Picture) []topology.Record {
	var records []topology.Record
	for change := range p.Changes() {
		records = append(records, change.Record)
		change.Accepted()
	}
	p.Settled()
	return records
}

// brief says what records do.
func brief(records []topology.Record) []string {
	var out []string
	for _, r := range records {
		s := [...]string{"+", "-"}[r.Op] + string(r.Component.ID)
		for _, relation := range r.Relations {
			s += " " + relation.Type
		}
		for _, relation := range r.Removed {
			s += " no:" + relation.Type
		}
		out = append(out, s)
	}
	return out
}

func TestChanges(t *testing.T) {
	n, s, p := key("node", "n1"), key("service", "s1"), key("pod", "p1")
	for _, tt := range []struct {
		name          string
		before, after world
		want          []string
	}{
		{"far ends come first", nil, world{p: pod("p1", "1", "n1", "s1"), n: node("n1", "1"), s: {components: []topology.Component{component("service", "s1", "1")}}}, []string{
			"+node/n1", "+service/s1", "+pod/p1 scheduled_on exposes", "+container/p1-main runs_on encloses",
		}},
		{"a relation waits for its far end", nil, world{p: pod("p1", "1", "n1")}, []string{
			"+pod/p1", "+container/p1-main encloses",
		}},
		{"nothing changed", world{p: pod("p1", "1", "n1"), n: node("n1", "1")}, world{p: pod("p1", "1", "n1"), n: node("n1", "1")}, nil},
		{"the far end appears", world{p: pod("p1", "1", "n1")}, world{p: pod("p1", "1", "n1"), n: node("n1", "1")}, []string{
			"+node/n1", "+pod/p1 scheduled_on", "+container/p1-main runs_on encloses",
		}},
		{"the far end disappears", world{p: pod("p1", "1", "n1"), n: node("n1", "1")}, world{p: pod("p1", "1", "n1")}, []string{
			"+pod/p1 no:scheduled_on", "+container/p1-main encloses no:runs_on", "-node/n1",
		}},
		{
			"a relation ends",
			world{p: pod("p1", "1", "n1", "s1"), s: {components: []topology.Component{component("service", "s1", "1")}}},
			world{p: pod("p1", "1", "n1"), s: {components: []topology.Component{component("service", "s1", "1")}}},
			[]string{"+pod/p1 no:exposes"},
		},
		{"deleted", world{p: pod("p1", "1", "n1"), n: node("n1", "1")}, world{n: node("n1", "1")}, []string{
			"-container/p1-main no:runs_on no:encloses", "-pod/p1 no:scheduled_on",
		}},
		{"replaced under the same name", world{p: pod("p1", "1", "n1")}, world{p: pod("p1", "2", "n1")}, []string{
			"-pod/p1", "+pod/p1", "-container/p1-main no:encloses", "+container/p1-main encloses",
		}},
		{"a replaced far end is pointed at anew", world{p: pod("p1", "1", "n1"), n: node("n1", "1")}, world{p: pod("p1", "1", "n1"), n: node("n1", "2")}, []string{
			"-node/n1", "+node/n1", "+pod/p1 scheduled_on", "+container/p1-main runs_on encloses",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := tt.before
			picture := New(kinds, func(k kind.Key) ([]topology.Component, []topology.Relation) { return now.build(k) })
			picture.Refresh(maps.Keys(now))
			deliver(picture)
			was := now
			now = tt.after
			picture.Refresh(maps.Keys(was))
			picture.Refresh(maps.Keys(now))
			assert.Equal(t, tt.want, brief(deliver(picture)))
			assert.Zero(t, picture.Dirty())
			assert.Empty(t, deliver(picture))
		})
	}
}

func TestRefusedChangesComeAgainWithTheirNewestState(t *testing.T) {
	w := world{key("pod", "p1"): pod("p1", "1", "n1"), key("node", "n1"): node("n1", "1")}
	picture := New(kinds, w.build)
	picture.Refresh(maps.Keys(w))
	for change := range picture.Changes() {
		if change.Record.Component.Type == "node" {
			change.Accepted() // the rest is refused
			break
		}
	}
	assert.Positive(t, picture.Dirty())

	changed := w[key("pod", "p1")]
	changed.components[0].Labels = map[string]string{"newest": "state"}
	records := deliver(picture)
	assert.Equal(t, []string{"+pod/p1 scheduled_on", "+container/p1-main runs_on encloses"}, brief(records))
	assert.Equal(t, "state", records[0].Component.Labels["newest"])
}

func TestCorrectionsTellOnlyOfWhatIsKnown(t *testing.T) {
	p1, n1 := key("pod", "p1"), key("node", "n1")
	w := world{p1: pod("p1", "1", "n1"), n1: node("n1", "1")}
	picture := New(kinds, w.build)
	picture.Refresh(maps.Keys(w))
	deliver(picture)
	w[p1] = pod("p1", "2", "n2")
	w[key("node", "n2")] = node("n2", "1")
	delete(w, n1)
	picture.Refresh(slices.Values([]kind.Key{p1, n1, key("node", "n2")}))
	var records []topology.Record
	for change := range picture.Corrections() {
		records = append(records, change.Record)
		change.Accepted()
	}
	assert.Equal(t, []string{
		"-pod/p1 no:scheduled_on", "+pod/p1",
		"-container/p1-main no:runs_on no:encloses", "+container/p1-main encloses",
		"-node/n1",
	}, brief(records))
	assert.Equal(t, []string{"+node/n2", "+pod/p1 scheduled_on", "+container/p1-main runs_on encloses"}, brief(deliver(picture)),
		"what the consumer does not know is left for later")
}

func TestCorrectionsLeaveOutWhatOnlyLooksDifferent(t *testing.T) {
	p1 := key("pod", "p1")
	w := world{p1: pod("p1", "1", "n1")}
	picture := New(kinds, w.build)
	picture.Refresh(maps.Keys(w))
	deliver(picture)
	w[p1].components[0].Labels = map[string]string{"new": "label"}
	w[key("node", "n1")] = node("n1", "1")
	picture.Refresh(maps.Keys(w))
	for change := range picture.Corrections() {
		assert.Fail(t, "nothing is untrue", "%v", brief([]topology.Record{change.Record}))
	}
	assert.Equal(t, []string{"+node/n1", "+pod/p1 scheduled_on", "+container/p1-main runs_on encloses"}, brief(deliver(picture)))
}

func TestResolveKnowsWhatTheConsumerStillKnows(t *testing.T) {
	w := world{key("node", "n1"): node("n1", "1")}
	picture := New(kinds, w.build)
	_, ok := picture.Resolve("node/n1")
	assert.False(t, ok)
	picture.Refresh(maps.Keys(w))
	deliver(picture)
	delete(w, key("node", "n1"))
	picture.Refresh(slices.Values([]kind.Key{key("node", "n1")}))
	ref, ok := picture.Resolve("node/n1")
	assert.True(t, ok, "its deletion has yet to be told")
	assert.Equal(t, "node", ref.Type)
	deliver(picture)
	_, ok = picture.Resolve("node/n1")
	assert.False(t, ok)
	assert.Empty(t, picture.elements)
	assert.Empty(t, picture.objects)
	assert.Empty(t, picture.dependents)
}

// TestConsumerEndsWithTheWantedPicture plays random changes of a small cluster against a consumer
// that refuses at random, and compares what the consumer has in the end with what there is.
func TestConsumerEndsWithTheWantedPicture(t *testing.T) {
	for round := range 60 {
		seed := rand.Uint64()
		t.Run(fmt.Sprintf("%d/seed=%d", round, seed), func(t *testing.T) {
			play(t, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

func play(t *testing.T, random *rand.Rand) {
	w := world{}
	picture := New(kinds, w.build)
	consumer := topology.NewPicture()
	for range 80 {
		touched := map[kind.Key]struct{}{}
		for range 1 + random.IntN(5) {
			touched[change(w, random)] = struct{}{}
		}
		picture.Refresh(maps.Keys(touched))
		switch random.IntN(4) {
		case 0:
			snapshot(picture, consumer, random)
		case 1: // the consumer is down
		default:
			increments(picture, consumer, random.IntN(40))
		}
		checkBothEnds(t, consumer)
	}
	increments(picture, consumer, 1<<30)
	assertSame(t, w, consumer)
	assert.Equal(t, consumer.Len(), picture.Components())

	clear(w)
	picture.Refresh(slices.Values(slices.Collect(maps.Keys(picture.objects))))
	increments(picture, consumer, 1<<30)
	assert.Zero(t, consumer.Len())
	assert.Empty(t, picture.elements, "nothing is kept of what is gone")
	assert.Empty(t, picture.objects)
	assert.Empty(t, picture.dependents)
}

// change makes, changes, replaces or deletes an object.
func change(w world, random *rand.Rand) kind.Key {
	name, uid := fmt.Sprint(random.IntN(4)), fmt.Sprint(random.IntN(2))
	k := key(kinds[random.IntN(len(kinds))], name)
	if random.IntN(3) == 0 {
		delete(w, k)
		return k
	}
	switch k.Kind {
	case "node":
		w[k] = node(name, uid)
	case "service":
		w[k] = fakeObject{components: []topology.Component{component("service", name, uid)}}
	default:
		var services []string
		for i := range random.IntN(3) {
			services = append(services, fmt.Sprint(i))
		}
		w[k] = pod(name, uid, fmt.Sprint(random.IntN(4)), services...)
		if random.IntN(2) == 0 {
			w[k].components[0].Labels = map[string]string{"l": uid}
		}
	}
	return k
}

// increments delivers changes until the consumer has accepted as many as it will.
func increments(p *Picture, consumer *topology.Picture, patience int) {
	for change := range p.Changes() {
		if patience == 0 {
			return
		}
		patience--
		consumer.Apply(change.Record)
		change.Accepted()
	}
	p.Settled()
}

func snapshot(p *Picture, consumer *topology.Picture, random *rand.Rand) {
	for change := range p.Corrections() {
		consumer.Apply(change.Record)
		change.Accepted()
	}
	consumer.Apply(topology.Record{Op: topology.SnapshotStart, SnapshotID: "s"})
	patience := random.IntN(60)
	for change := range p.All() {
		if patience == 0 {
			return
		}
		patience--
		consumer.Apply(change.Record)
		change.Accepted()
	}
	consumer.Apply(topology.Record{Op: topology.SnapshotStop, SnapshotID: "s"})
	p.Settled()
}

func checkBothEnds(t *testing.T, consumer *topology.Picture) {
	t.Helper()
	for _, r := range consumer.Relations() {
		_, source := consumer.Element(r.Source)
		_, target := consumer.Element(r.Target)
		require.True(t, source || target, "relation %s has an end", r.ExternalID())
	}
}

func assertSame(t *testing.T, w world, consumer *topology.Picture) {
	t.Helper()
	components := map[topology.URN]topology.Component{}
	for _, o := range w {
		for _, c := range o.components {
			components[c.ID] = c
		}
	}
	relations := map[string]topology.Relation{}
	for _, o := range w {
		for _, r := range o.relations {
			_, source := components[r.Source]
			_, target := components[r.Target]
			if source && target {
				relations[r.ExternalID()] = r
			}
		}
	}
	assert.Equal(t, components, consumer.Components())
	assert.Equal(t, relations, consumer.Relations())
}
