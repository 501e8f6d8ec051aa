package topology

// Op says what a record does.
type Op int

// The operations of a record.
const (
	// Upsert: the component exists and carries exactly the relations listed.
	Upsert Op = iota
	// Delete: the component, and with it every relation it carried, is gone.
	Delete
	// SnapshotStart: a complete picture follows, up to the matching SnapshotStop.
	SnapshotStart
	// SnapshotStop: whatever was not repeated since the start is gone.
	SnapshotStop
)

// Record is one statement about an instance. Component and relations are set for Upsert and
// Delete, SnapshotID for the two snapshot operations.
type Record struct {
	Op        Op
	Component Component // for Delete only its Ref
	// Relations is the complete list of the relations the component carries.
	Relations []Relation
	// Removed lists relations the component carried before and carries no more, for receivers
	// that keep no state of their own. Empty inside a snapshot.
	Removed    []Relation
	SnapshotID string
}
