package stackstateprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

type tags = map[string]string

func TestCompleteTags(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		facts       facts
		clusterType ClusterType
		want        tags
		overwritten int
	}{
		{
			name:  "cluster",
			facts: facts{Type: topology.TypeCluster, Cluster: "prod"},
			want:  tags{"cluster-name": "prod", "cluster-type": "kubernetes", "component-type": "kubernetes-cluster"},
		},
		{
			name:  "no namespace, no tag",
			facts: facts{Type: topology.TypeNode, Cluster: "prod", Labels: tags{"zone": "a"}},
			want:  tags{"zone": "a", "cluster-name": "prod", "cluster-type": "kubernetes", "component-type": "kubernetes-node"},
		},
		{
			name:  "labels, common tags and the component's own",
			facts: facts{Type: topology.TypePod, Cluster: "prod", Namespace: "shop", Labels: tags{"app": "cart", "empty": ""}, Tags: tags{"service-account": "robot"}},
			want: tags{
				"app": "cart", "empty": "", "service-account": "robot",
				"cluster-name": "prod", "namespace": "shop", "cluster-type": "kubernetes", "component-type": "kubernetes-pod",
			},
		},
		{
			name:        "a type of several words on OpenShift",
			facts:       facts{Type: topology.TypePersistentVolumeClaim, Cluster: "prod", Namespace: "shop"},
			clusterType: ClusterTypeOpenShift,
			want: tags{
				"cluster-name": "prod", "namespace": "shop", "cluster-type": "openshift", "component-type": "openshift-persistentvolumeclaim",
			},
		},
		{
			name: "common tags overwrite labels",
			facts: facts{Type: topology.TypePod, Cluster: "prod", Namespace: "shop", Labels: tags{
				"cluster-name": "blue", "namespace": "shop", "cluster-type": "kind", "component-type": "web",
			}},
			want:        tags{"cluster-name": "prod", "namespace": "shop", "cluster-type": "kubernetes", "component-type": "kubernetes-pod"},
			overwritten: 3, // the label namespace says what the tag says
		},
		{
			name:  "a label survives where the tag is not set",
			facts: facts{Type: topology.TypeNode, Cluster: "prod", Labels: tags{"namespace": "of the rack"}},
			want: tags{
				"namespace": "of the rack", "cluster-name": "prod", "cluster-type": "kubernetes", "component-type": "kubernetes-node",
			},
		},
		{
			name: "own tags overwrite labels and common tags",
			facts: facts{
				Type: topology.TypeService, Cluster: "prod", Namespace: "shop",
				Labels: tags{"service-type": "web", "app": "cart"}, Tags: tags{"service-type": "ClusterIP", "cluster-type": "rke2"},
			},
			want: tags{
				"app": "cart", "service-type": "ClusterIP",
				"cluster-name": "prod", "namespace": "shop", "cluster-type": "rke2", "component-type": "kubernetes-service",
			},
			overwritten: 1,
		},
		{
			name:  "foreign type: labels only",
			facts: facts{Type: "host", Cluster: "prod", Namespace: "shop", Labels: tags{"os": "linux", "env": "x"}, Tags: tags{"env": "test"}},
			want:  tags{"os": "linux", "env": "test"}, overwritten: 1,
		},
		{
			name:  "cluster unknown: labels only",
			facts: facts{Type: topology.TypeService, Namespace: "shop", Labels: tags{"app": "cart"}},
			want:  tags{"app": "cart"},
		},
		{name: "nothing known", want: tags{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			clusterType := tt.clusterType
			if clusterType == "" {
				clusterType = ClusterTypeKubernetes
			}
			got, overwritten := completeTags(tt.facts, clusterType)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.overwritten, overwritten)

			again := tt.facts
			again.Tags = got
			got, overwritten = completeTags(again, clusterType)
			assert.Equal(t, tt.want, got, "a second time changes nothing")
			assert.Equal(t, tt.overwritten, overwritten)
		})
	}
}

func TestCompleteTagsChangesNoInput(t *testing.T) {
	t.Parallel()
	f := facts{Type: topology.TypePod, Cluster: "prod", Labels: tags{"cluster-name": "x"}, Tags: tags{"a": "b"}}
	completeTags(f, ClusterTypeKubernetes)
	assert.Equal(t, facts{Type: topology.TypePod, Cluster: "prod", Labels: tags{"cluster-name": "x"}, Tags: tags{"a": "b"}}, f)
}
