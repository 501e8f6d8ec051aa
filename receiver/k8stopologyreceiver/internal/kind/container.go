package kind

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// slimContainers keeps the containers that declare ports, with those.
func slimContainers(containers []corev1.Container) []corev1.Container {
	var slim []corev1.Container
	for _, c := range containers {
		if len(c.Ports) == 0 {
			continue
		}
		s := corev1.Container{Name: c.Name}
		for _, p := range c.Ports {
			s.Ports = append(s.Ports, corev1.ContainerPort{ContainerPort: p.ContainerPort, HostPort: p.HostPort})
		}
		slim = append(slim, s)
	}
	return slim
}

func slimStatuses(statuses []corev1.ContainerStatus) []corev1.ContainerStatus {
	var slim []corev1.ContainerStatus
	for _, s := range statuses {
		kept := corev1.ContainerStatus{
			Name: s.Name, Image: s.Image, ImageID: s.ImageID, ContainerID: s.ContainerID, RestartCount: s.RestartCount,
		}
		if running := s.State.Running; running != nil {
			kept.State.Running = &corev1.ContainerStateRunning{StartedAt: running.StartedAt}
		}
		if ended := s.State.Terminated; ended != nil {
			kept.State.Terminated = &corev1.ContainerStateTerminated{ExitCode: ended.ExitCode}
		}
		if ended := s.LastTerminationState.Terminated; ended != nil {
			kept.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: ended.ExitCode}
		}
		slim = append(slim, kept)
	}
	return slim
}

// statuses lists the containers of a pod that its node has reported: init, regular and ephemeral.
func statuses(p *corev1.Pod) []corev1.ContainerStatus {
	if p.Spec.NodeName == "" {
		return nil
	}
	return slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses, p.Status.EphemeralContainerStatuses)
}

func containers(env Env, p *corev1.Pod) []topology.Component {
	all := statuses(p)
	components := make([]topology.Component, 0, len(all))
	for _, s := range all {
		components = append(components, container(env, p, s))
	}
	return components
}

func container(env Env, p *corev1.Pod, s corev1.ContainerStatus) topology.Component {
	// The runtime's prefix, as in containerd://<id>, is no part of the id.
	id := s.ContainerID[strings.LastIndexByte(s.ContainerID, '/')+1:]
	c := topology.Component{
		Ref: topology.Ref{
			ID:   env.Naming.ContainerURN(p.Namespace, p.Name, s.Name),
			Type: topology.TypeContainer,
			Entity: topology.EntityID{
				{Key: "k8s.container.name", Value: s.Name},
				{Key: uidKey(topology.TypePod), Value: string(p.UID)},
			},
		},
		Name:      s.Name,
		Cluster:   env.Naming.Cluster,
		Namespace: p.Namespace,
		Data: map[string]any{
			"docker":       map[string]any{"image": s.Image, "imageId": s.ImageID, "containerId": id},
			"pod":          p.Name,
			"podIP":        p.Status.PodIP,
			"podPhase":     string(p.Status.Phase),
			"restartCount": int64(s.RestartCount),
		},
	}
	if id != "" {
		c.Identifiers = []string{"urn:container:/" + env.Naming.HostName(p.Spec.NodeName) + ":" + id}
	}
	if running := s.State.Running; running != nil {
		c.Data["startTime"] = timestamp(running.StartedAt)
	}
	if ended := s.State.Terminated; ended != nil {
		c.Data["exitCode"] = int64(ended.ExitCode)
	} else if ended := s.LastTerminationState.Terminated; ended != nil {
		c.Data["exitCode"] = int64(ended.ExitCode)
	}
	addPorts(c.Data, p, s.Name)
	return c
}

// addPorts adds the declared ports of a container. The single values are what older servers show:
// the last one declared.
func addPorts(data map[string]any, p *corev1.Pod, name string) {
	var ports []any
	for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
		if c.Name != name {
			continue
		}
		for _, port := range c.Ports {
			declared := map[string]any{"containerPort": int64(port.ContainerPort)}
			data["containerPort"] = int64(port.ContainerPort)
			if port.HostPort != 0 {
				declared["hostPort"] = int64(port.HostPort)
				data["hostPort"] = int64(port.HostPort)
			}
			ports = append(ports, declared)
		}
	}
	if ports != nil {
		data["ports"] = ports
	}
}

func containerRelations(env Env, p *corev1.Pod) []topology.Relation {
	var relations []topology.Relation
	for _, s := range statuses(p) {
		self := env.Naming.ContainerURN(p.Namespace, p.Name, s.Name)
		relations = append(relations,
			topology.Relation{
				Type:   topology.Encloses,
				Source: env.Naming.ObjectURN(topology.TypePod, p.Namespace, p.Name),
				Target: self,
			},
			topology.Relation{
				Type:   topology.RunsOn,
				Source: self,
				Target: env.Naming.ObjectURN(topology.TypeNode, "", p.Spec.NodeName),
			})
	}
	return relations
}
