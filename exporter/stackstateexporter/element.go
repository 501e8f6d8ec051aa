package stackstateexporter

import (
	"iter"
	"maps"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// The members of a component's data that the component's own fields determine.
const (
	dataName        = "name"
	dataTags        = "tags"
	dataIdentifiers = "identifiers"
)

// dataTruncated marks an element that was sent without some of its fields.
const dataTruncated = "truncated"

// elementID identifies an element within an instance.
type elementID struct {
	relation   bool
	externalID string
}

// operation is an encoded element: to be created, updated or deleted.
type operation struct {
	elementID
	element intake.Element
}

// losses counts elements that could not be sent as they are.
type losses struct {
	tooLarge, notEncodable int64
	example                string // external id of the first
}

func (l *losses) add(other losses) {
	if l.total() == 0 {
		l.example = other.example
	}
	l.tooLarge += other.tooLarge
	l.notEncodable += other.notEncodable
}

func (l *losses) total() int64 { return l.tooLarge + l.notEncodable }

// encoded is what a record says about elements, ready to be sent.
type encoded struct {
	operations       []operation
	trimmed, dropped losses
}

// size is the number of bytes the operations take in a payload.
func (e *encoded) size() int {
	size := 0
	for _, op := range e.operations {
		size += op.element.Size()
	}
	return size
}

// encoder turns records into elements of bounded size.
type encoder struct {
	maxBytes int // of one element
}

// record encodes a record. What it removes comes first, so that a relation that it both removes and carries stays.
func (e encoder) record(record topology.Record) encoded {
	out := encoded{operations: make([]operation, 0, 1+len(record.Removed)+len(record.Relations))}
	for _, r := range record.Removed {
		e.put(&out, elementID{true, r.ExternalID()}, deletion(r.ExternalID()))
	}
	id := elementID{false, string(record.Component.ID)}
	if record.Op == topology.Delete {
		e.put(&out, id, deletion(id.externalID))
		return out
	}
	e.put(&out, id, componentForms(record.Component))
	for _, r := range record.Relations {
		e.put(&out, elementID{true, r.ExternalID()}, relationForms(r))
	}
	return out
}

// put appends the first form of an element that can be sent.
func (e encoder) put(out *encoded, id elementID, forms iter.Seq2[intake.Element, error]) {
	var lost losses
	for element, err := range forms {
		switch {
		case err != nil:
			lost = losses{notEncodable: 1, example: id.externalID}
		case element.Size() > e.maxBytes:
			lost = losses{tooLarge: 1, example: id.externalID}
		default:
			out.operations = append(out.operations, operation{id, element})
			out.trimmed.add(lost)
			return
		}
	}
	out.dropped.add(lost)
}

func deletion(externalID string) iter.Seq2[intake.Element, error] {
	return func(yield func(intake.Element, error) bool) { yield(intake.EncodeDelete(externalID), nil) }
}

// componentForms yields ways to write a component, each smaller than the one before: whole, without its source
// properties, without its data, with nothing but its name.
func componentForms(c topology.Component) iter.Seq2[intake.Element, error] {
	return func(yield func(intake.Element, error) bool) {
		wire := intake.Component{
			ExternalID:       string(c.ID),
			Type:             intake.Type{Name: c.Type},
			Data:             componentData(c),
			SourceProperties: c.SourceProperties,
		}
		if !yield(intake.EncodeComponent(wire)) {
			return
		}
		wire.SourceProperties = nil
		wire.Data[dataTruncated] = true
		if c.SourceProperties != nil && !yield(intake.EncodeComponent(wire)) {
			return
		}
		c.Data = nil
		wire.Data = componentData(c)
		wire.Data[dataTruncated] = true
		if !yield(intake.EncodeComponent(wire)) {
			return
		}
		wire.Data = map[string]any{dataName: c.Name, dataTruncated: true}
		yield(intake.EncodeComponent(wire))
	}
}

// componentData is the data of a component: what it carries as such and, over it, what its own fields say.
func componentData(c topology.Component) map[string]any {
	data := make(map[string]any, len(c.Data)+3)
	maps.Copy(data, c.Data)
	if c.Name != "" {
		data[dataName] = c.Name
	}
	if c.Tags != nil {
		data[dataTags] = c.Tags
	}
	if c.Identifiers != nil {
		data[dataIdentifiers] = c.Identifiers
	}
	return data
}

// relationForms yields ways to write a relation: whole, then without its data.
func relationForms(r topology.Relation) iter.Seq2[intake.Element, error] {
	return func(yield func(intake.Element, error) bool) {
		wire := intake.Relation{
			ExternalID: r.ExternalID(),
			Type:       intake.Type{Name: r.Type},
			SourceID:   string(r.Source),
			TargetID:   string(r.Target),
			Data:       r.Data,
		}
		if yield(intake.EncodeRelation(wire)) && len(r.Data) > 0 {
			wire.Data = map[string]any{dataTruncated: true}
			yield(intake.EncodeRelation(wire))
		}
	}
}
