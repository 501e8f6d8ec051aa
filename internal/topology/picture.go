package topology

// Element is a component of a picture with the relations it carries.
type Element struct {
	Component Component
	Relations []Relation
}

// Picture is what the records of one instance add up to. A relation that several records carry
// belongs to the last of them: it is gone when that one lets go of it. It is not safe for
// concurrent use.
type Picture struct {
	elements map[URN]Element
	carriers map[string]URN // external id of a relation → the component that carries it
	repeated map[URN]bool   // components seen since the open snapshot's start; nil if none is open
	snapshot string         // id of the open snapshot
}

// NewPicture returns an empty picture.
func NewPicture() *Picture {
	return &Picture{elements: map[URN]Element{}, carriers: map[string]URN{}}
}

// Apply folds one record in. The stop of a snapshot other than the open one is ignored, as is the
// deletion of an entity that another one of the same URN has replaced since.
func (p *Picture) Apply(record Record) {
	switch record.Op {
	case Upsert:
		p.put(Element{record.Component, record.Relations})
	case Delete:
		if e, ok := p.elements[record.Component.ID]; ok && e.Component.Entity.Equal(record.Component.Entity) {
			p.remove(record.Component.ID)
		}
	case SnapshotStart:
		p.repeated, p.snapshot = map[URN]bool{}, record.SnapshotID
	case SnapshotStop:
		if p.repeated == nil || p.snapshot != record.SnapshotID {
			return
		}
		for id := range p.elements {
			if !p.repeated[id] {
				p.remove(id)
			}
		}
		p.repeated = nil
	}
}

func (p *Picture) put(e Element) {
	id := e.Component.ID
	p.remove(id)
	p.elements[id] = e
	for _, r := range e.Relations {
		p.carriers[r.ExternalID()] = id
	}
	if p.repeated != nil {
		p.repeated[id] = true
	}
}

func (p *Picture) remove(id URN) {
	for _, r := range p.elements[id].Relations {
		if ext := r.ExternalID(); p.carriers[ext] == id {
			delete(p.carriers, ext)
		}
	}
	delete(p.elements, id)
}

// Len is the number of components.
func (p *Picture) Len() int { return len(p.elements) }

// InSnapshot reports whether a snapshot is open.
func (p *Picture) InSnapshot() bool { return p.repeated != nil }

// Element returns the component with the given identity and the relations it carries.
func (p *Picture) Element(id URN) (Element, bool) {
	e, ok := p.elements[id]
	return e, ok
}

// Carrier returns the component that carries the relation with the given external id.
func (p *Picture) Carrier(relationID string) (URN, bool) {
	id, ok := p.carriers[relationID]
	return id, ok
}

// Resolve returns the reference to a component of the picture.
func (p *Picture) Resolve(id URN) (Ref, bool) {
	e, ok := p.elements[id]
	return e.Component.Ref, ok
}

// Components returns the components by identity.
func (p *Picture) Components() map[URN]Component {
	out := make(map[URN]Component, len(p.elements))
	for id, e := range p.elements {
		out[id] = e.Component
	}
	return out
}

// Relations returns the relations by external id.
func (p *Picture) Relations() map[string]Relation {
	out := make(map[string]Relation, len(p.carriers))
	for id, e := range p.elements {
		for _, r := range e.Relations {
			if ext := r.ExternalID(); p.carriers[ext] == id {
				out[ext] = r
			}
		}
	}
	return out
}
