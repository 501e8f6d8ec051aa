package kind

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

var service = Row[*corev1.Service]{
	Name:     nameService,
	Resource: corev1.SchemeGroupVersion.WithResource("services"),
	Open: func(c kubernetes.Interface) cache.ListerWatcher {
		return open(c, c.CoreV1().Services(allNamespaces))
	},
	Slim: func(s *corev1.Service) *corev1.Service {
		slim := &corev1.Service{
			ObjectMeta: slimMeta(s.ObjectMeta),
			Spec: corev1.ServiceSpec{
				Type:           s.Spec.Type,
				ClusterIP:      s.Spec.ClusterIP,
				ExternalIPs:    s.Spec.ExternalIPs,
				LoadBalancerIP: s.Spec.LoadBalancerIP,
			},
		}
		for _, p := range s.Spec.Ports {
			slim.Spec.Ports = append(slim.Spec.Ports, corev1.ServicePort{Port: p.Port, NodePort: p.NodePort})
		}
		for _, i := range s.Status.LoadBalancer.Ingress {
			slim.Status.LoadBalancer.Ingress = append(slim.Status.LoadBalancer.Ingress,
				corev1.LoadBalancerIngress{IP: i.IP, Hostname: i.Hostname})
		}
		return slim
	},
	Build: func(env Env, s *corev1.Service) []topology.Component {
		c := component(env, topology.TypeService, s.ObjectMeta)
		c.Identifiers = serviceIdentifiers(env, s)
		c.Tags = map[string]string{"service-type": string(s.Spec.Type)}
		if s.Spec.ClusterIP == corev1.ClusterIPNone {
			c.Tags["service"] = "headless"
		}
		return []topology.Component{c}
	},
	Relations: func(env Env, _ View, s *corev1.Service) []topology.Relation {
		return []topology.Relation{enclosed(env, topology.TypeService, s.ObjectMeta)}
	},
}

// serviceIdentifiers are the addresses by which connections to the service are recognised, then
// its name. Only external addresses are unique without the cluster's name.
func serviceIdentifiers(env Env, s *corev1.Service) []string {
	cluster := env.Naming.Cluster
	var ids []string
	for _, ip := range s.Spec.ExternalIPs {
		if ip == "" {
			continue
		}
		for _, p := range s.Spec.Ports {
			ids = append(ids, endpointURN("", ip, p.Port))
			if s.Spec.Type == corev1.ServiceTypeNodePort && p.NodePort != 0 {
				ids = append(ids, endpointURN("", ip, p.NodePort))
			}
		}
	}
	if s.Spec.Type == corev1.ServiceTypeLoadBalancer && s.Spec.LoadBalancerIP != "" {
		ids = append(ids, endpointURN(cluster, s.Spec.LoadBalancerIP, 0))
	}
	if ip := s.Spec.ClusterIP; ip != "" && ip != corev1.ClusterIPNone && s.Spec.Type != corev1.ServiceTypeExternalName {
		ids = append(ids, endpointURN(cluster, ip, 0))
		for _, p := range s.Spec.Ports {
			if s.Spec.Type == corev1.ServiceTypeNodePort && p.NodePort != 0 {
				ids = append(ids, endpointURN(cluster, ip, p.NodePort))
			}
		}
	}
	for _, i := range s.Status.LoadBalancer.Ingress {
		for _, point := range []string{i.IP, i.Hostname} {
			if point != "" {
				ids = append(ids, "urn:ingress-point:/"+point)
			}
		}
	}
	return append(ids, "urn:service:/"+cluster+":"+s.Namespace+":"+s.Name)
}

// endpointURN identifies an address: scope is the cluster for addresses that are only unique
// within it, else empty; port 0 means all ports.
func endpointURN(scope, address string, port int32) string {
	urn := "urn:endpoint:/"
	if scope != "" {
		urn += scope + ":"
	}
	urn += address
	if port != 0 {
		urn += ":" + strconv.Itoa(int(port))
	}
	return urn
}
