package topologylog

import (
	"fmt"
	"iter"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// Position is the place of a record within logs.
type Position struct {
	Resource, Scope, Record int
}

// Entry is one topology record found in logs.
type Entry struct {
	Position
	Instance topology.Instance
	Record   topology.Record
}

// Entries yields the topology records of the logs in order, skipping all that are something else.
// A malformed record is yielded as an error that names it, with its position; the next ones follow.
func Entries(logs plog.Logs) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for i, resource := range logs.ResourceLogs().All() {
			for j, scope := range resource.ScopeLogs().All() {
				if !hasInstance(scope.Scope().Attributes()) {
					continue
				}
				for k, record := range scope.LogRecords().All() {
					if !IsTopology(record) {
						continue
					}
					entry, err := decode(scope.Scope().Attributes(), record)
					entry.Position = Position{i, j, k}
					if err != nil {
						err = fmt.Errorf("%s record %d/%d/%d: %w", record.EventName(), i, j, k, err)
					}
					if !yield(entry, err) {
						return
					}
				}
			}
		}
	}
}

// hasInstance reports whether a scope names its topology instance, rightly or not. Entities of other
// sources do not.
func hasInstance(scope pcommon.Map) bool {
	_, hasType := scope.Get(attrInstanceType)
	_, hasURL := scope.Get(attrInstanceURL)
	return hasType || hasURL
}

// IsTopology reports whether the record is one of this package's: a component's state, its
// deletion, or the start or stop of a snapshot.
func IsTopology(record plog.LogRecord) bool {
	switch record.EventName() {
	case eventState, eventDelete, eventSnapshotStart, eventSnapshotStop:
		return true
	}
	return false
}

func decode(scope pcommon.Map, lr plog.LogRecord) (Entry, error) {
	attrs := lr.Attributes()
	entry := Entry{Instance: topology.Instance{Type: str(scope, attrInstanceType), URL: str(scope, attrInstanceURL)}}
	if entry.Instance.Type == "" || entry.Instance.URL == "" {
		return entry, fmt.Errorf("its scope lacks %s or %s", attrInstanceType, attrInstanceURL)
	}
	var err error
	switch lr.EventName() {
	case eventSnapshotStart:
		entry.Record = topology.Record{Op: topology.SnapshotStart, SnapshotID: str(attrs, attrSnapshotID)}
	case eventSnapshotStop:
		entry.Record = topology.Record{Op: topology.SnapshotStop, SnapshotID: str(attrs, attrSnapshotID)}
	case eventDelete:
		entry.Record, err = decodeComponent(attrs)
		entry.Record.Op = topology.Delete
	default:
		entry.Record, err = decodeComponent(attrs)
	}
	return entry, err
}

func decodeComponent(attrs pcommon.Map) (topology.Record, error) {
	var record topology.Record
	var err error
	c := &record.Component
	if c.Ref, err = ref(attrs); err != nil {
		return record, err
	}
	if c.Type == "" {
		return record, fmt.Errorf("component %q: no %s", c.ID, attrEntityType)
	}
	if description, ok := mapAt(attrs, attrDescription); ok {
		decodeDescription(description, str(attrs, attrEntityType), c)
	}
	if tags, ok := mapAt(attrs, attrTags); ok {
		c.Tags = stringsOf(tags)
	}
	if record.Relations, err = decodeRelations(attrs, attrRelationships, c.Ref); err != nil {
		return record, err
	}
	record.Removed, err = decodeRelations(attrs, attrRemoved, c.Ref)
	return record, err
}

