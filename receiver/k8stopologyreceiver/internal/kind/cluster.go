package kind

import (
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// ClusterKey names the cluster itself, which is no API object.
var ClusterKey = Key{Kind: "cluster"}

// systemNamespace is the namespace whose UID identifies the cluster, as the semantic conventions
// have it for k8s.cluster.uid.
const systemNamespace = "kube-system"

// SystemNamespace names the object Cluster reads the UID of.
var SystemNamespace = Key{nameNamespace, cache.ObjectName{Name: systemNamespace}}

// Cluster is the component of the cluster. While its UID is not known its name identifies it.
func Cluster(env Env, uid types.UID) topology.Component {
	identity := topology.Attribute{Key: "k8s.cluster.uid", Value: string(uid)}
	if uid == "" {
		identity = topology.Attribute{Key: "k8s.cluster.name", Value: env.Naming.Cluster}
	}
	return topology.Component{
		Ref: topology.Ref{
			ID:     env.Naming.ClusterURN(),
			Type:   topology.TypeCluster,
			Entity: topology.EntityID{identity},
		},
		Name:    env.Naming.Cluster,
		Cluster: env.Naming.Cluster,
	}
}
