package kind

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

var namespace = Row[*corev1.Namespace]{
	Name:     nameNamespace,
	Resource: corev1.SchemeGroupVersion.WithResource("namespaces"),
	Open: func(c kubernetes.Interface) cache.ListerWatcher {
		return open(c, c.CoreV1().Namespaces())
	},
	Slim: func(n *corev1.Namespace) *corev1.Namespace {
		return &corev1.Namespace{
			ObjectMeta: slimMeta(n.ObjectMeta),
			Status:     corev1.NamespaceStatus{Phase: n.Status.Phase},
		}
	},
	Build: func(env Env, n *corev1.Namespace) []topology.Component {
		c := component(env, topology.TypeNamespace, n.ObjectMeta)
		c.Identifiers = []string{string(c.ID)}
		c.Data["status"] = map[string]any{"phase": string(n.Status.Phase)}
		return []topology.Component{c}
	},
	Touches: func(n *corev1.Namespace) []Key {
		if n.Name == systemNamespace {
			return []Key{ClusterKey}
		}
		return nil
	},
}
