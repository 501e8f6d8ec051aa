package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What happened while the collector was down must be at the intake once it runs again, whichever
// way it ended.
func TestChangesWhileTheCollectorIsDown(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*rig){"SIGTERM": (*rig).stop, "SIGKILL": (*rig).kill} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, 2)
			kept, dropped := r.namespaces[0], r.namespaces[1]
			r.apply(kept, shop)
			r.apply(dropped, more)
			r.start()
			r.snapshots(1)
			r.podsRunning(kept, 4)
			r.settled()

			end(r)
			r.apply(kept, more)
			r.scale(kept, "cart", 1)
			ctx, kube := t.Context(), r.kube
			require.NoError(t, kube.CoreV1().Services(kept).Delete(ctx, "cart", metav1.DeleteOptions{}))
			require.NoError(t, kube.CoreV1().Namespaces().Delete(ctx, dropped, metav1.DeleteOptions{}))
			r.replacePod(kept, "toolbox")
			r.namespaceGone(dropped)
			r.podsRunning(kept, 3)

			r.start()
			r.snapshots(2)
			r.settled()
			r.nothingOf(dropped)
			// Still alive, not only right once.
			r.scale(kept, "cart", 2)
			r.podsRunning(kept, 4)
			r.settled()
		})
	}
}

// replacePod replaces a pod at once by another one of the same name, which never runs: KWOK now and
// then overlooks so quick a successor.
func (r *rig) replacePod(namespace, name string) {
	r.t.Helper()
	pods, now := r.kube.CoreV1().Pods(namespace), int64(0)
	require.NoError(r.t, pods.Delete(r.t.Context(), name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
	_, err := pods.Create(r.t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "another"}},
		Spec: corev1.PodSpec{
			SchedulingGates: []corev1.PodSchedulingGate{{Name: "example.com/never"}},
			Containers:      []corev1.Container{{Name: "another", Image: "example.invalid/another:1"}},
		},
	}, metav1.CreateOptions{})
	require.NoError(r.t, err)
}
