package topology

import "strings"

// Component types. The names are StackState's.
const (
	TypeCluster               = "cluster"
	TypeNamespace             = "namespace"
	TypeNode                  = "node"
	TypePersistentVolume      = "persistent-volume"
	TypeVolumeSource          = "volume-source"
	TypeConfigMap             = "configmap"
	TypeSecret                = "secret"
	TypePersistentVolumeClaim = "persistent-volume-claim"
	TypeService               = "service"
	TypeExternalService       = "external-service"
	TypeIngress               = "ingress"
	TypeEndpoint              = "endpoint"
	TypeCronJob               = "cronjob"
	TypeDeployment            = "deployment"
	TypeDaemonSet             = "daemonset"
	TypeStatefulSet           = "statefulset"
	TypeJob                   = "job"
	TypeReplicaSet            = "replicaset"
	TypePod                   = "pod"
	TypeVolume                = "volume"
	TypeContainer             = "container"
)

// types lists the known component types, the usually longer-lived first: the order in which
// components are reported, so that the far end of a relation precedes the record that carries it.
var types = []struct {
	name       string
	namespaced bool
}{
	{TypeCluster, false},
	{TypeNamespace, false},
	{TypeNode, false},
	{TypePersistentVolume, false},
	{TypeVolumeSource, false},
	{TypeConfigMap, true},
	{TypeSecret, true},
	{TypePersistentVolumeClaim, true},
	{TypeService, true},
	{TypeExternalService, true},
	{TypeIngress, true},
	{TypeEndpoint, true},
	{TypeCronJob, true},
	{TypeDeployment, true},
	{TypeDaemonSet, true},
	{TypeStatefulSet, true},
	{TypeJob, true},
	{TypeReplicaSet, true},
	{TypePod, true},
	{TypeVolume, true},
	{TypeContainer, true},
}

// Prefixes of entity types: k8s for the types known here, as the semantic conventions spell them,
// stackstate for any other component type.
const (
	kubernetesEntity = "k8s."
	foreignEntity    = "stackstate."
)

// Rank orders component types for reporting; a type of a higher rank may carry relations to one
// of a lower rank. Unknown types come last.
func Rank(componentType string) int {
	for i := range types {
		if types[i].name == componentType {
			return i
		}
	}
	return len(types)
}

// Known reports whether the type is one of Kubernetes' listed here.
func Known(componentType string) bool { return Rank(componentType) < len(types) }

// Word is a component type as it is spelled inside tags and entity types: without dashes.
func Word(componentType string) string { return strings.ReplaceAll(componentType, "-", "") }

// EntityType returns the OpenTelemetry entity type of a component type: "k8s.pod" for "pod",
// "k8s.persistentvolumeclaim" for "persistent-volume-claim", "stackstate.host" for "host".
func EntityType(componentType string) string {
	if Known(componentType) {
		return kubernetesEntity + Word(componentType)
	}
	return foreignEntity + componentType
}

// ComponentType is the inverse of EntityType. An entity type of somebody else's making is its own
// component type.
func ComponentType(entityType string) string {
	if foreign, ok := strings.CutPrefix(entityType, foreignEntity); ok {
		return foreign
	}
	if word, ok := strings.CutPrefix(entityType, kubernetesEntity); ok {
		for i := range types {
			if Word(types[i].name) == word {
				return types[i].name
			}
		}
	}
	return entityType
}
