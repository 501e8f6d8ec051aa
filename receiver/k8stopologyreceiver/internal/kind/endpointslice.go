package kind

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// indexPod lists the slices under each pod they contain, by its namespace and name.
const indexPod = "pod"

// endpointSlice is no component; it tells which services expose a pod.
var endpointSlice = Row[*discoveryv1.EndpointSlice]{
	Name:     nameEndpointSlice,
	Resource: discoveryv1.SchemeGroupVersion.WithResource("endpointslices"),
	Open: func(c kubernetes.Interface) cache.ListerWatcher {
		return open(c, c.DiscoveryV1().EndpointSlices(allNamespaces))
	},
	Slim: func(s *discoveryv1.EndpointSlice) *discoveryv1.EndpointSlice {
		slim := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{
			Name:            s.Name,
			Namespace:       s.Namespace,
			UID:             s.UID,
			ResourceVersion: s.ResourceVersion,
		}}
		if name, ok := s.Labels[discoveryv1.LabelServiceName]; ok {
			slim.Labels = map[string]string{discoveryv1.LabelServiceName: name}
		}
		for _, e := range s.Endpoints {
			if ref := e.TargetRef; ref != nil && ref.Kind == "Pod" {
				slim.Endpoints = append(slim.Endpoints, discoveryv1.Endpoint{TargetRef: &corev1.ObjectReference{
					Kind: ref.Kind, Name: ref.Name,
				}})
			}
		}
		return slim
	},
	Indexes: map[string]func(*discoveryv1.EndpointSlice) []string{
		indexPod: func(s *discoveryv1.EndpointSlice) []string {
			var pods []string
			for _, name := range podsOf(s) {
				pods = append(pods, name.String())
			}
			return pods
		},
	},
	Touches: func(s *discoveryv1.EndpointSlice) []Key {
		var keys []Key
		for _, name := range podsOf(s) {
			keys = append(keys, Key{namePod, name})
		}
		return keys
	},
}

func podsOf(s *discoveryv1.EndpointSlice) []cache.ObjectName {
	var pods []cache.ObjectName
	for _, e := range s.Endpoints {
		if ref := e.TargetRef; ref != nil && ref.Kind == "Pod" {
			// A slice holds pods of its own namespace, and who writes one by hand may leave that out.
			pods = append(pods, cache.ObjectName{Namespace: s.Namespace, Name: ref.Name})
		}
	}
	return pods
}

// exposed relates a pod to the services whose slices contain it, whether or not it is ready.
func exposed(env Env, view View, namespace, pod string) []topology.Relation {
	name := cache.ObjectName{Namespace: namespace, Name: pod}.String()
	seen := map[string]bool{}
	var relations []topology.Relation
	for _, obj := range view.Indexed(nameEndpointSlice, indexPod, name) {
		slice, ok := obj.(*discoveryv1.EndpointSlice)
		if !ok {
			continue
		}
		service := slice.Labels[discoveryv1.LabelServiceName]
		if service == "" || seen[service] {
			continue
		}
		seen[service] = true
		relations = append(relations, topology.Relation{
			Type:   topology.Exposes,
			Source: env.Naming.ObjectURN(topology.TypeService, slice.Namespace, service),
			Target: env.Naming.ObjectURN(topology.TypePod, namespace, pod),
		})
	}
	return relations
}
