package harness

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const in = "urn:kubernetes:/c:shop:" // what the external ids of the namespace begin with

func meta(name string, owners ...string) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Name: name, Namespace: "shop"}
	for _, owner := range owners {
		version := map[string]string{"Job": "batch/v1", "Node": "v1", "Rollout": "argoproj.io/v1alpha1"}[owner]
		if version == "" {
			version = "apps/v1"
		}
		m.OwnerReferences = append(m.OwnerReferences, metav1.OwnerReference{APIVersion: version, Kind: owner, Name: "owner"})
	}
	return m
}

func shop() []corev1.Namespace {
	return []corev1.Namespace{{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}}
}

func node(name string) corev1.Node { return corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}} }

func relations(v View) []string {
	var all []string
	for r := range v.Relations {
		all = append(all, r.String())
	}
	slices.Sort(all)
	return all
}

func TestWantRelations(t *testing.T) {
	t.Parallel()
	owner := meta("owner")
	for name, tc := range map[string]struct {
		objects Objects
		want    []string
	}{
		"node belongs to cluster": {
			Objects{Nodes: []corev1.Node{node("n1")}},
			[]string{"urn:kubernetes:/c:node/n1 -belongs_to-> urn:cluster:/kubernetes:c"},
		},
		"pod without owner": {
			Objects{Namespaces: shop(), Pods: []corev1.Pod{{ObjectMeta: meta("p")}}},
			[]string{"urn:kubernetes:/c:namespace/shop -encloses-> " + in + "pod/p"},
		},
		"static pod": {
			Objects{Namespaces: shop(), Pods: []corev1.Pod{{ObjectMeta: meta("p", "Node")}}},
			[]string{"urn:kubernetes:/c:namespace/shop -encloses-> " + in + "pod/p"},
		},
		"pod of a kind nobody knows": {
			Objects{Namespaces: shop(), Pods: []corev1.Pod{{ObjectMeta: meta("p", "Rollout")}}},
			[]string{"urn:kubernetes:/c:namespace/shop -encloses-> " + in + "pod/p"},
		},
		"pod of a kind not collected": {
			Objects{Namespaces: shop(), Pods: []corev1.Pod{{ObjectMeta: meta("p", "DaemonSet")}}}, nil,
		},
		"pod of a replica set": {
			Objects{Pods: []corev1.Pod{{ObjectMeta: meta("p", "ReplicaSet")}}, ReplicaSets: []appsv1.ReplicaSet{{ObjectMeta: owner}}},
			[]string{in + "replicaset/owner -controls-> " + in + "pod/p"},
		},
		"pod of a replica set that is gone": {
			Objects{Namespaces: shop(), Pods: []corev1.Pod{{ObjectMeta: meta("p", "ReplicaSet")}}}, nil,
		},
		"replica set of a deployment": {
			Objects{ReplicaSets: []appsv1.ReplicaSet{{ObjectMeta: meta("r", "Deployment")}}, Deployments: []appsv1.Deployment{{ObjectMeta: owner}}},
			[]string{in + "deployment/owner -controls-> " + in + "replicaset/r"},
		},
		"replica set without owner": {
			Objects{Namespaces: shop(), ReplicaSets: []appsv1.ReplicaSet{{ObjectMeta: meta("r")}}},
			[]string{"urn:kubernetes:/c:namespace/shop -encloses-> " + in + "replicaset/r"},
		},
		"deployment and service in a namespace": {
			Objects{Namespaces: shop(), Deployments: []appsv1.Deployment{{ObjectMeta: owner}}, Services: []corev1.Service{{ObjectMeta: meta("s")}}},
			[]string{
				"urn:kubernetes:/c:namespace/shop -encloses-> " + in + "deployment/owner",
				"urn:kubernetes:/c:namespace/shop -encloses-> " + in + "service/s",
			},
		},
		"service exposes the pods of its slices": {
			Objects{
				Services: []corev1.Service{{ObjectMeta: meta("s")}}, Pods: []corev1.Pod{{ObjectMeta: meta("p")}},
				EndpointSlices: []discoveryv1.EndpointSlice{slice("s", "p", "gone"), slice("s", "p"), slice("", "p")},
			},
			[]string{in + "service/s -exposes-> " + in + "pod/p"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, relations(Want("c", tc.objects)))
		})
	}
}

