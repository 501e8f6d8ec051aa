package kind

import (
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// slimMeta keeps what component and relationTo* read of an object's metadata, and the resource
// version, by which the cache tells a change from a repetition.
func slimMeta(m metav1.ObjectMeta) metav1.ObjectMeta {
	slim := metav1.ObjectMeta{
		Name:              m.Name,
		GenerateName:      m.GenerateName,
		Namespace:         m.Namespace,
		UID:               m.UID,
		ResourceVersion:   m.ResourceVersion,
		CreationTimestamp: m.CreationTimestamp,
		Labels:            m.Labels,
	}
	for _, owner := range m.OwnerReferences {
		slim.OwnerReferences = append(slim.OwnerReferences, metav1.OwnerReference{
			APIVersion: owner.APIVersion, Kind: owner.Kind, Name: owner.Name,
		})
	}
	return slim
}

// component is the part of a component that every API object has alike.
func component(env Env, componentType string, m metav1.ObjectMeta) topology.Component {
	data := map[string]any{"uid": string(m.UID)}
	if !m.CreationTimestamp.IsZero() {
		data["creationTimestamp"] = timestamp(m.CreationTimestamp)
	}
	if m.GenerateName != "" {
		data["generateName"] = m.GenerateName
	}
	return topology.Component{
		Ref: topology.Ref{
			ID:     env.Naming.ObjectURN(componentType, m.Namespace, m.Name),
			Type:   componentType,
			Entity: topology.EntityID{{Key: uidKey(componentType), Value: string(m.UID)}},
		},
		Name:      m.Name,
		Cluster:   env.Naming.Cluster,
		Namespace: m.Namespace,
		Labels:    m.Labels,
		Data:      data,
	}
}

// uidKey is the attribute that identifies an API object, as the semantic conventions spell it.
func uidKey(componentType string) string { return topology.EntityType(componentType) + ".uid" }

func timestamp(t metav1.Time) string { return t.UTC().Format(time.RFC3339) }

// owners are the kinds of owner that make a controls relation, by API group and kind.
var owners = map[string]string{
	"apps/Deployment":  topology.TypeDeployment,
	"apps/ReplicaSet":  topology.TypeReplicaSet,
	"apps/DaemonSet":   topology.TypeDaemonSet,
	"apps/StatefulSet": topology.TypeStatefulSet,
	"batch/Job":        topology.TypeJob,
}

// ownedOrEnclosed relates an object to its owners or, if it has none that is a component type, to
// its namespace.
func ownedOrEnclosed(env Env, componentType string, m metav1.ObjectMeta) []topology.Relation {
	self := env.Naming.ObjectURN(componentType, m.Namespace, m.Name)
	var relations []topology.Relation
	for _, owner := range m.OwnerReferences {
		group, _, _ := strings.Cut(owner.APIVersion, "/")
		if ownerType, ok := owners[group+"/"+owner.Kind]; ok {
			relations = append(relations, topology.Relation{
				Type:   topology.Controls,
				Source: env.Naming.ObjectURN(ownerType, m.Namespace, owner.Name),
				Target: self,
			})
		}
	}
	if len(relations) == 0 {
		relations = append(relations, enclosed(env, componentType, m))
	}
	return relations
}

// enclosed relates an object to its namespace.
func enclosed(env Env, componentType string, m metav1.ObjectMeta) topology.Relation {
	return topology.Relation{
		Type:   topology.Encloses,
		Source: env.Naming.ObjectURN(topology.TypeNamespace, "", m.Namespace),
		Target: env.Naming.ObjectURN(componentType, m.Namespace, m.Name),
	}
}
