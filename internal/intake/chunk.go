package intake

import (
	"strconv"
)

// Section is the list of a topology an element belongs to.
type Section int

// The sections in the order in which the API applies them.
const (
	Components Section = iota
	Relations
	Deletes
	sections
)

// Element is one component, relation or delete id, encoded once and ready to be placed into a [Chunk].
type Element struct {
	Section Section
	json    []byte
}

// Size is the number of bytes the element takes in a body, its separator included.
func (e Element) Size() int { return len(e.json) + 1 }

// EncodeComponent encodes a component. It fails on values JSON cannot hold.
func EncodeComponent(component Component) (Element, error) {
	return encodeElement(Components, component)
}

// EncodeRelation encodes a relation. It fails on values JSON cannot hold.
func EncodeRelation(relation Relation) (Element, error) {
	return encodeElement(Relations, relation)
}

// EncodeDelete encodes the external id of a component or relation to remove.
func EncodeDelete(externalID string) Element {
	element, err := encodeElement(Deletes, externalID)
	if err != nil {
		panic(err) // a string always encodes
	}
	return element
}

func encodeElement(section Section, value any) (Element, error) {
	encoded, err := marshal(value)
	return Element{Section: section, json: encoded}, err
}

// Chunk collects elements of one topology instance and writes them as one request body.
// It is not safe for concurrent use.
type Chunk struct {
	// StartSnapshot and StopSnapshot open and close a snapshot of the instance around the elements.
	StartSnapshot, StopSnapshot bool

	host, instance []byte // encoded
	lists          [sections][]byte
	count          int
}

// The fixed parts of a body, in their order; what lies between them varies.
const (
	bodyStart     = `{"internalHostname":`
	bodyTimestamp = `,"collection_timestamp":`
	bodySnapshot  = `,"topologies":[{"start_snapshot":`
	bodyStop      = `,"stop_snapshot":`
	bodyInstance  = `,"instance":`
	bodyEnd       = `]}]}`
)

var listStart = [sections]string{
	Components: `,"components":[`,
	Relations:  `],"relations":[`,
	Deletes:    `],"delete_ids":[`,
}

// chunkOverhead is what a body takes besides host name, instance and elements, with the longest flags and timestamp.
const chunkOverhead = len(bodyStart) + len(bodyTimestamp) + len("-9223372036854775808") + len(bodySnapshot) + len("false") +
	len(bodyStop) + len("false") + len(bodyInstance) + len(`,"components":[],"relations":[],"delete_ids":[`) + len(bodyEnd)

// NewChunk returns an empty chunk for an instance, sent under the given host name.
func NewChunk(internalHostname string, instance Instance) *Chunk {
	return &Chunk{host: encodeFixed(internalHostname), instance: encodeFixed(instance)}
}

// encodeFixed encodes values that always encode: strings and structs of them.
func encodeFixed(value any) []byte {
	encoded, err := marshal(value)
	if err != nil {
		panic(err)
	}
	return encoded
}

// Add places an element; within its section, elements keep the order in which they were added.
func (c *Chunk) Add(element Element) {
	list := c.lists[element.Section]
	if len(list) > 0 {
		list = append(list, ',')
	}
	c.lists[element.Section] = append(list, element.json...)
	c.count++
}

// Count is the number of elements.
func (c *Chunk) Count() int { return c.count }

// Size is an upper bound of the length of the body, at most a few dozen bytes above it.
func (c *Chunk) Size() int {
	size := chunkOverhead + len(c.host) + len(c.instance)
	for _, list := range c.lists {
		size += len(list)
	}
	return size
}

// Bytes writes the body. A collection timestamp of zero is left out. The chunk stays usable, the result is the caller's.
func (c *Chunk) Bytes(collectionTimestamp int64) []byte {
	body := make([]byte, 0, c.Size())
	body = append(body, bodyStart...)
	body = append(body, c.host...)
	if collectionTimestamp != 0 {
		body = append(body, bodyTimestamp...)
		body = strconv.AppendInt(body, collectionTimestamp, 10)
	}
	body = append(body, bodySnapshot...)
	body = strconv.AppendBool(body, c.StartSnapshot)
	body = append(body, bodyStop...)
	body = strconv.AppendBool(body, c.StopSnapshot)
	body = append(body, bodyInstance...)
	body = append(body, c.instance...)
	for section, list := range c.lists {
		body = append(body, listStart[section]...)
		body = append(body, list...)
	}
	return append(body, bodyEnd...)
}
