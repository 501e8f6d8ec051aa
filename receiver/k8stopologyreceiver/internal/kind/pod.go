package kind

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

const allNamespaces = metav1.NamespaceAll

var pod = Row[*corev1.Pod]{
	Name:     namePod,
	Resource: corev1.SchemeGroupVersion.WithResource("pods"),
	Open: func(c kubernetes.Interface) cache.ListerWatcher {
		return open(c, c.CoreV1().Pods(allNamespaces))
	},
	Slim: slimPod,
	Build: func(env Env, p *corev1.Pod) []topology.Component {
		c := component(env, topology.TypePod, p.ObjectMeta)
		c.Identifiers = []string{}
		if ip := p.Status.PodIP; ip != "" {
			c.Identifiers = append(c.Identifiers, "urn:ip:/"+env.Naming.Cluster+":"+p.Namespace+":"+p.Name+":"+ip)
		}
		if account := p.Spec.ServiceAccountName; account != "" {
			c.Tags = map[string]string{"service-account": account}
		}
		c.Data["restartPolicy"] = string(p.Spec.RestartPolicy)
		c.Data["status"] = map[string]any{"phase": string(p.Status.Phase)}
		return append([]topology.Component{c}, containers(env, p)...)
	},
	Relations: func(env Env, view View, p *corev1.Pod) []topology.Relation {
		self := env.Naming.ObjectURN(topology.TypePod, p.Namespace, p.Name)
		relations := ownedOrEnclosed(env, topology.TypePod, p.ObjectMeta)
		if p.Spec.NodeName != "" {
			relations = append(relations, topology.Relation{
				Type:   topology.ScheduledOn,
				Source: self,
				Target: env.Naming.ObjectURN(topology.TypeNode, "", p.Spec.NodeName),
			})
		}
		relations = append(relations, exposed(env, view, p.Namespace, p.Name)...)
		return append(relations, containerRelations(env, p)...)
	},
}

func slimPod(p *corev1.Pod) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: slimMeta(p.ObjectMeta),
		Spec: corev1.PodSpec{
			NodeName:           p.Spec.NodeName,
			RestartPolicy:      p.Spec.RestartPolicy,
			ServiceAccountName: p.Spec.ServiceAccountName,
			InitContainers:     slimContainers(p.Spec.InitContainers),
			Containers:         slimContainers(p.Spec.Containers),
		},
		Status: corev1.PodStatus{
			Phase:                      p.Status.Phase,
			PodIP:                      p.Status.PodIP,
			InitContainerStatuses:      slimStatuses(p.Status.InitContainerStatuses),
			ContainerStatuses:          slimStatuses(p.Status.ContainerStatuses),
			EphemeralContainerStatuses: slimStatuses(p.Status.EphemeralContainerStatuses),
		},
	}
}
