package k8stopologyreceiver

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/metadata"
)

// benchPods is the size of the cluster that the benchmarks run on: per node 100 pods of two
// containers, per replica set and service ten of them.
const benchPods = 10_000

// benchSession returns a session that knows a cluster, without a server.
func benchSession(b *testing.B) *session {
	b.Helper()
	config := createDefaultConfig().(*Config)
	config.ClusterName = "bench"
	r, err := newTopologyReceiver(receivertest.NewNopSettings(metadata.Type), config, consumertest.NewNop(), nil)
	require.NoError(b, err)
	s := newSession(config, r.newEmitter(), &reporter{host: &fakeHost{}, logger: r.set.Logger, telemetry: r.telemetry})
	add := func(kind string, obj any) { require.NoError(b, store{s.watches[kind]}.Add(obj)) }
	add("namespace", namespace("kube-system"))
	add("namespace", namespace("shop"))
	for i := range benchPods / 100 {
		add("node", &corev1.Node{ObjectMeta: object("", nodeName(i))})
	}
	for i := range benchPods / 10 {
		add("deployment", &appsv1.Deployment{ObjectMeta: object("shop", fmt.Sprint("app-", i))})
		add("replicaset", &appsv1.ReplicaSet{ObjectMeta: owned(object("shop", fmt.Sprint("app-", i, "-5d8f")), "Deployment", fmt.Sprint("app-", i))})
		add("service", &corev1.Service{ObjectMeta: object("shop", fmt.Sprint("app-", i))})
		endpoints := slice(fmt.Sprint("app-", i, "-x2"), fmt.Sprint("app-", i), podName(10*i))
		for j := range 9 {
			endpoints.Endpoints = append(endpoints.Endpoints, slice("", "", podName(10*i+j+1)).Endpoints...)
		}
		add("endpointslice", endpoints)
	}
	for i := range benchPods {
		add("pod", benchPod(i))
	}
	for _, w := range s.watches {
		store{w}.setSynced()
	}
	return s
}

func nodeName(i int) string {
	return fmt.Sprintf("ip-10-0-%d-%d.eu-west-1.compute.internal", i/256, i%256)
}

func podName(i int) string { return fmt.Sprintf("app-%d-5d8f-%05d", i/10, i) }

func benchPod(i int) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: owned(object("shop", podName(i)), "ReplicaSet", fmt.Sprint("app-", i/10, "-5d8f"))}
	p.GenerateName = fmt.Sprint("app-", i/10, "-5d8f-")
	p.Labels = map[string]string{"app.kubernetes.io/name": fmt.Sprint("app-", i/10), "app.kubernetes.io/version": "1.2.3", "pod-template-hash": "5d8f"}
	p.Spec = corev1.PodSpec{NodeName: nodeName(i / 100), ServiceAccountName: "app", RestartPolicy: corev1.RestartPolicyAlways}
	p.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)}
	for _, c := range []string{"app", "proxy"} {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: c, Ports: []corev1.ContainerPort{{ContainerPort: 8080}}})
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{
			Name: c, Image: "registry.example/shop/" + c + ":1.2.3", Ready: true,
			ImageID:     fmt.Sprintf("registry.example/shop/%s@sha256:%064d", c, 1),
			ContainerID: fmt.Sprintf("containerd://%064d", i),
			State:       corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		})
	}
	return p
}

// BenchmarkFirstSnapshot is what a start costs once the caches are filled.
func BenchmarkFirstSnapshot(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		s := benchSession(b)
		b.StartTimer()
		require.NoError(b, s.work(context.Background()))
		b.StopTimer()
		require.Equal(b, 3*benchPods+benchPods/100+3*benchPods/10+3, s.picture.Components())
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchPods, "ns/pod")
}

// BenchmarkRepeatedSnapshot is what a snapshot costs while nothing has changed.
func BenchmarkRepeatedSnapshot(b *testing.B) {
	s := benchSession(b)
	require.NoError(b, s.work(context.Background()))
	b.ReportAllocs()
	for b.Loop() {
		s.snapshotDue = true
		require.NoError(b, s.work(context.Background()))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchPods, "ns/pod")
}

// BenchmarkPodChange is what one changed pod costs in a large cluster.
func BenchmarkPodChange(b *testing.B) {
	s := benchSession(b)
	require.NoError(b, s.work(context.Background()))
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		p := benchPod(i % benchPods)
		p.Status.ContainerStatuses[0].RestartCount = int32(i)
		i++
		require.NoError(b, store{s.watches["pod"]}.Update(p))
		require.NoError(b, s.work(context.Background()))
	}
}

// BenchmarkHeapPerPod is the memory that lasts: caches, picture and what was accepted, divided by
// the number of pods. It counts everything that comes with a pod, its share of nodes included.
func BenchmarkHeapPerPod(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		s := benchSession(b)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/benchPods, "cache-B/pod")
		require.NoError(b, s.work(context.Background()))
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/benchPods, "total-B/pod")
		runtime.KeepAlive(s)
	}
}
