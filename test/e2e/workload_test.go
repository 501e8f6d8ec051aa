package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// workload plays operations of users on objects in a rig's namespaces. What it does depends on
// the random numbers alone, not on what the cluster makes of it.
type workload struct {
	rig        *rig
	random     *rand.Rand
	operations []operation
	done       map[string]int
	version    int // of pod templates, so that each restart differs
}

type operation struct {
	name   string
	weight int
	do     func(ctx context.Context, kube kubernetes.Interface, namespace string) error
}

func newWorkload(r *rig, random *rand.Rand) *workload {
	w := &workload{rig: r, random: random, done: map[string]int{}}
	w.operations = []operation{
		{"create deployment", 5, w.createDeployment},
		{"scale deployment", 5, w.scaleDeployment},
		{"restart deployment", 3, w.restartDeployment},
		{"label deployment", 2, w.labelDeployment},
		{"delete deployment", 2, w.deleteDeployment},
		{"create service", 3, w.createService},
		{"point service elsewhere", 2, w.pointService},
		{"delete service", 2, w.deleteService},
		{"create pod", 3, w.createPod},
		{"label pod", 3, w.labelPod},
		{"delete pod", 2, w.deletePod},
		{"delete any pod", 2, w.deleteAnyPod},
		{"label namespace", 1, w.labelNamespace},
	}
	return w
}

// step plays one operation. That an object is there or is not, or just being changed by somebody
// else, is part of the game.
func (w *workload) step() {
	w.rig.t.Helper()
	total := 0
	for _, o := range w.operations {
		total += o.weight
	}
	at := w.random.IntN(total)
	for _, o := range w.operations {
		if at -= o.weight; at >= 0 {
			continue
		}
		err := o.do(w.rig.t.Context(), w.rig.kube, pick(w.random, w.rig.namespaces...))
		switch {
		case err == nil:
			w.done[o.name]++
		case apierrors.IsNotFound(err), apierrors.IsAlreadyExists(err), apierrors.IsConflict(err):
		default:
			require.NoError(w.rig.t, err, o.name)
		}
		return
	}
}

func (w *workload) deployment() string { return small(w.random, "deployment") }
func (w *workload) service() string    { return small(w.random, "service") }
func (w *workload) pod() string        { return small(w.random, "pod") }

func (w *workload) template(app string) corev1.PodTemplateSpec {
	w.version++
	spec := corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "example.invalid/app:1"}}}
	if w.random.IntN(3) == 0 {
		spec.Containers = append(spec.Containers, corev1.Container{Name: "side", Image: "example.invalid/side:1"})
	}
	if w.random.IntN(3) == 0 {
		spec.InitContainers = []corev1.Container{{Name: "setup", Image: "example.invalid/setup:1"}}
	}
	labels := map[string]string{"app": app, "version": fmt.Sprint(w.version)}
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec}
}

func (w *workload) createDeployment(ctx context.Context, kube kubernetes.Interface, namespace string) error {
	name, replicas := w.deployment(), int32(w.random.IntN(4))
	_, err := kube.AppsV1().Deployments(namespace).Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": name}},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}},
			Template: w.template(name),
		},
	}, metav1.CreateOptions{})
	return err
}

