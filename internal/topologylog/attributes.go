package topologylog

// Event names.
const (
	eventState         = "entity.state"
	eventDelete        = "entity.delete"
	eventSnapshotStart = "topology.snapshot.start"
	eventSnapshotStop  = "topology.snapshot.stop"
)

// Attributes of a record, as the entity-event format of the OpenTelemetry specification has them.
const (
	attrEntityType     = "entity.type"
	attrEntityID       = "entity.id"
	attrDescription    = "entity.description"
	attrReportInterval = "entity.report.interval"
	attrRelationships  = "entity.relationships"
	attrRelationType   = "relationship.type"
)

// Attributes of a record that are this project's own.
const (
	attrExternalID = "stackstate.external_id"
	attrTags       = "stackstate.tags"
	attrRemoved    = "entity.relationships.removed"
	attrSnapshotID = "topology.snapshot.id"
)

// Attributes of the scope, and of the snapshot records.
const (
	attrInstanceType = "topology.instance.type"
	attrInstanceURL  = "topology.instance.url"
)

// Keys inside entity.description. The name and the labels of an entity are keyed by its type, as
// the semantic conventions have it: k8s.pod.name, k8s.pod.label.<key>.
const (
	descName             = ".name"
	descLabel            = ".label."
	descCluster          = "k8s.cluster.name"
	descNamespace        = "k8s.namespace.name"
	descIdentifiers      = "stackstate.identifiers"
	descData             = "stackstate.data"
	descSourceProperties = "stackstate.source_properties"
)

// Keys inside one relationship. The last two are set only where the declared vocabulary does not
// tell which relation is meant.
const (
	relExternalID = "stackstate.relation.external_id"
	relData       = "stackstate.relation.data"
	relType       = "stackstate.relation.type"
	relCarrier    = "stackstate.relation.carrier"
)

const (
	carrierSource = "source"
	carrierTarget = "target"
)
