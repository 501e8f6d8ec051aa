package topologylog

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// State is a view of the log record of a component's state, for changing it in place.
type State struct {
	attrs pcommon.Map
}

// StateOf returns the view of a record; ok is false if the record is no component's state.
func StateOf(record plog.LogRecord) (state State, ok bool) {
	if record.EventName() != eventState || str(record.Attributes(), attrEntityType) == "" {
		return State{}, false
	}
	return State{record.Attributes()}, true
}

// ClusterOf returns the name of the cluster that a resource belongs to, empty if none.
func ClusterOf(resource pcommon.Resource) string { return str(resource.Attributes(), descCluster) }

// Type is the component type.
func (s State) Type() string { return topology.ComponentType(str(s.attrs, attrEntityType)) }

// Cluster is the name of the cluster the component belongs to, empty if none.
func (s State) Cluster() string { return s.described(descCluster) }

// Namespace is the Kubernetes namespace the component lives in, empty if none.
func (s State) Namespace() string {
	if s.Type() == topology.TypeNamespace {
		return ""
	}
	return s.described(descNamespace)
}

func (s State) described(key string) string {
	description, ok := mapAt(s.attrs, attrDescription)
	if !ok {
		return ""
	}
	return str(description, key)
}

// Labels calls visit for every label of the component.
func (s State) Labels(visit func(key, value string)) {
	description, ok := mapAt(s.attrs, attrDescription)
	if !ok {
		return
	}
	prefix := str(s.attrs, attrEntityType) + descLabel
	for key, value := range description.All() {
		if label, ok := strings.CutPrefix(key, prefix); ok && value.Type() == pcommon.ValueTypeStr {
			visit(label, value.Str())
		}
	}
}

// Tags returns the component's tags; they are nil if it has none yet.
func (s State) Tags() map[string]string {
	tags, ok := mapAt(s.attrs, attrTags)
	if !ok {
		return nil
	}
	return stringsOf(tags)
}

// SetTags replaces the component's tags.
func (s State) SetTags(tags map[string]string) { putStrings(s.attrs.PutEmptyMap(attrTags), tags) }
