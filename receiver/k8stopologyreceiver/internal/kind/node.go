package kind

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

var node = Row[*corev1.Node]{
	Name:     nameNode,
	Resource: corev1.SchemeGroupVersion.WithResource("nodes"),
	Open: func(c kubernetes.Interface) cache.ListerWatcher {
		return open(c, c.CoreV1().Nodes())
	},
	Slim: func(n *corev1.Node) *corev1.Node {
		return &corev1.Node{
			ObjectMeta: slimMeta(n.ObjectMeta),
			Spec:       corev1.NodeSpec{ProviderID: n.Spec.ProviderID},
			Status: corev1.NodeStatus{
				Phase:           n.Status.Phase,
				Addresses:       n.Status.Addresses,
				NodeInfo:        n.Status.NodeInfo,
				DaemonEndpoints: n.Status.DaemonEndpoints,
			},
		}
	},
	Build: func(env Env, n *corev1.Node) []topology.Component {
		c := component(env, topology.TypeNode, n.ObjectMeta)
		c.Identifiers = nodeIdentifiers(env, n)
		// Both names of the host are there because older and newer servers read different ones.
		c.Data["instanceId"] = env.Naming.HostName(n.Name)
		c.Data["sts_host"] = env.Naming.HostName(n.Name)
		c.Data["status"] = nodeStatus(n.Status)
		return []topology.Component{c}
	},
	Relations: func(env Env, _ View, n *corev1.Node) []topology.Relation {
		return []topology.Relation{{
			Type:   topology.BelongsTo,
			Source: env.Naming.ObjectURN(topology.TypeNode, "", n.Name),
			Target: env.Naming.ClusterURN(),
		}}
	},
}

// nodeIdentifiers are the names under which cloud integrations and the node side know the host.
func nodeIdentifiers(env Env, n *corev1.Node) []string {
	cluster := env.Naming.Cluster
	var ids []string
	for _, a := range n.Status.Addresses {
		switch a.Type {
		case corev1.NodeInternalIP:
			ids = append(ids, "urn:ip:/"+cluster+":"+n.Name+":"+a.Address)
		case corev1.NodeExternalIP:
			ids = append(ids, "urn:ip:/"+cluster+":"+a.Address)
		case corev1.NodeInternalDNS:
			ids = append(ids, "urn:host:/"+cluster+":"+a.Address)
		case corev1.NodeExternalDNS:
			ids = append(ids, "urn:host:/"+a.Address)
		}
	}
	if azure, ok := strings.CutPrefix(n.Spec.ProviderID, "azure:///"); ok {
		ids = append(ids, "urn:azure:/"+azure, "urn:azure:/"+strings.ToUpper(azure))
	}
	return append(ids, "urn:host:/"+env.Naming.HostName(n.Name))
}

func nodeStatus(s corev1.NodeStatus) map[string]any {
	status := map[string]any{
		"nodeInfo": map[string]any{
			"architecture":            s.NodeInfo.Architecture,
			"bootID":                  s.NodeInfo.BootID,
			"containerRuntimeVersion": s.NodeInfo.ContainerRuntimeVersion,
			"kernelVersion":           s.NodeInfo.KernelVersion,
			"kubeProxyVersion":        s.NodeInfo.KubeProxyVersion, //nolint:staticcheck // older servers read it
			"kubeletVersion":          s.NodeInfo.KubeletVersion,
			"machineID":               s.NodeInfo.MachineID,
			"operatingSystem":         s.NodeInfo.OperatingSystem,
			"osImage":                 s.NodeInfo.OSImage,
			"systemUUID":              s.NodeInfo.SystemUUID,
		},
		"kubeletEndpoint": map[string]any{"Port": int64(s.DaemonEndpoints.KubeletEndpoint.Port)},
	}
	if s.Phase != "" {
		status["phase"] = string(s.Phase)
	}
	return status
}