func slice(service string, pods ...string) discoveryv1.EndpointSlice {
	s := discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop"}}
	if service != "" {
		s.Labels = map[string]string{"kubernetes.io/service-name": service}
	}
	for _, name := range pods {
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: name}})
	}
	return s
}

func TestWantContainersOfScheduledPods(t *testing.T) {
	t.Parallel()
	status := corev1.PodStatus{
		ContainerStatuses:          []corev1.ContainerStatus{{Name: "app"}},
		InitContainerStatuses:      []corev1.ContainerStatus{{Name: "setup"}},
		EphemeralContainerStatuses: []corev1.ContainerStatus{{Name: "debug"}},
	}
	v := Want("c", Objects{Nodes: []corev1.Node{node("n1")}, Pods: []corev1.Pod{
		{ObjectMeta: meta("placed"), Spec: corev1.PodSpec{NodeName: "n1"}, Status: status},
		{ObjectMeta: meta("waiting"), Status: status},
	}})
	require.Equal(t, map[string]int{"cluster": 1, "node": 1, "pod": 2, "container": 3}, v.ComponentCounts())
	require.Equal(t, map[string]int{
		"node belongs_to cluster": 1, "pod scheduled_on node": 1, "pod encloses container": 3, "container runs_on node": 3,
	}, v.RelationCounts())
	require.Equal(t, Component{Type: "container", Name: "setup", Tags: map[string]string{
		"cluster-name": "c", "cluster-type": "kubernetes", "component-type": "kubernetes-container", "namespace": "shop",
	}}, v.Components[in+"pod/placed:container/setup"])
}

func TestWantTags(t *testing.T) {
	t.Parallel()
	object := meta("x")
	object.Labels = map[string]string{"app": "cart", "namespace": "not this one"}
	v := Want("c", Objects{
		Pods:     []corev1.Pod{{ObjectMeta: object, Spec: corev1.PodSpec{ServiceAccountName: "robot"}}},
		Services: []corev1.Service{{ObjectMeta: object, Spec: corev1.ServiceSpec{Type: "ClusterIP", ClusterIP: "None"}}},
	})
	common := map[string]string{"app": "cart", "namespace": "shop", "cluster-name": "c", "cluster-type": "kubernetes"}
	for id, own := range map[string]map[string]string{
		in + "pod/x":     {"component-type": "kubernetes-pod", "service-account": "robot"},
		in + "service/x": {"component-type": "kubernetes-service", "service-type": "ClusterIP", "service": "headless"},
	} {
		maps.Copy(own, common)
		require.Equal(t, own, v.Components[id].Tags)
	}
}

func TestWithinKeepsNamespacesAndWhatHasNone(t *testing.T) {
	t.Parallel()
	other := metav1.ObjectMeta{Name: "p", Namespace: "other"}
	objects := Objects{
		Nodes:      []corev1.Node{node("n1")},
		Namespaces: append(shop(), corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "other"}}),
		Pods: []corev1.Pod{
			{ObjectMeta: meta("p"), Spec: corev1.PodSpec{NodeName: "n1"}, Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "app"}}}},
			{ObjectMeta: other, Spec: corev1.PodSpec{NodeName: "n1"}},
		},
	}
	whole := Want("c", objects)
	objects.Namespaces, objects.Pods = objects.Namespaces[:1], objects.Pods[:1]
	require.NoError(t, Diff(Want("c", objects), whole.Within("shop")).Err())
}
