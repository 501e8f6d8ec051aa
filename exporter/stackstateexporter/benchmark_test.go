package stackstateexporter

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// podLogs is a snapshot of pods as a cluster has them, each with three relations.
func podLogs(b *testing.B, pods int) plog.Logs {
	records := []topology.Record{start("1")}
	for i := range pods {
		name := fmt.Sprintf("cart-7d9c5b8f6d-%05d", i)
		id := topology.URN("urn:kubernetes:/prod-eu-1:shop:pod/" + name)
		records = append(records, topology.Record{
			Component: topology.Component{
				Ref:  topology.Ref{ID: id, Type: topology.TypePod},
				Name: name, Cluster: "prod-eu-1", Namespace: "shop",
				Labels: map[string]string{"app": "cart", "pod-template-hash": "7d9c5b8f6d"},
				Tags: map[string]string{
					"app": "cart", "pod-template-hash": "7d9c5b8f6d", "cluster-name": "prod-eu-1", "namespace": "shop",
					"cluster-type": "kubernetes", "component-type": "kubernetes-pod",
				},
				Identifiers: []string{string(id), "urn:ip:/prod-eu-1:shop:" + name + ":10.0.0.1"},
				Data: map[string]any{
					"uid": fmt.Sprintf("00000000-0000-0000-0000-%012d", i), "creationTimestamp": "2026-01-02T03:04:05Z",
					"restartPolicy": "Always", "qosClass": "Burstable", "status": map[string]any{"phase": "Running"},
				},
			},
			Relations: []topology.Relation{
				{Type: topology.ScheduledOn, Source: id, Target: "urn:kubernetes:/prod-eu-1:node/node-17"},
				{Type: topology.Encloses, Source: "urn:kubernetes:/prod-eu-1:namespace/shop", Target: id},
				{Type: topology.Controls, Source: "urn:kubernetes:/prod-eu-1:shop:replicaset/cart-7d9c5b8f6d", Target: id},
			},
		})
	}
	return logsOf(b, prod, append(records, stop("1"))...)
}

// BenchmarkPayloads makes payloads of a snapshot of 10 000 pods, from log records to bodies.
func BenchmarkPayloads(b *testing.B) {
	logs := podLogs(b, 10_000)
	defaults := createDefaultConfig().(*Config)
	a := assembler{maxBytes: defaults.MaxPayloadBytes, maxElements: defaults.MaxElements}
	var bytes, elements int
	b.ReportAllocs()
	for b.Loop() {
		bytes, elements = 0, 0
		for p := range a.payloads(logs) {
			bytes += len(p.body(p.stops, testTime))
			elements += len(p.operations)
		}
	}
	b.SetBytes(int64(bytes))
	b.ReportMetric(float64(bytes)/float64(elements), "B/element")
	b.ReportMetric(float64(elements)*float64(b.N)/b.Elapsed().Seconds(), "elements/s")
}
