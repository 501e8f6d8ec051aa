package assembly

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

const noonText = "2024-05-01T12:00:00Z"

// Components of three types: pods carry their relation to the node, and the container its relation to the pod.
func wire(id, componentType string) intake.Component {
	return intake.Component{ExternalID: id, Type: intake.Type{Name: componentType}, Data: map[string]any{"name": id}}
}

func wireRelation(source, relationType, target string) intake.Relation {
	return intake.Relation{ExternalID: source + "->" + target, Type: intake.Type{Name: relationType}, SourceID: source, TargetID: target}
}

var (
	node      = wire("node", topology.TypeNode)
	pod       = wire("pod", topology.TypePod)
	box       = wire("box", topology.TypeContainer)
	scheduled = wireRelation("pod", topology.ScheduledOn, "node")
	encloses  = wireRelation("pod", topology.Encloses, "box")
)

// brief is a record without what does not matter to a test: its operation, id, relations and what is removed.
type brief struct {
	Op        topology.Op
	ID        string
	Relations []string
	Removed   []string
}

func briefs(records []topology.Record) []brief {
	list := make([]brief, 0, len(records))
	for _, r := range records {
		list = append(list, brief{r.Op, string(r.Component.ID) + r.SnapshotID, ids(r.Relations), ids(r.Removed)})
	}
	return list
}

func ids(relations []topology.Relation) []string {
	var list []string
	for _, r := range relations {
		list = append(list, r.ExternalID())
	}
	return list
}

func components(list ...intake.Component) intake.Topology { return intake.Topology{Components: list} }

func relations(list ...intake.Relation) intake.Topology { return intake.Topology{Relations: list} }

