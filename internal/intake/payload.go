package intake

import (
	"bytes"
	"encoding/json"
)

// Payload is the object a client posts: any mix of topologies, health, events and metrics.
// Health, events, metrics and service checks are kept as they came.
type Payload struct {
	// InternalHostname names the sender; for snapshots it is the producer's identity.
	InternalHostname string `json:"internalHostname"`
	// CollectionTimestamp is in epoch seconds, in milliseconds only with the header `sts-time-format: ms`. Zero: left out.
	CollectionTimestamp float64                    `json:"collection_timestamp,omitempty"`
	Topologies          []Topology                 `json:"topologies,omitempty"`
	Health              []json.RawMessage          `json:"health,omitempty"`
	Events              map[string]json.RawMessage `json:"events,omitempty"`
	Metrics             []json.RawMessage          `json:"metrics,omitempty"`
	ServiceChecks       []json.RawMessage          `json:"service_checks,omitempty"`
}

// Topology is a part of the picture of one instance: a chunk of a snapshot, or an increment.
type Topology struct {
	StartSnapshot bool        `json:"start_snapshot"`
	StopSnapshot  bool        `json:"stop_snapshot"`
	Instance      Instance    `json:"instance"`
	Components    []Component `json:"components"`
	Relations     []Relation  `json:"relations"`
	// DeleteIDs are the external ids of components and relations to remove.
	DeleteIDs []string `json:"delete_ids"`
}

// Instance identifies the data source a topology belongs to. URL is any identifying string, such as a cluster name.
type Instance struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

// Type is the type of a component or relation; the API wants an object where a string would do.
type Type struct {
	Name string `json:"name"`
}

// Component is one component. Values of Data and SourceProperties are string, bool, int64, float64, nil, []any or map[string]any.
type Component struct {
	ExternalID string         `json:"externalId"`
	Type       Type           `json:"type"`
	Data       map[string]any `json:"data"`
	// SourceProperties is left out when nil.
	SourceProperties map[string]any `json:"sourceProperties,omitzero"`
}

// Relation is one directed relation between two components of the same instance.
type Relation struct {
	ExternalID string         `json:"externalId"`
	Type       Type           `json:"type"`
	SourceID   string         `json:"sourceId"`
	TargetID   string         `json:"targetId"`
	Data       map[string]any `json:"data"`
}

// MarshalJSON writes absent lists as empty ones: the API refuses null where it expects a list.
func (t Topology) MarshalJSON() ([]byte, error) {
	type plain Topology
	if t.Components == nil {
		t.Components = []Component{}
	}
	if t.Relations == nil {
		t.Relations = []Relation{}
	}
	if t.DeleteIDs == nil {
		t.DeleteIDs = []string{}
	}
	return marshal(plain(t))
}

// MarshalJSON writes absent data as an empty object: the API refuses null there.
func (c Component) MarshalJSON() ([]byte, error) {
	type plain Component
	if c.Data == nil {
		c.Data = map[string]any{}
	}
	return marshal(plain(c))
}

// MarshalJSON writes absent data as an empty object: the API refuses null there.
func (r Relation) MarshalJSON() ([]byte, error) {
	type plain Relation
	if r.Data == nil {
		r.Data = map[string]any{}
	}
	return marshal(plain(r))
}

// Encode returns the payload as one JSON object. It fails on values JSON cannot hold, such as a float that is not a number.
func (p Payload) Encode() ([]byte, error) {
	return marshal(p)
}

// marshal is json.Marshal without HTML escaping: identifiers such as `a->b` stay readable and short.
func marshal(value any) ([]byte, error) {
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte{'\n'}), nil
}
