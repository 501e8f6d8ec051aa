package kind

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

var deployment = Row[*appsv1.Deployment]{
	Name:     nameDeployment,
	Resource: appsv1.SchemeGroupVersion.WithResource("deployments"),
	Open: func(c kubernetes.Interface) cache.ListerWatcher {
		return open(c, c.AppsV1().Deployments(allNamespaces))
	},
	Slim: func(d *appsv1.Deployment) *appsv1.Deployment {
		return &appsv1.Deployment{
			ObjectMeta: slimMeta(d.ObjectMeta),
			Spec: appsv1.DeploymentSpec{
				Replicas: d.Spec.Replicas,
				Strategy: appsv1.DeploymentStrategy{Type: d.Spec.Strategy.Type},
			},
		}
	},
	Build: func(env Env, d *appsv1.Deployment) []topology.Component {
		c := component(env, topology.TypeDeployment, d.ObjectMeta)
		c.Data["desiredReplicas"] = number(d.Spec.Replicas)
		c.Data["deploymentStrategy"] = string(d.Spec.Strategy.Type)
		return []topology.Component{c}
	},
	Relations: func(env Env, _ View, d *appsv1.Deployment) []topology.Relation {
		return []topology.Relation{enclosed(env, topology.TypeDeployment, d.ObjectMeta)}
	},
}

// number is the value of an optional integer, or nil.
func number(n *int32) any {
	if n == nil {
		return nil
	}
	return int64(*n)
}
