package topology

import (
	"fmt"
	"strings"
)

// URN identifies a component across all sources, for example
// "urn:kubernetes:/prod-eu-1:shop:pod/cart-0".
type URN string

// Flavours of a Kubernetes cluster, as they appear in URNs.
const (
	FlavourKubernetes = "kubernetes"
	FlavourOpenShift  = "openshift"
)

// Naming makes the URNs of one cluster's components. No part is escaped or changed in case.
type Naming struct {
	Flavour string // FlavourKubernetes or FlavourOpenShift
	Cluster string // cluster name as configured
}

// ClusterURN identifies the cluster itself.
func (n Naming) ClusterURN() URN { return URN("urn:cluster:/" + n.Flavour + ":" + n.Cluster) }

// ObjectURN identifies the component of an API object. The namespace is empty for the kinds
// that have none.
func (n Naming) ObjectURN(componentType, namespace, name string) URN {
	prefix := "urn:" + n.Flavour + ":/" + n.Cluster + ":"
	if namespace != "" {
		prefix += namespace + ":"
	}
	return URN(prefix + componentType + "/" + name)
}

// ContainerURN identifies a container of a pod.
func (n Naming) ContainerURN(namespace, pod, container string) URN {
	return n.ObjectURN(TypePod, namespace, pod) + URN(":"+TypeContainer+"/"+container)
}

// HostName is the name under which the node side of the cluster reports a node.
func (n Naming) HostName(node string) string { return node + "-" + n.Cluster }

// Parts are the parts of a URN made by Naming.
type Parts struct {
	Naming
	Type      string // component type
	Namespace string // empty for kinds without a namespace
	Name      string
	Pod       string // for containers only
}

// Parse is the inverse of the functions of Naming. The error names the URN and what is wrong.
// It accepts cluster names with colons and slashes.
func Parse(urn URN) (Parts, error) {
	if rest, ok := strings.CutPrefix(string(urn), "urn:cluster:/"); ok {
		flavour, cluster, ok := strings.Cut(rest, ":")
		if !ok || !knownFlavour(flavour) || cluster == "" {
			return Parts{}, fmt.Errorf("URN %q: want urn:cluster:/<flavour>:<cluster>", urn)
		}
		return Parts{Naming: Naming{flavour, cluster}, Type: TypeCluster, Name: cluster}, nil
	}
	flavour, rest, ok := strings.Cut(strings.TrimPrefix(string(urn), "urn:"), ":/")
	if !ok || !strings.HasPrefix(string(urn), "urn:") || !knownFlavour(flavour) {
		return Parts{}, fmt.Errorf("URN %q: want it to start with urn:%s:/ or urn:%s:/", urn, FlavourKubernetes, FlavourOpenShift)
	}
	scope, componentType, name, err := cutObject(urn, rest)
	if err != nil {
		return Parts{}, err
	}
	parts := Parts{Naming: Naming{Flavour: flavour}, Type: componentType, Name: name}
	if componentType == TypeContainer {
		var podType string
		if scope, podType, parts.Pod, err = cutObject(urn, scope); err != nil {
			return Parts{}, err
		}
		if podType != TypePod || strings.Contains(parts.Pod, ":") {
			return Parts{}, fmt.Errorf("URN %q: a container belongs to a pod", urn)
		}
	}
	parts.Cluster = scope
	if namespaced(componentType) {
		i := strings.LastIndexByte(scope, ':')
		if i < 0 || i == len(scope)-1 {
			return Parts{}, fmt.Errorf("URN %q: a %s has a namespace", urn, componentType)
		}
		parts.Cluster, parts.Namespace = scope[:i], scope[i+1:]
	}
	if strings.Contains(parts.Namespace, "/") {
		return Parts{}, fmt.Errorf("URN %q: namespace %q holds a slash", urn, parts.Namespace)
	}
	if parts.Cluster == "" {
		return Parts{}, fmt.Errorf("URN %q: no cluster name", urn)
	}
	return parts, nil
}

// cutObject cuts "<scope>:<type>/<name>". Names of API objects hold no slash, so the last slash
// is the one before the name, whatever the cluster is called.
func cutObject(urn URN, s string) (scope, componentType, name string, err error) {
	slash := strings.LastIndexByte(s, '/')
	colon := strings.LastIndexByte(s[:max(slash, 0)], ':')
	if slash < 0 || colon < 0 || slash == len(s)-1 {
		return "", "", "", fmt.Errorf("URN %q: want …:<type>/<name>", urn)
	}
	componentType = s[colon+1 : slash]
	if !Known(componentType) || componentType == TypeCluster {
		return "", "", "", fmt.Errorf("URN %q: unknown component type %q", urn, componentType)
	}
	return s[:colon], componentType, s[slash+1:], nil
}

func namespaced(componentType string) bool {
	return types[Rank(componentType)].namespaced
}

func knownFlavour(f string) bool { return f == FlavourKubernetes || f == FlavourOpenShift }
