package picture

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/kind"
)

// Change is a record together with what to note once the consumer has accepted it.
type Change struct {
	Record topology.Record
	accept func()
}

// Accepted notes that the consumer has taken the record. Changes are to be accepted in the order in
// which they were yielded; those after the first refused one are to be dropped.
func (c Change) Accepted() { c.accept() }

// Changes yields the records that bring the consumer from what it accepted to what is wanted: first
// deletions of entities that another one of the same name has replaced, and states, the far ends of
// relations before those that carry them; then deletions in the opposite order.
func (p *Picture) Changes() iter.Seq[Change] {
	return func(yield func(Change) bool) { p.changes(p.sorted(maps.Keys(p.dirty)), changed, yield) }
}

func (p *Picture) changes(keys []kind.Key, pass filter, yield func(Change) bool) {
	for _, key := range keys {
		if !p.states(key, pass, yield) {
			return
		}
	}
	for _, key := range slices.Backward(keys) {
		if !p.deletions(key, yield) {
			return
		}
	}
}

// Corrections yields what makes untrue what the consumer knows: deletions, replaced entities and
// relations that have ended. What is new to it, or only looks different, is left to what follows.
func (p *Picture) Corrections() iter.Seq[Change] {
	return func(yield func(Change) bool) {
		var known []kind.Key
		for key := range p.dirty {
			if o := p.objects[key]; o != nil && slices.ContainsFunc(o.elements, func(e *element) bool { return e.sent != nil }) {
				known = append(known, key)
			}
		}
		p.changes(p.sorted(slices.Values(known)), p.corrected, yield)
	}
}

// corrected passes on the end of what is known. Of the relations that have begun it passes on those
// to components that the consumer knows, so that none of them leads nowhere.
func (p *Picture) corrected(e *element, record topology.Record, now *sent, yield func(Change) bool) bool {
	if e.sent == nil || e.sent.fingerprint == now.fingerprint {
		return true
	}
	replaced := !e.sent.ref.Entity.Equal(now.ref.Entity)
	record.Removed = missing(e.sent.relations, record.Relations)
	if !replaced && len(record.Removed) == 0 {
		return true
	}
	if replaced {
		record.Removed = nil // the deletion says so
		if !yield(deletion(e)) {
			return false
		}
	}
	record.Relations = slices.DeleteFunc(slices.Clone(record.Relations), func(r topology.Relation) bool {
		far := r.Source
		if far == record.Component.ID {
			far = r.Target
		}
		return !p.sent(far)
	})
	// Without a fingerprint, as the state is not the wanted one yet.
	return repeated(e, record, &sent{ref: now.ref, relations: record.Relations}, yield)
}

// sent reports whether the consumer knows a component.
func (p *Picture) sent(id topology.URN) bool {
	e := p.elements[id]
	return e != nil && e.sent != nil
}

// Settled notes that every record there was to send, of Changes or of All after Corrections, has been
// accepted since the last Refresh.
func (p *Picture) Settled() {
	for key := range p.dirty {
		if o := p.objects[key]; o != nil {
			p.forget(o)
		}
	}
	clear(p.dirty)
}

// All yields the state of every wanted component, changed or not, for a snapshot.
func (p *Picture) All() iter.Seq[Change] {
	return func(yield func(Change) bool) {
		for _, key := range p.sorted(maps.Keys(p.objects)) {
			if !p.states(key, repeated, yield) {
				return
			}
		}
	}
}

// states yields the states of an object's components as far as the filter passes them on.
func (p *Picture) states(key kind.Key, pass filter, yield func(Change) bool) bool {
	if p.objects[key] == nil {
		return true
	}
	components, relations := p.build(key)
	carried := p.carried(components, relations)
	for _, c := range components {
		e := p.elements[c.ID]
		if e == nil || !e.exists {
			continue // appeared since the last Refresh: its turn comes with the next
		}
		record := topology.Record{Op: topology.Upsert, Component: c, Relations: carried[c.ID]}
		now := &sent{c.Ref, topology.Fingerprint(p.seed, c, record.Relations, p.Resolve), record.Relations}
		if !pass(e, record, now, yield) {
			return false
		}
	}
	return true
}

// filter passes on what is to be sent of an element that is now in the given state.
type filter func(e *element, record topology.Record, now *sent, yield func(Change) bool) bool

// changed passes on what differs from the accepted state.
func changed(e *element, record topology.Record, now *sent, yield func(Change) bool) bool {
	switch {
	case e.sent == nil:
	case !e.sent.ref.Entity.Equal(now.ref.Entity):
		if !yield(deletion(e)) {
			return false
		}
	case e.sent.fingerprint == now.fingerprint:
		return true
	default:
		record.Removed = missing(e.sent.relations, record.Relations)
	}
	return repeated(e, record, now, yield)
}

// repeated passes everything on.
func repeated(e *element, record topology.Record, now *sent, yield func(Change) bool) bool {
	return yield(Change{record, func() { e.sent = now }})
}

// deletions yields the deletion of what the consumer knows of an object and is not wanted.
func (p *Picture) deletions(key kind.Key, yield func(Change) bool) bool {
	o := p.objects[key]
	if o == nil {
		return true
	}
	for _, e := range slices.Backward(o.elements) {
		if !e.exists && e.sent != nil && !yield(deletion(e)) {
			return false
		}
	}
	return true
}

func deletion(e *element) Change {
	return Change{
		Record: topology.Record{
			Op:        topology.Delete,
			Component: topology.Component{Ref: e.sent.ref},
			Removed:   e.sent.relations,
		},
		accept: func() { e.sent = nil },
	}
}

// carried sorts the relations whose two ends exist by the component that carries them: the end that
// is the object's own or, if both are, the one the vocabulary declares.
func (p *Picture) carried(components []topology.Component, relations []topology.Relation) map[topology.URN][]topology.Relation {
	own := make(map[topology.URN]string, len(components))
	for _, c := range components {
		own[c.ID] = c.Type
	}
	carried := make(map[topology.URN][]topology.Relation, len(components))
	for _, r := range relations {
		if !p.exists(r.Source) || !p.exists(r.Target) {
			continue
		}
		r.Source, r.Target = p.known(r.Source), p.known(r.Target)
		sourceType, ownSource := own[r.Source]
		targetType, ownTarget := own[r.Target]
		carrier := r.Source
		if ownTarget {
			carrier = r.Target
		}
		if ownSource && ownTarget {
			rule, _ := topology.RuleFor(r.Type, sourceType, targetType)
			carrier = [2]topology.URN{r.Source, r.Target}[rule.Carrier]
		}
		carried[carrier] = append(carried[carrier], r)
	}
	for id, list := range carried {
		slices.SortFunc(list, func(a, b topology.Relation) int { return cmp.Compare(a.ExternalID(), b.ExternalID()) })
		carried[id] = list
	}
	return carried
}

func (p *Picture) exists(id topology.URN) bool {
	e := p.elements[id]
	return e != nil && e.exists
}

// missing lists the relations of before that are not among those of now.
func missing(before, now []topology.Relation) []topology.Relation {
	kept := make(map[string]bool, len(now))
	for _, r := range now {
		kept[r.ExternalID()] = true
	}
	var out []topology.Relation
	for _, r := range before {
		if !kept[r.ExternalID()] {
			out = append(out, r)
		}
	}
	return out
}
