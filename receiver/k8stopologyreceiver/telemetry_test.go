package k8stopologyreceiver

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/metadatatest"
)

func TestTelemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunning(t, cluster()...)
		telemetry := componenttest.NewTelemetry()
		r.telemetry = telemetry
		r.client.forbid("nodes", true)
		r.start(t)
		time.Sleep(settle)
		r.client.remove(t, "pods", "shop", "cart-1-a")
		time.Sleep(settle)
		r.sink.refuse(errors.New("queue is full"))
		r.client.create(t, pod("cart-1-b", "n1"))
		time.Sleep(settle)

		points := func(p ...metricdata.DataPoint[int64]) []metricdata.DataPoint[int64] { return p }
		metadatatest.AssertEqualReceiverK8sTopologyRecords(t, telemetry, points(
			// the cluster, two namespaces, deployment, replica set, service, pod with its container
			metricdata.DataPoint[int64]{Value: 8, Attributes: attribute.NewSet(opUpsert)},
			metricdata.DataPoint[int64]{Value: 2, Attributes: attribute.NewSet(opDelete)},
		), metricdatatest.IgnoreTimestamp())
		metadatatest.AssertEqualReceiverK8sTopologyRefusedBatches(t, telemetry,
			points(metricdata.DataPoint[int64]{Value: 1}), metricdatatest.IgnoreTimestamp())
		metadatatest.AssertEqualReceiverK8sTopologySnapshots(t, telemetry,
			points(metricdata.DataPoint[int64]{Value: 1, Attributes: attribute.NewSet(outcomeWithheld)}), metricdatatest.IgnoreTimestamp())
		metadatatest.AssertEqualReceiverK8sTopologyComponents(t, telemetry,
			points(metricdata.DataPoint[int64]{Value: 8}), metricdatatest.IgnoreTimestamp())
		metadatatest.AssertEqualReceiverK8sTopologyPendingObjects(t, telemetry,
			points(metricdata.DataPoint[int64]{Value: 1}), metricdatatest.IgnoreTimestamp())
		metadatatest.AssertEqualReceiverK8sTopologyUnreadableKinds(t, telemetry,
			points(metricdata.DataPoint[int64]{Value: 1}), metricdatatest.IgnoreTimestamp())

		delay, err := telemetry.GetMetric("otelcol_receiver_k8s_topology_flush_delay")
		require.NoError(t, err)
		histogram, ok := delay.Data.(metricdata.Histogram[float64])
		require.True(t, ok)
		require.Len(t, histogram.DataPoints, 1)
		assert.Equal(t, uint64(2), histogram.DataPoints[0].Count)
		assert.Less(t, histogram.DataPoints[0].Sum, 2*settle.Seconds(), "the clock of the test stands still otherwise")
	})
}