func decodeDescription(m pcommon.Map, entityType string, c *topology.Component) {
	c.Name = str(m, entityType+descName)
	c.Cluster = str(m, descCluster)
	if c.Type != topology.TypeNamespace {
		c.Namespace = str(m, descNamespace)
	}
	labels := entityType + descLabel
	for key, value := range m.All() {
		if label, ok := strings.CutPrefix(key, labels); ok && value.Type() == pcommon.ValueTypeStr {
			if c.Labels == nil {
				c.Labels = map[string]string{}
			}
			c.Labels[label] = value.Str()
		}
	}
	if v, ok := m.Get(descIdentifiers); ok && v.Type() == pcommon.ValueTypeSlice {
		c.Identifiers = make([]string, 0, v.Slice().Len())
		for _, identifier := range v.Slice().All() {
			c.Identifiers = append(c.Identifiers, identifier.AsString())
		}
	}
	if data, ok := mapAt(m, descData); ok {
		c.Data = data.AsRaw()
	}
	if properties, ok := mapAt(m, descSourceProperties); ok {
		c.SourceProperties = properties.AsRaw()
	}
}

func decodeRelations(attrs pcommon.Map, key string, carrier topology.Ref) ([]topology.Relation, error) {
	v, ok := attrs.Get(key)
	if !ok {
		return nil, nil
	}
	if v.Type() != pcommon.ValueTypeSlice {
		return nil, fmt.Errorf("component %q: %s is a %s, want a list", carrier.ID, key, v.Type())
	}
	relations := make([]topology.Relation, 0, v.Slice().Len())
	for i, item := range v.Slice().All() {
		if item.Type() != pcommon.ValueTypeMap {
			return nil, fmt.Errorf("component %q: %s[%d] is a %s, want a map", carrier.ID, key, i, item.Type())
		}
		relation, err := decodeRelation(item.Map(), carrier)
		if err != nil {
			return nil, fmt.Errorf("component %q: %s[%d]: %w", carrier.ID, key, i, err)
		}
		relations = append(relations, relation)
	}
	return relations, nil
}

func decodeRelation(m pcommon.Map, carrier topology.Ref) (topology.Relation, error) {
	other, err := ref(m)
	if err != nil {
		return topology.Relation{}, err
	}
	carried := str(m, attrRelationType)
	if carried == "" {
		return topology.Relation{}, fmt.Errorf("no %s", attrRelationType)
	}
	rule, _ := topology.RuleCarried(carried, carrier.Type, other.Type)
	if explicit := str(m, relType); explicit != "" {
		rule.Type, rule.Carrier = explicit, topology.Source
		if str(m, relCarrier) == carrierTarget {
			rule.Carrier = topology.Target
		}
	}
	relation := topology.Relation{Type: rule.Type, Source: carrier.ID, Target: other.ID, ID: str(m, relExternalID)}
	if rule.Carrier == topology.Target {
		relation.Source, relation.Target = other.ID, carrier.ID
	}
	if data, ok := mapAt(m, relData); ok {
		relation.Data = data.AsRaw()
	}
	return relation, nil
}

func ref(m pcommon.Map) (topology.Ref, error) {
	out := topology.Ref{ID: topology.URN(str(m, attrExternalID))}
	if out.ID == "" {
		return out, fmt.Errorf("no %s", attrExternalID)
	}
	if entityType := str(m, attrEntityType); entityType != "" {
		out.Type = topology.ComponentType(entityType)
	}
	if id, ok := mapAt(m, attrEntityID); ok {
		attributes := make([]topology.Attribute, 0, id.Len())
		for key, value := range id.All() {
			attributes = append(attributes, topology.Attribute{Key: key, Value: value.AsString()})
		}
		out.Entity = topology.NewEntityID(attributes...)
	}
	return out, nil
}

func str(m pcommon.Map, key string) string {
	if v, ok := m.Get(key); ok && v.Type() == pcommon.ValueTypeStr {
		return v.Str()
	}
	return ""
}

func mapAt(m pcommon.Map, key string) (pcommon.Map, bool) {
	if v, ok := m.Get(key); ok && v.Type() == pcommon.ValueTypeMap {
		return v.Map(), true
	}
	return pcommon.Map{}, false
}

func stringsOf(m pcommon.Map) map[string]string {
	out := make(map[string]string, m.Len())
	for key, value := range m.All() {
		out[key] = value.AsString()
	}
	return out
}
