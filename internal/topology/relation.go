package topology

// Relation types. The names are StackState's.
const (
	BelongsTo   = "belongs_to"
	Controls    = "controls"
	Encloses    = "encloses"
	Exposes     = "exposes"
	RunsOn      = "runs_on"
	ScheduledOn = "scheduled_on"
)

// End is one of the two ends of a relation.
type End int

// The ends of a relation.
const (
	Source End = iota
	Target
)

// Rule declares one kind of relation once: what it is called in StackState, from which type to
// which, which end carries it, and what it is called seen from that end.
type Rule struct {
	Type           string
	Source, Target string // component types
	Carrier        End
	Carried        string // the relation's name on the carrier's record
}

// rules is the one declaration of all relations between component types. The carried name is the
// word of the OpenTelemetry specification where it has one, else the inverse of the type.
var rules = []Rule{
	{BelongsTo, TypeNode, TypeCluster, Source, "part_of"},
	{ScheduledOn, TypePod, TypeNode, Source, "scheduled_on"},
	{RunsOn, TypeContainer, TypeNode, Source, "runs_on"},
	{Encloses, TypePod, TypeContainer, Target, "part_of"},
	{Encloses, TypeNamespace, TypeDeployment, Target, "part_of"},
	{Encloses, TypeNamespace, TypeReplicaSet, Target, "part_of"},
	{Encloses, TypeNamespace, TypeService, Target, "part_of"},
	{Encloses, TypeNamespace, TypePod, Target, "part_of"},
	{Controls, TypeDeployment, TypeReplicaSet, Target, "controlled_by"},
	{Controls, TypeReplicaSet, TypePod, Target, "controlled_by"},
	{Controls, TypeDeployment, TypePod, Target, "controlled_by"},
	{Controls, TypeDaemonSet, TypePod, Target, "controlled_by"},
	{Controls, TypeStatefulSet, TypePod, Target, "controlled_by"},
	{Controls, TypeJob, TypePod, Target, "controlled_by"},
	{Exposes, TypeService, TypePod, Target, "exposed_by"},
}

// Rules returns the declared relations.
func Rules() []Rule { return append([]Rule(nil), rules...) }

// RuleFor returns the declaration of a relation between components of the given types. A relation
// nobody declared is carried by its source under its own name; then declared is false.
func RuleFor(relationType, sourceType, targetType string) (rule Rule, declared bool) {
	for _, r := range rules {
		if r.Type == relationType && r.Source == sourceType && r.Target == targetType {
			return r, true
		}
	}
	return Rule{relationType, sourceType, targetType, Source, relationType}, false
}

// RuleCarried returns the declaration of the relation that a record of the carrier's type names
// carried towards a component of the other type; it is the inverse of RuleFor.
func RuleCarried(carried, carrierType, otherType string) (rule Rule, declared bool) {
	for _, r := range rules {
		ends := [2]string{r.Source, r.Target}
		if r.Carried == carried && ends[r.Carrier] == carrierType && ends[1-r.Carrier] == otherType {
			return r, true
		}
	}
	return Rule{carried, carrierType, otherType, Source, carried}, false
}
