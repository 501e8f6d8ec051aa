package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// A relation comes and goes with each of its ends, although nothing happens to the object that
// declares it: a pod on a node that is not there yet, an endpoint slice of a service that is gone.
func TestRelationsFollowTheirEnds(t *testing.T) {
	t.Parallel()
	r := setup(t, 1)
	namespace, node := r.namespaces[0], r.cluster+"-node"
	pods, services := r.kube.CoreV1().Pods(namespace), r.kube.CoreV1().Services(namespace)
	r.start()
	r.snapshots(1)

	r.apply(namespace, oddShapes)
	_, err := pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "early"},
		Spec:       corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "x", Image: "example.invalid/x:1"}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	running := `{"status":{"phase":"Running","containerStatuses":[{"name":"x","image":"x","imageID":"","ready":true,"restartCount":0}]}}`
	_, err = pods.Patch(t.Context(), "early", types.StrategicMergePatchType, []byte(running), metav1.PatchOptions{}, "status")
	require.NoError(t, err)
	r.settled()
	r.holds("pod scheduled_on node", r.id("pod/early"), false)
	r.holds("service exposes pod", r.id("pod/by-hand.with-dots"), true)

	removeNode := func() {
		err := r.kube.CoreV1().Nodes().Delete(r.detached(), node, metav1.DeleteOptions{})
		require.True(t, err == nil || apierrors.IsNotFound(err), "%v", err)
	}
	_, err = r.kube.CoreV1().Nodes().Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(removeNode)
	require.NoError(t, services.Delete(t.Context(), "nobody", metav1.DeleteOptions{}))
	r.settled()
	r.holds("pod scheduled_on node", r.id("pod/early"), true)
	r.holds("container runs_on node", r.id("pod/early:container/x"), true)
	r.holds("service exposes pod", r.id("pod/by-hand.with-dots"), false)

	removeNode()
	r.apply(namespace, oddShapes)
	r.settled()
	r.holds("pod scheduled_on node", r.id("pod/early"), false)
	r.holds("service exposes pod", r.id("pod/by-hand.with-dots"), true)
}

// id is the external id of something in the first namespace.
func (r *rig) id(object string) string {
	return "urn:kubernetes:/" + r.cluster + ":" + r.namespaces[0] + ":" + object
}

// holds checks whether a relation of the kind, such as "pod scheduled_on node", with the component
// at one end has arrived. It keeps a test from comparing nothing with nothing.
func (r *rig) holds(kind, id string, want bool) {
	r.t.Helper()
	view, err := r.view()
	require.NoError(r.t, err)
	found := false
	for relation := range view.Relations {
		types := view.Components[relation.Source].Type + " " + relation.Type + " " + view.Components[relation.Target].Type
		found = found || types == kind && (relation.Source == id || relation.Target == id)
	}
	require.Equal(r.t, want, found, "%s of %s", kind, id)
}