func TestApply(t *testing.T) {
	t.Parallel()
	type payload struct {
		entry intake.Topology
		want  []brief
	}
	start := func(entry intake.Topology) intake.Topology { entry.StartSnapshot = true; return entry }
	stop := func(entry intake.Topology) intake.Topology { entry.StopSnapshot = true; return entry }
	both := func(entry intake.Topology) intake.Topology { return start(stop(entry)) }
	deletes := func(ids ...string) intake.Topology { return intake.Topology{DeleteIDs: ids} }
	all := intake.Topology{Components: []intake.Component{box, pod, node}, Relations: []intake.Relation{scheduled, encloses}}
	wholeRecords := []brief{
		{Op: topology.SnapshotStart, ID: noonText},
		{ID: "node"},
		{ID: "pod", Relations: []string{"pod->node"}},
		{ID: "box", Relations: []string{"pod->box"}},
		{Op: topology.SnapshotStop, ID: noonText},
	}
	renamed := wire("pod", topology.TypePod)
	renamed.Data = map[string]any{"name": "other"}
	retyped := wireRelation("pod", topology.RunsOn, "node")

	tests := []struct {
		name     string
		payloads []payload
	}{
		{"whole snapshot", []payload{{both(all), wholeRecords}, {both(all), wholeRecords}}},
		{"snapshot in chunks", []payload{
			{start(components(box, pod)), []brief{{ID: "pod"}, {ID: "box"}}},
			{components(node), []brief{{ID: "node"}}},
			{stop(relations(scheduled, encloses)), wholeRecords},
		}},
		{"second snapshot in chunks: nothing is taken back before it is complete", []payload{
			{both(all), wholeRecords},
			{start(components(pod, node)), []brief{}},
			{components(wire("new", topology.TypePod)), []brief{{ID: "new"}}},
			{stop(relations(scheduled)), []brief{
				{Op: topology.SnapshotStart, ID: noonText},
				{ID: "node"},
				{ID: "new"},
				{ID: "pod", Relations: []string{"pod->node"}},
				{Op: topology.SnapshotStop, ID: noonText},
			}},
			{components(box), []brief{{ID: "box"}}}, // the relation went with the snapshot
		}},
		{"snapshot abandoned", []payload{
			{both(components(pod, node)), []brief{{Op: topology.SnapshotStart, ID: noonText}, {ID: "node"}, {ID: "pod"}, {Op: topology.SnapshotStop, ID: noonText}}},
			{start(components(box)), []brief{{ID: "box"}}},
			{both(components(pod)), []brief{{Op: topology.SnapshotStart, ID: noonText}, {ID: "pod"}, {Op: topology.SnapshotStop, ID: noonText}}},
		}},
		{"snapshot of nothing", []payload{
			{both(intake.Topology{}), []brief{{Op: topology.SnapshotStart, ID: noonText}, {Op: topology.SnapshotStop, ID: noonText}}},
		}},
		{"increments repeat what they mention", []payload{
			{components(pod), []brief{{ID: "pod"}}},
			{components(pod), []brief{{ID: "pod"}}},
		}},
		{"relation before its ends", []payload{
			{relations(scheduled), []brief{}},
			{components(node), []brief{{ID: "node"}}},
			{components(pod), []brief{{ID: "pod", Relations: []string{"pod->node"}}}},
		}},
		{"far end last", []payload{
			{components(pod), []brief{{ID: "pod"}}},
			{relations(scheduled), []brief{}},
			{components(node), []brief{{ID: "node"}, {ID: "pod", Relations: []string{"pod->node"}}}},
		}},
		{"relation in a payload of its own", []payload{
			{components(box, pod), []brief{{ID: "pod"}, {ID: "box"}}},
			{relations(encloses), []brief{{ID: "box", Relations: []string{"pod->box"}}}},
			{relations(encloses), []brief{{ID: "box", Relations: []string{"pod->box"}}}},
		}},
		{"relation nobody declared is carried by its source", []payload{
			{components(box, node), []brief{{ID: "node"}, {ID: "box"}}},
			{relations(wireRelation("node", "likes", "box")), []brief{{ID: "node", Relations: []string{"node->box"}}}},
		}},
		{"relation deleted", []payload{
			{all, []brief{{ID: "node"}, {ID: "pod", Relations: []string{"pod->node"}}, {ID: "box", Relations: []string{"pod->box"}}}},
			{deletes("pod->box", "unknown"), []brief{{ID: "box", Removed: []string{"pod->box"}}}},
		}},
		{"carrier deleted", []payload{
			{all, []brief{{ID: "node"}, {ID: "pod", Relations: []string{"pod->node"}}, {ID: "box", Relations: []string{"pod->box"}}}},
			{deletes("box"), []brief{{Op: topology.Delete, ID: "box", Removed: []string{"pod->box"}}}},
			{components(box), []brief{{ID: "box"}}},
		}},
		{"far end deleted", []payload{
			{all, []brief{{ID: "node"}, {ID: "pod", Relations: []string{"pod->node"}}, {ID: "box", Relations: []string{"pod->box"}}}},
			{deletes("pod"), []brief{
				{ID: "box", Removed: []string{"pod->box"}},
				{Op: topology.Delete, ID: "pod", Removed: []string{"pod->node"}},
			}},
		}},
		{"component and its relations deleted", []payload{
			{all, []brief{{ID: "node"}, {ID: "pod", Relations: []string{"pod->node"}}, {ID: "box", Relations: []string{"pod->box"}}}},
			{deletes("pod->box", "pod->node", "pod", "box"), []brief{
				{Op: topology.Delete, ID: "pod", Removed: []string{"pod->node"}},
				{Op: topology.Delete, ID: "box", Removed: []string{"pod->box"}},
			}},
		}},
		{"deleted in an open snapshot", []payload{
			{both(all), wholeRecords},
			{start(components(pod)), []brief{}},
			{deletes("pod->node"), []brief{{ID: "pod", Removed: []string{"pod->node"}}}},
			{components(renamed), []brief{{ID: "pod"}}},
		}},
		{"relation replaced by one of the same id", []payload{
			{components(pod, node), []brief{{ID: "node"}, {ID: "pod"}}},
			{relations(scheduled), []brief{{ID: "pod", Relations: []string{"pod->node"}}}},
			{relations(retyped), []brief{{ID: "pod", Relations: []string{"pod->node"}}}},
		}},
		{"another type moves a relation to the other end", []payload{
			{components(pod, box), []brief{{ID: "pod"}, {ID: "box"}}},
			{relations(encloses), []brief{{ID: "box", Relations: []string{"pod->box"}}}},
			{components(wire("box", "machine")), []brief{
				{ID: "pod", Relations: []string{"pod->box"}},
				{ID: "box", Removed: []string{"pod->box"}},
			}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := New()
			for i, p := range tt.payloads {
				entries := []intake.Topology{p.entry}
				first := a.Apply(entries, noon)
				assert.Equal(t, p.want, briefs(first), "payload %d", i)
				a.Rollback()
				assert.Equal(t, first, a.Apply(entries, noon), "payload %d sent again", i)
				a.Commit()
			}
		})
	}
}

func TestApplyTakesEntriesInOrder(t *testing.T) {
	t.Parallel()
	first, second := components(pod), components(node)
	first.StartSnapshot, second.StopSnapshot = true, true
	records := New().Apply([]intake.Topology{first, second, {DeleteIDs: []string{"pod"}}}, noon)
	assert.Equal(t, []brief{
		{ID: "pod"},
		{Op: topology.SnapshotStart, ID: noonText},
		{ID: "node"},
		{ID: "pod"},
		{Op: topology.SnapshotStop, ID: noonText},
		{Op: topology.Delete, ID: "pod"},
	}, briefs(records))
}

func TestResolveKnowsWhatWasJustRemoved(t *testing.T) {
	t.Parallel()
	a := New()
	a.Apply([]intake.Topology{components(pod, box)}, noon)
	a.Commit()
	assert.Equal(t, 2, a.Len())

	a.Apply([]intake.Topology{{DeleteIDs: []string{"pod"}}}, noon)
	ref, known := a.Resolve("pod")
	assert.True(t, known)
	assert.Equal(t, topology.TypePod, ref.Type)
	a.Commit()
	_, known = a.Resolve("pod")
	assert.False(t, known)
	_, known = a.Resolve("box")
	assert.True(t, known)
	assert.False(t, a.InSnapshot())
}

func TestConvert(t *testing.T) {
	t.Parallel()
	external := func(id string) topology.EntityID {
		return topology.EntityID{{Key: "stackstate.external_id", Value: id}}
	}
	tests := []struct {
		name string
		wire intake.Component
		want topology.Component
	}{
		{
			"fields of their own",
			intake.Component{ExternalID: "urn:kubernetes:/prod:shop:pod/cart", Type: intake.Type{Name: "pod"}, Data: map[string]any{
				"name": "cart", "tags": map[string]any{"a": "b"}, "identifiers": []any{"x"}, "uid": "u-1", "n": int64(1),
			}},
			topology.Component{
				Ref: topology.Ref{
					ID: "urn:kubernetes:/prod:shop:pod/cart", Type: "pod", Entity: topology.EntityID{{Key: "k8s.pod.uid", Value: "u-1"}},
				},
				Name: "cart", Cluster: "prod", Namespace: "shop",
				Tags: map[string]string{"a": "b"}, Identifiers: []string{"x"},
				Data: map[string]any{"uid": "u-1", "n": int64(1)},
			},
		},
		{
			"nothing but a name",
			intake.Component{ExternalID: "a", Type: intake.Type{Name: "host"}, Data: map[string]any{"name": "n"}},
			topology.Component{Ref: topology.Ref{ID: "a", Type: "host", Entity: external("a")}, Name: "n"},
		},
		{
			"members of another form stay",
			intake.Component{ExternalID: "a", Type: intake.Type{Name: "host"}, Data: map[string]any{
				"name": "", "tags": []any{"k:v"}, "identifiers": "x", "uid": "not an object of Kubernetes",
			}},
			topology.Component{Ref: topology.Ref{ID: "a", Type: "host", Entity: external("a")}, Data: map[string]any{
				"name": "", "tags": []any{"k:v"}, "identifiers": "x", "uid": "not an object of Kubernetes",
			}},
		},
		{
			"mixed values stay",
			intake.Component{ExternalID: "a", Type: intake.Type{Name: "host"}, Data: map[string]any{
				"tags": map[string]any{"k": int64(1)}, "identifiers": []any{int64(1)},
			}},
			topology.Component{Ref: topology.Ref{ID: "a", Type: "host", Entity: external("a")}, Data: map[string]any{
				"tags": map[string]any{"k": int64(1)}, "identifiers": []any{int64(1)},
			}},
		},
		{
			"empty list of identifiers, place from the tags, UID from the source",
			intake.Component{
				ExternalID: "a", Type: intake.Type{Name: "deployment"},
				Data:             map[string]any{"name": "n", "identifiers": []any{}, "tags": map[string]any{"cluster-name": "c", "namespace": "ns"}},
				SourceProperties: map[string]any{"metadata": map[string]any{"uid": "u-2"}},
			},
			topology.Component{
				Ref:  topology.Ref{ID: "a", Type: "deployment", Entity: topology.EntityID{{Key: "k8s.deployment.uid", Value: "u-2"}}},
				Name: "n", Cluster: "c", Namespace: "ns",
				Tags: map[string]string{"cluster-name": "c", "namespace": "ns"}, Identifiers: []string{},
				SourceProperties: map[string]any{"metadata": map[string]any{"uid": "u-2"}},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, convert(tt.wire))
		})
	}
}

func TestConvertRelation(t *testing.T) {
	t.Parallel()
	assert.Equal(t, topology.Relation{Type: "uses", Source: "a", Target: "b"}, convertRelation(wireRelation("a", "uses", "b")))
	assert.Equal(t, topology.Relation{Type: "uses", Source: "a", Target: "b", ID: "r", Data: map[string]any{"n": int64(1)}},
		convertRelation(intake.Relation{
			ExternalID: "r", Type: intake.Type{Name: "uses"}, SourceID: "a", TargetID: "b", Data: map[string]any{"n": int64(1)},
		}))
}
