package stackstateprocessor

import "github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"

// Tags that every component of a cluster has.
const (
	tagClusterName   = "cluster-name"
	tagNamespace     = "namespace"
	tagClusterType   = "cluster-type"
	tagComponentType = "component-type"
)

// facts are what the tags of a component follow from.
type facts struct {
	Type      string // component type
	Cluster   string // empty if unknown
	Namespace string // empty if none
	Labels    map[string]string
	Tags      map[string]string // those the component came with
}

// inCluster reports whether the component is part of a known Kubernetes cluster. Components of other
// systems have types of their own, or they share a word such as "service" but belong to no cluster.
func (f facts) inCluster() bool { return topology.Known(f.Type) && f.Cluster != "" }

// completeTags returns all tags of a component, and how many of its labels are not among them
// because a tag of the same name says something else. Labels come first, then the tags common to
// all components of the cluster, then those the component came with: each overwrites the ones
// before, so that completing a second time changes nothing.
func completeTags(f facts, clusterType ClusterType) (tags map[string]string, overwritten int) {
	tags = make(map[string]string, len(f.Labels)+len(f.Tags)+4)
	for key, value := range f.Labels {
		tags[key] = value
	}
	if f.inCluster() {
		tags[tagClusterName] = f.Cluster
		tags[tagClusterType] = string(clusterType)
		tags[tagComponentType] = string(clusterType) + "-" + topology.Word(f.Type)
		if f.Namespace != "" {
			tags[tagNamespace] = f.Namespace
		}
	}
	for key, value := range f.Tags {
		tags[key] = value
	}
	for key, value := range f.Labels {
		if tags[key] != value {
			overwritten++
		}
	}
	return tags, overwritten
}
