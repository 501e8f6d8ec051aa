package kind

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// Names of the rows.
const (
	nameNamespace     = "namespace"
	nameNode          = "node"
	nameService       = "service"
	nameDeployment    = "deployment"
	nameReplicaSet    = "replicaset"
	namePod           = "pod"
	nameEndpointSlice = "endpointslice"
)

// All is the one list of kinds. Watches, permissions, configuration and documentation range over
// it. The order is that of reporting: the far end of a relation before the kind that carries it.
func All() []Kind {
	return []Kind{
		kindOf(namespace, &corev1.Namespace{}),
		kindOf(node, &corev1.Node{}),
		kindOf(service, &corev1.Service{}),
		kindOf(deployment, &appsv1.Deployment{}),
		kindOf(replicaSet, &appsv1.ReplicaSet{}),
		kindOf(pod, &corev1.Pod{}),
		kindOf(endpointSlice, &discoveryv1.EndpointSlice{}),
	}
}
