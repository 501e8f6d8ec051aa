package topology

import (
	"maps"
	"slices"
)

// Instance names one source of topology, for example {"kubernetes", "prod-eu-1"}. Its pair of
// values is the identity: what one instance reports never affects another.
type Instance struct {
	Type string // kind of source
	URL  string // any identifying string, not necessarily a URL
}

// Attribute is one key and value of an entity's identity.
type Attribute struct {
	Key, Value string
}

// EntityID identifies an entity the way OpenTelemetry does: by attributes of its own, such as
// k8s.pod.uid. Keys are sorted and unique. It differs from the URN in that an object that was
// deleted and created again under the same name has the same URN and a new EntityID.
type EntityID []Attribute

// NewEntityID returns the identity made of the given attributes, sorted by key; of a key given
// twice the last value counts.
func NewEntityID(attributes ...Attribute) EntityID {
	byKey := make(map[string]string, len(attributes))
	for _, a := range attributes {
		byKey[a.Key] = a.Value
	}
	id := make(EntityID, 0, len(byKey))
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		id = append(id, Attribute{key, byKey[key]})
	}
	return id
}

// Equal reports whether both identify the same entity.
func (id EntityID) Equal(other EntityID) bool { return slices.Equal(id, other) }

// Ref is what it takes to point at a component.
type Ref struct {
	ID     URN
	Type   string // component type, such as "pod"
	Entity EntityID
}

// Component is one thing on the map.
type Component struct {
	Ref
	Name      string
	Cluster   string            // name of the cluster it belongs to, empty if none; for a cluster its Name
	Namespace string            // Kubernetes namespace it is in, empty if none
	Labels    map[string]string // labels of the Kubernetes object
	// Tags are for filtering. A source sets only those particular to the component's type;
	// the ones every component has are derived from the fields above later in the pipeline.
	Tags map[string]string
	// Identifiers are further names under which other sources may know the component.
	// nil and empty differ: nil is "has no such list".
	Identifiers []string
	// Data holds the remaining payload fields. Values are nil, string, bool, int64, float64,
	// []any or map[string]any of such.
	Data map[string]any
	// SourceProperties is the object the component was made from, cleaned; nil if not kept.
	// Values as in Data.
	SourceProperties map[string]any
}

// Relation is a directed, typed connection between two components of one instance.
type Relation struct {
	Type           string
	Source, Target URN
	ID             string         // empty: the usual "<source>-><target>"
	Data           map[string]any // values as in Component.Data
}

// ExternalID identifies the relation within its instance.
func (r Relation) ExternalID() string {
	if r.ID != "" {
		return r.ID
	}
	return string(r.Source) + "->" + string(r.Target)
}
