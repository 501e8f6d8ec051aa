package topologylog

import (
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// Resolve finds the component a relation points at.
type Resolve func(topology.URN) (topology.Ref, bool)

// Source says where the records of a batch come from.
type Source struct {
	Instance topology.Instance
	Cluster  string // name of the cluster, empty if none
	// ReportInterval is the time after which every state is repeated even if unchanged;
	// zero if it is not.
	ReportInterval time.Duration
	Scope          string // instrumentation scope, the import path of the component
	Version        string // version of the distribution
}

// Batch gathers records of one source as logs. It is not safe for concurrent use.
type Batch struct {
	source  Source
	logs    plog.Logs
	records plog.LogRecordSlice
}

// NewBatch returns an empty batch.
func NewBatch(source Source) *Batch {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	if source.Cluster != "" {
		resource.Resource().Attributes().PutStr(descCluster, source.Cluster)
	}
	scope := resource.ScopeLogs().AppendEmpty()
	scope.Scope().SetName(source.Scope)
	scope.Scope().SetVersion(source.Version)
	putInstance(scope.Scope().Attributes(), source.Instance)
	return &Batch{source, logs, scope.LogRecords()}
}

// Len is the number of records.
func (b *Batch) Len() int { return b.records.Len() }

// Logs returns the records gathered. The batch must not be used any more.
func (b *Batch) Logs() plog.Logs { return b.logs }

// Append adds a record generated at the given time. It fails on what Entries would refuse to read,
// on values that the log format cannot hold and on a relation that does not touch the component
// that carries it; the batch is then as it was before.
func (b *Batch) Append(record topology.Record, at time.Time, resolve Resolve) error {
	lr := plog.NewLogRecord()
	lr.SetTimestamp(pcommon.NewTimestampFromTime(at))
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(at))
	if err := b.encode(record, lr, resolve); err != nil {
		return err
	}
	lr.MoveTo(b.records.AppendEmpty())
	return nil
}

func (b *Batch) encode(record topology.Record, lr plog.LogRecord, resolve Resolve) error {
	if b.source.Instance.Type == "" || b.source.Instance.URL == "" {
		return fmt.Errorf("the batch's instance lacks type or URL: %+v", b.source.Instance)
	}
	attrs := lr.Attributes()
	if record.Op == topology.SnapshotStart || record.Op == topology.SnapshotStop {
		lr.SetEventName(eventSnapshotStart)
		if record.Op == topology.SnapshotStop {
			lr.SetEventName(eventSnapshotStop)
		}
		putInstance(attrs, b.source.Instance)
		attrs.PutStr(attrSnapshotID, record.SnapshotID)
		return nil
	}
	if c := record.Component; c.ID == "" || c.Type == "" {
		return fmt.Errorf("component %q of type %q (%q): it needs an identity and a type", c.ID, c.Type, c.Name)
	}
	if record.Op == topology.Delete {
		lr.SetEventName(eventDelete)
		putRef(attrs, record.Component.Ref)
	} else {
		lr.SetEventName(eventState)
		if err := b.putState(attrs, record, resolve); err != nil {
			return err
		}
	}
	if len(record.Removed) == 0 {
		return nil
	}
	return putRelations(attrs.PutEmptySlice(attrRemoved), record.Component.Ref, record.Removed, resolve)
}

func (b *Batch) putState(attrs pcommon.Map, record topology.Record, resolve Resolve) error {
	c := record.Component
	putRef(attrs, c.Ref)
	if err := putDescription(attrs.PutEmptyMap(attrDescription), c); err != nil {
		return fmt.Errorf("component %q: %w", c.ID, err)
	}
	if b.source.ReportInterval > 0 {
		attrs.PutInt(attrReportInterval, int64(b.source.ReportInterval/time.Second))
	}
	if c.Tags != nil {
		putStrings(attrs.PutEmptyMap(attrTags), c.Tags)
	}
	return putRelations(attrs.PutEmptySlice(attrRelationships), c.Ref, record.Relations, resolve)
}

func putInstance(m pcommon.Map, instance topology.Instance) {
	m.PutStr(attrInstanceType, instance.Type)
	m.PutStr(attrInstanceURL, instance.URL)
}

