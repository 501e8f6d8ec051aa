package kind

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

var replicaSet = Row[*appsv1.ReplicaSet]{
	Name:     nameReplicaSet,
	Resource: appsv1.SchemeGroupVersion.WithResource("replicasets"),
	Open: func(c kubernetes.Interface) cache.ListerWatcher {
		return open(c, c.AppsV1().ReplicaSets(allNamespaces))
	},
	Slim: func(r *appsv1.ReplicaSet) *appsv1.ReplicaSet {
		return &appsv1.ReplicaSet{
			ObjectMeta: slimMeta(r.ObjectMeta),
			Spec:       appsv1.ReplicaSetSpec{Replicas: r.Spec.Replicas},
		}
	},
	Build: func(env Env, r *appsv1.ReplicaSet) []topology.Component {
		c := component(env, topology.TypeReplicaSet, r.ObjectMeta)
		c.Data["desiredReplicas"] = number(r.Spec.Replicas)
		return []topology.Component{c}
	},
	Relations: func(env Env, _ View, r *appsv1.ReplicaSet) []topology.Relation {
		return ownedOrEnclosed(env, topology.TypeReplicaSet, r.ObjectMeta)
	},
}
