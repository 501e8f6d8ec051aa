package k8stopologyreceiver

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// fakeCluster is client-go's fake API server with rights that can be taken away.
type fakeCluster struct {
	*fake.Clientset
	mu        sync.Mutex
	forbidden map[string]bool
	watches   map[string][]watch.Interface
}

func newFakeCluster(objects ...runtime.Object) *fakeCluster {
	c := &fakeCluster{
		Clientset: fake.NewClientset(objects...),
		forbidden: map[string]bool{},
		watches:   map[string][]watch.Interface{},
	}
	c.PrependReactor("list", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		err := c.refusal(action)
		return err != nil, nil, err
	})
	c.PrependWatchReactor("*", func(action clienttesting.Action) (bool, watch.Interface, error) {
		if err := c.refusal(action); err != nil {
			return true, nil, err
		}
		w, err := c.Tracker().Watch(action.GetResource(), action.GetNamespace())
		if err == nil {
			c.mu.Lock()
			c.watches[action.GetResource().Resource] = append(c.watches[action.GetResource().Resource], w)
			c.mu.Unlock()
		}
		return true, w, err
	})
	return c
}

func (c *fakeCluster) refusal(action clienttesting.Action) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if resource := action.GetResource(); c.forbidden[resource.Resource] {
		return apierrors.NewForbidden(resource.GroupResource(), "", errors.New("no role allows it"))
	}
	return nil
}

func (c *fakeCluster) forbid(resource string, forbidden bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forbidden[resource] = forbidden
}

// closeWatches ends the open watches of a resource, as a server does now and then.
func (c *fakeCluster) closeWatches(resource string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.watches[resource] {
		w.Stop()
	}
	c.watches[resource] = nil
}

func (c *fakeCluster) create(t *testing.T, obj runtime.Object) {
	t.Helper()
	require.NoError(t, c.Tracker().Add(obj))
}

var groups = map[string]schema.GroupVersion{
	"pods":           corev1.SchemeGroupVersion,
	"replicasets":    appsv1.SchemeGroupVersion,
	"endpointslices": discoveryv1.SchemeGroupVersion,
}

func (c *fakeCluster) remove(t *testing.T, resource, namespace, name string) {
	t.Helper()
	require.NoError(t, c.Tracker().Delete(groups[resource].WithResource(resource), namespace, name))
}

// cluster is a node with one pod of a deployment behind a service.
func cluster() []runtime.Object {
	return []runtime.Object{
		namespace("kube-system"),
		namespace("shop"),
		&corev1.Node{ObjectMeta: object("", "n1")},
		&appsv1.Deployment{ObjectMeta: object("shop", "cart")},
		&appsv1.ReplicaSet{ObjectMeta: owned(object("shop", "cart-1"), "Deployment", "cart")},
		&corev1.Service{ObjectMeta: object("shop", "cart")},
		slice("cart-x", "cart", "cart-1-a"),
		pod("cart-1-a", "n1"),
	}
}

func object(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID("uid of " + namespace + "/" + name), ResourceVersion: "1"}
}

func owned(m metav1.ObjectMeta, kind, name string) metav1.ObjectMeta {
	m.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: name}}
	return m
}

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: object("", name)}
}

func pod(name, node string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: owned(object("shop", name), "ReplicaSet", "cart-1"),
		Spec:       corev1.PodSpec{NodeName: node},
		Status:     corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "main"}}},
	}
}

func slice(name, service, pod string) *discoveryv1.EndpointSlice {
	m := object("shop", name)
	m.Labels = map[string]string{discoveryv1.LabelServiceName: service}
	return &discoveryv1.EndpointSlice{
		ObjectMeta: m,
		Endpoints: []discoveryv1.Endpoint{{
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: pod},
		}},
	}
}