func putRef(m pcommon.Map, ref topology.Ref) {
	if ref.Type != "" {
		m.PutStr(attrEntityType, topology.EntityType(ref.Type))
	}
	if len(ref.Entity) > 0 {
		id := m.PutEmptyMap(attrEntityID)
		for _, a := range ref.Entity {
			id.PutStr(a.Key, a.Value)
		}
	}
	m.PutStr(attrExternalID, string(ref.ID))
}

func putDescription(m pcommon.Map, c topology.Component) error {
	entityType := topology.EntityType(c.Type)
	if c.Name != "" {
		m.PutStr(entityType+descName, c.Name)
	}
	if c.Cluster != "" && c.Type != topology.TypeCluster {
		m.PutStr(descCluster, c.Cluster)
	}
	if c.Namespace != "" && c.Type != topology.TypeNamespace {
		m.PutStr(descNamespace, c.Namespace)
	}
	for key, value := range c.Labels {
		m.PutStr(entityType+descLabel+key, value)
	}
	if c.Identifiers != nil {
		list := m.PutEmptySlice(descIdentifiers)
		for _, identifier := range c.Identifiers {
			list.AppendEmpty().SetStr(identifier)
		}
	}
	if c.Data != nil {
		if err := m.PutEmptyMap(descData).FromRaw(c.Data); err != nil {
			return fmt.Errorf("data: %w", err)
		}
	}
	if c.SourceProperties != nil {
		if err := m.PutEmptyMap(descSourceProperties).FromRaw(c.SourceProperties); err != nil {
			return fmt.Errorf("source properties: %w", err)
		}
	}
	return nil
}

func putStrings(m pcommon.Map, values map[string]string) {
	m.EnsureCapacity(len(values))
	for key, value := range values {
		m.PutStr(key, value)
	}
}

func putRelations(list pcommon.Slice, carrier topology.Ref, relations []topology.Relation, resolve Resolve) error {
	list.EnsureCapacity(len(relations))
	for _, r := range relations {
		end, other, err := ends(carrier.ID, r)
		if err != nil {
			return err
		}
		ref, found := resolve(other)
		if !found {
			ref = topology.Ref{ID: other}
		}
		m := list.AppendEmpty().SetEmptyMap()
		putCarried(m, r.Type, end, carrier.Type, ref.Type)
		putRef(m, ref)
		if r.ID != "" {
			m.PutStr(relExternalID, r.ID)
		}
		if r.Data != nil {
			if err := m.PutEmptyMap(relData).FromRaw(r.Data); err != nil {
				return fmt.Errorf("relation %q: data: %w", r.ExternalID(), err)
			}
		}
	}
	return nil
}

// ends returns which end of the relation its carrier is, and what is at the other.
func ends(carrier topology.URN, r topology.Relation) (end topology.End, other topology.URN, err error) {
	end, other = topology.Source, r.Target
	if r.Source != carrier {
		end, other = topology.Target, r.Source
	}
	switch {
	case r.Source != carrier && r.Target != carrier:
		err = fmt.Errorf("relation %q does not touch its carrier %q", r.ExternalID(), carrier)
	case r.Type == "" || other == "":
		err = fmt.Errorf("relation %q of type %q: it needs a type and two ends", r.ExternalID(), r.Type)
	}
	return end, other, err
}

// putCarried names a relation from its carrier's side. Where reading that name back with the
// declared vocabulary would give another relation, type and direction are written out as well.
func putCarried(m pcommon.Map, relationType string, end topology.End, carrierType, otherType string) {
	sourceType, targetType := carrierType, otherType
	if end == topology.Target {
		sourceType, targetType = otherType, carrierType
	}
	rule, _ := topology.RuleFor(relationType, sourceType, targetType)
	back, _ := topology.RuleCarried(rule.Carried, carrierType, otherType)
	if back.Type == relationType && back.Carrier == end {
		m.PutStr(attrRelationType, rule.Carried)
		return
	}
	m.PutStr(attrRelationType, relationType)
	m.PutStr(relType, relationType)
	m.PutStr(relCarrier, carrierSource)
	if end == topology.Target {
		m.PutStr(relCarrier, carrierTarget)
	}
}
