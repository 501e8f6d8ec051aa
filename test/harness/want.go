package harness

import (
	"cmp"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Want returns the topology the objects of a cluster must give.
func Want(cluster string, o Objects) View {
	w := wanted{newView(cluster)}
	w.add("urn:cluster:/kubernetes:"+cluster, "cluster", metav1.ObjectMeta{Name: cluster}, nil)
	for _, namespace := range o.Namespaces {
		w.add(w.id("namespace", "", namespace.Name), "namespace", namespace.ObjectMeta, nil)
	}
	for _, node := range o.Nodes {
		w.add(w.id("node", "", node.Name), "node", node.ObjectMeta, nil)
		w.relate(w.id("node", "", node.Name), "belongs_to", "urn:cluster:/kubernetes:"+cluster)
	}
	for _, deployment := range o.Deployments {
		id := w.id("deployment", deployment.Namespace, deployment.Name)
		w.add(id, "deployment", deployment.ObjectMeta, nil)
		w.relate(w.id("namespace", "", deployment.Namespace), "encloses", id)
	}
	for _, replicaSet := range o.ReplicaSets {
		id := w.id("replicaset", replicaSet.Namespace, replicaSet.Name)
		w.add(id, "replicaset", replicaSet.ObjectMeta, nil)
		w.owned(id, replicaSet.ObjectMeta, "apps/Deployment")
	}
	for _, pod := range o.Pods {
		w.pod(pod)
	}
	for _, service := range o.Services {
		w.service(service)
	}
	for _, slice := range o.EndpointSlices {
		w.exposed(slice)
	}
	return w.complete()
}

// wanted is a view in the making: its relations may still lack an end.
type wanted struct{ View }

func (w wanted) id(kind, namespace, name string) string {
	prefix := "urn:kubernetes:/" + w.Cluster + ":"
	if namespace != "" {
		prefix += namespace + ":"
	}
	return prefix + kind + "/" + name
}

func (w wanted) add(id, kind string, object metav1.ObjectMeta, extra map[string]string) {
	tags := map[string]string{}
	maps.Copy(tags, object.Labels)
	maps.Copy(tags, extra)
	tags["cluster-name"] = w.Cluster
	tags["cluster-type"] = "kubernetes"
	tags["component-type"] = "kubernetes-" + kind
	if object.Namespace != "" {
		tags["namespace"] = object.Namespace
	}
	w.Components[id] = Component{Type: kind, Name: object.Name, Tags: tags}
}

func (w wanted) relate(source, kind, target string) {
	w.Relations[Relation{kind, source, target}] = true
}

// owned relates an object to its owners, or to its namespace if none of them is of a kind that
// stands between the two.
func (w wanted) owned(id string, object metav1.ObjectMeta, between ...string) {
	enclosed := true
	for _, owner := range object.OwnerReferences {
		group, _, _ := strings.Cut(owner.APIVersion, "/")
		for _, kind := range between {
			if kind == group+"/"+owner.Kind {
				enclosed = false
				w.relate(w.id(strings.ToLower(owner.Kind), object.Namespace, owner.Name), "controls", id)
			}
		}
	}
	if enclosed {
		w.relate(w.id("namespace", "", object.Namespace), "encloses", id)
	}
}

func (w wanted) pod(pod corev1.Pod) {
	id := w.id("pod", pod.Namespace, pod.Name)
	var extra map[string]string
	if account := pod.Spec.ServiceAccountName; account != "" {
		extra = map[string]string{"service-account": account}
	}
	w.add(id, "pod", pod.ObjectMeta, extra)
	w.owned(id, pod.ObjectMeta,
		"apps/Deployment", "apps/ReplicaSet", "apps/DaemonSet", "apps/StatefulSet", "batch/Job")
	if pod.Spec.NodeName == "" {
		return
	}
	node := w.id("node", "", pod.Spec.NodeName)
	w.relate(id, "scheduled_on", node)
	for _, list := range [][]corev1.ContainerStatus{
		pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses, pod.Status.EphemeralContainerStatuses,
	} {
		for _, status := range list {
			container := id + ":container/" + status.Name
			w.add(container, "container", metav1.ObjectMeta{Name: status.Name, Namespace: pod.Namespace}, nil)
			w.relate(id, "encloses", container)
			w.relate(container, "runs_on", node)
		}
	}
}

func (w wanted) service(service corev1.Service) {
	id := w.id("service", service.Namespace, service.Name)
	extra := map[string]string{"service-type": string(service.Spec.Type)}
	if service.Spec.ClusterIP == corev1.ClusterIPNone {
		extra["service"] = "headless"
	}
	w.add(id, "service", service.ObjectMeta, extra)
	w.relate(w.id("namespace", "", service.Namespace), "encloses", id)
}

// exposed relates a service to the pods that one of its slices lists, ready or not.
func (w wanted) exposed(slice discoveryv1.EndpointSlice) {
	service := slice.Labels[discoveryv1.LabelServiceName]
	if service == "" {
		return
	}
	for _, endpoint := range slice.Endpoints {
		if ref := endpoint.TargetRef; ref != nil && ref.Kind == "Pod" {
			namespace := cmp.Or(ref.Namespace, slice.Namespace)
			w.relate(w.id("service", slice.Namespace, service), "exposes", w.id("pod", namespace, ref.Name))
		}
	}
}

// complete drops the relations of which an end is no component.
func (w wanted) complete() View {
	for r := range w.Relations {
		_, source := w.Components[r.Source]
		_, target := w.Components[r.Target]
		if !source || !target {
			delete(w.Relations, r)
		}
	}
	return w.View
}
