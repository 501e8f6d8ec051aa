// Package picture compares the topology that the cached objects call for with the topology that
// the next consumer has accepted, and yields the records that make the second equal to the first.
// Nothing counts as known to the consumer before it was accepted, so a refused record comes again,
// with the state of then. A relation is part of the picture only while both its ends are.
package picture

import (
	"cmp"
	"hash/maphash"
	"iter"
	"slices"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/kind"
)

// Build makes the components of an object and the relations they carry from the caches as they are
// now; both are empty for an object that is gone.
type Build func(kind.Key) ([]topology.Component, []topology.Relation)

// Picture is one instance's topology, wanted and accepted. It is not safe for concurrent use.
type Picture struct {
	build    Build
	order    map[string]int // rank of a kind, the far ends of relations first
	seed     maphash.Seed
	objects  map[kind.Key]*object
	elements map[topology.URN]*element
	// dependents are the objects with a relation to a component, existing or not: those to look
	// at again when it appears or disappears.
	dependents map[topology.URN]map[*object]struct{}
	dirty      map[kind.Key]struct{} // objects whose records may differ from what was accepted
	components int                   // number of elements that exist
}

// object is what is known of one object.
type object struct {
	key      kind.Key
	elements []*element     // what it builds or has built, in order
	far      []topology.URN // far ends of the relations its components would carry, sorted
}

// element is a component, wanted or accepted or both.
type element struct {
	ref    topology.Ref // of the wanted component
	exists bool         // is wanted
	sent   *sent        // nil if the consumer knows no such component
}

// sent is what was accepted of an element.
type sent struct {
	ref         topology.Ref
	fingerprint uint64
	relations   []topology.Relation
}

// New returns an empty picture. kinds are the names of the kinds, the far ends of relations first.
func New(kinds []string, build Build) *Picture {
	p := &Picture{
		build:      build,
		order:      make(map[string]int, len(kinds)),
		seed:       maphash.MakeSeed(),
		objects:    map[kind.Key]*object{},
		elements:   map[topology.URN]*element{},
		dependents: map[topology.URN]map[*object]struct{}{},
		dirty:      map[kind.Key]struct{}{},
	}
	for i, name := range kinds {
		p.order[name] = i
	}
	return p
}

// Refresh looks again at objects that may have changed, appeared or disappeared.
func (p *Picture) Refresh(keys iter.Seq[kind.Key]) {
	for key := range keys {
		p.refresh(key)
	}
}

func (p *Picture) refresh(key kind.Key) {
	p.dirty[key] = struct{}{}
	components, relations := p.build(key)
	o := p.objects[key]
	if o == nil {
		if len(components) == 0 {
			return
		}
		o = &object{key: key}
		p.objects[key] = o
	}
	wanted := make(map[topology.URN]bool, len(components))
	for _, c := range components {
		wanted[c.ID] = true
		e := p.elements[c.ID]
		if e == nil {
			e = &element{}
			p.elements[c.ID] = e
			o.elements = append(o.elements, e)
		}
		replaced := !e.exists || !e.ref.Entity.Equal(c.Entity)
		if !e.exists {
			p.components++
		}
		e.ref, e.exists = c.Ref, true
		if replaced {
			p.touchDependents(c.ID)
		}
	}
	for _, e := range o.elements {
		if e.exists && !wanted[e.ref.ID] {
			e.exists = false
			p.components--
			p.touchDependents(e.ref.ID)
		}
	}
	p.setFar(o, farEnds(wanted, relations))
}

func (p *Picture) touchDependents(id topology.URN) {
	for o := range p.dependents[id] {
		p.dirty[o.key] = struct{}{}
	}
}

// farEnds lists the ends of the relations that are none of the object's own components.
func farEnds(own map[topology.URN]bool, relations []topology.Relation) []topology.URN {
	var far []topology.URN
	for _, r := range relations {
		for _, end := range [2]topology.URN{r.Source, r.Target} {
			if !own[end] {
				far = append(far, end)
			}
		}
	}
	slices.Sort(far)
	return slices.Clip(slices.Compact(far))
}

func (p *Picture) setFar(o *object, far []topology.URN) {
	if slices.Equal(o.far, far) {
		return
	}
	for _, id := range o.far {
		delete(p.dependents[id], o)
		if len(p.dependents[id]) == 0 {
			delete(p.dependents, id)
		}
	}
	for i, id := range far {
		far[i] = p.known(id)
		if p.dependents[far[i]] == nil {
			p.dependents[far[i]] = map[*object]struct{}{}
		}
		p.dependents[far[i]][o] = struct{}{}
	}
	o.far = far
}

// known returns the one copy of a URN that the picture keeps, if it has one.
func (p *Picture) known(id topology.URN) topology.URN {
	if e := p.elements[id]; e != nil {
		return e.ref.ID
	}
	return id
}

// Resolve finds a component that is wanted or that the consumer still knows.
func (p *Picture) Resolve(id topology.URN) (topology.Ref, bool) {
	e := p.elements[id]
	switch {
	case e == nil:
		return topology.Ref{}, false
	case e.exists:
		return e.ref, true
	case e.sent != nil:
		return e.sent.ref, true
	}
	return topology.Ref{}, false
}

// Dirty is the number of objects that may have records to send.
func (p *Picture) Dirty() int { return len(p.dirty) }

// Components is the number of wanted components.
func (p *Picture) Components() int { return p.components }

// sorted orders objects for reporting.
func (p *Picture) sorted(keys iter.Seq[kind.Key]) []kind.Key {
	return slices.SortedFunc(keys, func(a, b kind.Key) int {
		return cmp.Or(
			cmp.Compare(p.order[a.Kind], p.order[b.Kind]),
			cmp.Compare(a.Namespace, b.Namespace),
			cmp.Compare(a.Name, b.Name),
		)
	})
}

// forget drops what neither exists nor is known to the consumer.
func (p *Picture) forget(o *object) {
	o.elements = slices.DeleteFunc(o.elements, func(e *element) bool {
		gone := !e.exists && e.sent == nil
		if gone {
			delete(p.elements, e.ref.ID)
		}
		return gone
	})
	if len(o.elements) == 0 {
		p.setFar(o, nil)
		delete(p.objects, o.key)
	}
}
