package assembly

import (
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// Assembly is what the payloads of one instance add up to. It is not safe for concurrent use.
//
// [Assembly.Apply] changes it tentatively: every call is followed by [Assembly.Commit] or [Assembly.Rollback], so that a
// payload whose records were not accepted can be sent again and gives the same records.
type Assembly struct {
	position

	components map[topology.URN]member
	relations  map[string]link
	// ends holds the ids of the relations that touch a component, known or not.
	ends map[topology.URN]map[string]struct{}

	// What the payload being applied has changed.
	undo    []func()
	before  position
	dropped map[topology.URN]topology.Ref
}

// position tells where in the sequence of snapshots the instance stands.
type position struct {
	round    uint64 // counts the snapshots
	open     bool
	snapshot string // id of the open snapshot
}

type member struct {
	topology.Component
	round uint64 // in which it was last mentioned
}

type link struct {
	topology.Relation
	round uint64 // in which it was last mentioned
}

// New returns the assembly of an instance of which nothing is known.
func New() *Assembly {
	return &Assembly{
		components: map[topology.URN]member{},
		relations:  map[string]link{},
		ends:       map[topology.URN]map[string]struct{}{},
		dropped:    map[topology.URN]topology.Ref{},
	}
}

// Apply folds the entries of a payload in, which are all of this instance, and returns the records that tell what became
// of it. Records share the values of the entries, which must not change any more.
func (a *Assembly) Apply(entries []intake.Topology, at time.Time) []topology.Record {
	a.before = a.position
	var records []topology.Record
	for _, entry := range entries {
		records = append(records, a.apply(entry, at)...)
	}
	return records
}

// Commit keeps what was applied.
func (a *Assembly) Commit() {
	a.undo = nil
	clear(a.dropped)
}

// Rollback takes back what was applied since the last commit.
func (a *Assembly) Rollback() {
	for i := len(a.undo) - 1; i >= 0; i-- {
		a.undo[i]()
	}
	a.position = a.before
	a.Commit()
}

// Resolve finds a component by its id, also one that the payload being applied has removed.
func (a *Assembly) Resolve(id topology.URN) (topology.Ref, bool) {
	if m, known := a.components[id]; known {
		return m.Ref, true
	}
	ref, known := a.dropped[id]
	return ref, known
}

// Len is the number of components.
func (a *Assembly) Len() int { return len(a.components) }

// InSnapshot reports whether a snapshot is open.
func (a *Assembly) InSnapshot() bool { return a.open }

func (a *Assembly) apply(entry intake.Topology, at time.Time) []topology.Record {
	if entry.StartSnapshot {
		a.round++
		a.open, a.snapshot = true, at.UTC().Format(time.RFC3339Nano)
	}
	changes := changes{assembly: a, byID: map[topology.URN]*change{}, all: !a.open}
	for _, component := range entry.Components {
		a.upsert(&changes, convert(component))
	}
	for _, relation := range entry.Relations {
		a.relate(&changes, convertRelation(relation))
	}
	for _, id := range entry.DeleteIDs {
		a.delete(&changes, id)
	}
	if entry.StopSnapshot && a.open {
		return a.stop()
	}
	return changes.records()
}

func (a *Assembly) upsert(changes *changes, component topology.Component) {
	changes.mention(component.ID)
	if old, known := a.components[component.ID]; !known || old.Type != component.Type {
		// The types of its ends tell which of them carries a relation.
		for id := range a.ends[component.ID] {
			changes.touchEnds(a.relations[id].Relation)
		}
	}
	a.setComponent(component.ID, &member{component, a.round})
}

func (a *Assembly) relate(changes *changes, relation topology.Relation) {
	id := relation.ExternalID()
	if old, known := a.relations[id]; known {
		changes.touchEnds(old.Relation)
	}
	changes.touchEnds(relation)
	a.setRelation(id, &link{relation, a.round})
	if carrier, ok := a.carrier(relation); ok {
		changes.mention(carrier)
	}
}

// delete removes the component or the relation of this id. With a component go the relations that touch it.
func (a *Assembly) delete(changes *changes, id string) {
	if old, known := a.relations[id]; known {
		changes.touchEnds(old.Relation)
		a.setRelation(id, nil)
	}
	urn := topology.URN(id)
	if _, known := a.components[urn]; !known {
		return
	}
	changes.touch(urn)
	for relation := range a.ends[urn] {
		changes.touchEnds(a.relations[relation].Relation)
		a.setRelation(relation, nil)
	}
	a.setComponent(urn, nil)
}

// stop closes the open snapshot: what it has not repeated is gone. It returns the snapshot's records.
func (a *Assembly) stop() []topology.Record {
	for id, m := range a.components {
		if m.round != a.round {
			a.setComponent(id, nil)
		}
	}
	for id, l := range a.relations {
		if l.round != a.round {
			a.setRelation(id, nil)
		}
	}
	a.open = false
	records := make([]topology.Record, 0, len(a.components)+2)
	records = append(records, topology.Record{Op: topology.SnapshotStart, SnapshotID: a.snapshot})
	for _, id := range inOrder(a.components, func(id topology.URN) string { return a.components[id].Type }) {
		records = append(records, topology.Record{Component: a.components[id].Component, Relations: a.carried(id)})
	}
	return append(records, topology.Record{Op: topology.SnapshotStop, SnapshotID: a.snapshot})
}

// carrier is the end that carries a relation; there is none before both ends are known.
func (a *Assembly) carrier(relation topology.Relation) (topology.URN, bool) {
	source, sourceKnown := a.components[relation.Source]
	target, targetKnown := a.components[relation.Target]
	if !sourceKnown || !targetKnown {
		return "", false
	}
	if rule, _ := topology.RuleFor(relation.Type, source.Type, target.Type); rule.Carrier == topology.Target {
		return relation.Target, true
	}
	return relation.Source, true
}

// carried lists the relations that a component carries, by id.
func (a *Assembly) carried(id topology.URN) []topology.Relation {
	relations := map[string]topology.Relation{}
	for relation := range a.ends[id] {
		l := a.relations[relation]
		if carrier, ok := a.carrier(l.Relation); ok && carrier == id {
			relations[relation] = l.Relation
		}
	}
	return sorted(relations)
}

// setComponent sets or, given nil, removes a component, and notes how to take that back.
func (a *Assembly) setComponent(id topology.URN, m *member) {
	old, known := a.components[id]
	if m != nil {
		a.components[id] = *m
	} else {
		delete(a.components, id)
		a.dropped[id] = old.Ref
	}
	a.undo = append(a.undo, func() {
		if known {
			a.components[id] = old
		} else {
			delete(a.components, id)
		}
	})
}

// setRelation sets or, given nil, removes a relation, and notes how to take that back.
func (a *Assembly) setRelation(id string, l *link) {
	old, known := a.relations[id]
	a.replaceRelation(id, l)
	a.undo = append(a.undo, func() {
		if known {
			a.replaceRelation(id, &old)
		} else {
			a.replaceRelation(id, nil)
		}
	})
}

func (a *Assembly) replaceRelation(id string, l *link) {
	if old, known := a.relations[id]; known {
		a.forgetEnd(old.Source, id)
		a.forgetEnd(old.Target, id)
		delete(a.relations, id)
	}
	if l != nil {
		a.relations[id] = *l
		a.noteEnd(l.Source, id)
		a.noteEnd(l.Target, id)
	}
}

func (a *Assembly) noteEnd(end topology.URN, relation string) {
	if a.ends[end] == nil {
		a.ends[end] = map[string]struct{}{}
	}
	a.ends[end][relation] = struct{}{}
}

func (a *Assembly) forgetEnd(end topology.URN, relation string) {
	delete(a.ends[end], relation)
	if len(a.ends[end]) == 0 {
		delete(a.ends, end)
	}
}