func (w *workload) patchDeployment(ctx context.Context, kube kubernetes.Interface, namespace, patch string) error {
	_, err := kube.AppsV1().Deployments(namespace).Patch(ctx, w.deployment(), types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

func (w *workload) scaleDeployment(ctx context.Context, kube kubernetes.Interface, namespace string) error {
	return w.patchDeployment(ctx, kube, namespace, fmt.Sprintf(`{"spec":{"replicas":%d}}`, w.random.IntN(6)))
}

func (w *workload) restartDeployment(ctx context.Context, kube kubernetes.Interface, namespace string) error {
	w.version++
	return w.patchDeployment(ctx, kube, namespace, fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{"restart":"%d"}}}}}`, w.version))
}

func (w *workload) labelDeployment(ctx context.Context, kube kubernetes.Interface, namespace string) error {
	return w.patchDeployment(ctx, kube, namespace, w.labelPatch())
}

// labelPatch sets a label to one of a few values, or removes it.
func (w *workload) labelPatch() string {
	value := pick(w.random, `null`, `""`, `"a"`, `"b"`)
	return fmt.Sprintf(`{"metadata":{"labels":{"%s":%s}}}`, small(w.random, "label"), value)
}

// deletion takes what was owned along at once, before, or not at all.
func (w *workload) deletion() metav1.DeleteOptions {
	policy := pick(w.random, metav1.DeletePropagationBackground, metav1.DeletePropagationForeground, metav1.DeletePropagationOrphan)
	return metav1.DeleteOptions{PropagationPolicy: &policy}
}

func (w *workload) deleteDeployment(ctx context.Context, kube kubernetes.Interface, namespace string) error {
	return kube.AppsV1().Deployments(namespace).Delete(ctx, w.deployment(), w.deletion())
}

func (w *workload) createService(ctx context.Context, kube kubernetes.Interface, namespace string) error {
	spec := corev1.ServiceSpec{
		Type:     pick(w.random, corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort),
		Selector: map[string]string{"app": pick(w.random, w.deployment(), w.pod())},
		Ports:    []corev1.ServicePort{{Port: 80}},
	}
	if spec.Type == corev1.ServiceTypeClusterIP && w.random.IntN(2) == 0 {
		spec.ClusterIP = corev1.ClusterIPNone
	}
	_, err := kube.CoreV1().Services(namespace).Create(ctx,
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: w.service()}, Spec: spec}, metav1.CreateOptions{})
	return err
}

func (w *workload) pointService(ctx context.Context, kube kubernetes.Interface, namespace string) error {
	patch := fmt.Sprintf(`{"spec":{"selector":{"app":%q}}}`, pick(w.random, w.deployment(), w.pod()))
	_, err := kube.CoreV1().Services(namespace).Patch(ctx, w.service(), types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

func (w *workload) deleteService(ctx context.Context, kube kubernetes.Interface, namespace string) error {
	return kube.CoreV1().Services(namespace).Delete(ctx, w.service(), metav1.DeleteOptions{})
}

func (w *workload) createPod(ctx context.Context, kube kubernetes.Interface, namespace string) error {
	name := w.pod()
	template := w.template(name)
	_, err := kube.CoreV1().Pods(namespace).Create(ctx,
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: template.Labels}, Spec: template.Spec}, metav1.CreateOptions{})
	return err
}

func (w *workload) labelPod(ctx context.Context, kube kubernetes.Interface, namespace string) error {
	_, err := kube.CoreV1().Pods(namespace).Patch(ctx, w.pod(), types.StrategicMergePatchType, []byte(w.labelPatch()), metav1.PatchOptions{})
	return err
}

func (w *workload) deletePod(ctx context.Context, kube kubernetes.Interface, namespace string) error {
	grace := pick(w.random, int64(0), 1)
	return kube.CoreV1().Pods(namespace).Delete(ctx, w.pod(), metav1.DeleteOptions{GracePeriodSeconds: &grace})
}

// deleteAnyPod deletes a pod whose owner will replace it. Which one there is to delete the cluster
// decides; the random numbers drawn do not depend on it.
func (w *workload) deleteAnyPod(ctx context.Context, kube kubernetes.Interface, namespace string) error {
	number := w.random.Uint32()
	pods, err := kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil || len(pods.Items) == 0 {
		return err
	}
	name := pods.Items[number%uint32(len(pods.Items))].Name
	return kube.CoreV1().Pods(namespace).Delete(ctx, name, metav1.DeleteOptions{})
}

func (w *workload) labelNamespace(ctx context.Context, kube kubernetes.Interface, namespace string) error {
	_, err := kube.CoreV1().Namespaces().Patch(ctx, namespace, types.StrategicMergePatchType, []byte(w.labelPatch()), metav1.PatchOptions{})
	return err
}
