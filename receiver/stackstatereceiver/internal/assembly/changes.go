package assembly

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// changes notes the components whose record an entry may change, with what their record was before.
type changes struct {
	assembly *Assembly
	byID     map[topology.URN]*change
	all      bool // emit what is mentioned even if it is unchanged
}

type change struct {
	known     bool // before
	component topology.Component
	relations []topology.Relation
	mentioned bool
}

// touch is called before anything of a component's record changes.
func (c *changes) touch(id topology.URN) *change {
	noted, ok := c.byID[id]
	if !ok {
		old, known := c.assembly.components[id]
		noted = &change{known: known, component: old.Component, relations: c.assembly.carried(id)}
		c.byID[id] = noted
	}
	return noted
}

func (c *changes) mention(id topology.URN) { c.touch(id).mentioned = true }

func (c *changes) touchEnds(relation topology.Relation) {
	c.touch(relation.Source)
	c.touch(relation.Target)
}

// records returns an increment: the components that are there, the longer-lived first, then those that are gone.
func (c *changes) records() []topology.Record {
	var upserts, deletes []topology.Record
	for _, id := range inOrder(c.byID, c.typeOf) {
		before := c.byID[id]
		now, known := c.assembly.components[id]
		relations := c.assembly.carried(id)
		switch {
		case known && (c.all && before.mentioned || before.differs(now.Component, relations)):
			upserts = append(upserts, topology.Record{
				Component: now.Component, Relations: relations, Removed: missing(before.relations, relations),
			})
		case !known && before.known:
			deletes = append(deletes, topology.Record{
				Op: topology.Delete, Component: topology.Component{Ref: before.component.Ref}, Removed: before.relations,
			})
		}
	}
	return append(upserts, deletes...)
}

func (c *changes) typeOf(id topology.URN) string {
	if now, known := c.assembly.components[id]; known {
		return now.Type
	}
	return c.byID[id].component.Type
}

// differs reports whether a component's record is another one now.
func (c *change) differs(component topology.Component, relations []topology.Relation) bool {
	return !c.known || !reflect.DeepEqual(c.component, component) || !reflect.DeepEqual(c.relations, relations)
}

// missing lists the relations of which there is none with the same id any more.
func missing(before, now []topology.Relation) []topology.Relation {
	kept := make(map[string]bool, len(now))
	for _, relation := range now {
		kept[relation.ExternalID()] = true
	}
	var gone []topology.Relation
	for _, relation := range before {
		if !kept[relation.ExternalID()] {
			gone = append(gone, relation)
		}
	}
	return gone
}

// inOrder lists ids by the rank of their component type, then by name.
func inOrder[V any](byID map[topology.URN]V, typeOf func(topology.URN) string) []topology.URN {
	ranks := make(map[topology.URN]int, len(byID))
	for id := range byID {
		ranks[id] = topology.Rank(typeOf(id))
	}
	return slices.SortedFunc(maps.Keys(ranks), func(a, b topology.URN) int {
		return cmp.Or(cmp.Compare(ranks[a], ranks[b]), cmp.Compare(a, b))
	})
}

// sorted lists relations by their id.
func sorted(byID map[string]topology.Relation) []topology.Relation {
	var relations []topology.Relation
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		relations = append(relations, byID[id])
	}
	return relations
}
