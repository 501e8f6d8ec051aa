package k8stopologyreceiver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/kind"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/metadata"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/picture"
)

// manyNamespaces fill more than one batch.
func manyNamespaces() []runtime.Object {
	var many []runtime.Object
	for i := range 3 * maxBatchRecords / 2 {
		many = append(many, namespace(fmt.Sprintf("ns-%05d", i)))
	}
	return many
}

func TestRefusedRecordsGoOutAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, cluster()...)
		time.Sleep(settle)
		r.sink.refuse(errors.New("queue is full"))
		r.client.create(t, pod("cart-1-b", "n1"))
		r.client.remove(t, "pods", "shop", "cart-1-a")
		time.Sleep(30 * time.Second)
		assert.Contains(t, r.sink.components(), topology.URN("urn:kubernetes:/test:shop:pod/cart-1-a"))
		r.client.remove(t, "pods", "shop", "cart-1-b")
		r.client.create(t, pod("cart-1-c", "n1"))
		r.sink.refuse(nil)
		time.Sleep(2 * maxRetryDelay)
		got := r.sink.components()
		assert.NotContains(t, got, topology.URN("urn:kubernetes:/test:shop:pod/cart-1-a"))
		assert.NotContains(t, got, topology.URN("urn:kubernetes:/test:shop:pod/cart-1-b"))
		assert.Contains(t, got, topology.URN("urn:kubernetes:/test:shop:pod/cart-1-c"))
	})
}

func TestRefusedSnapshotIsNeverClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		many := manyNamespaces()
		r := newRunning(t, many...)
		r.sink.refuseAfter(1, errors.New("queue is full"))
		r.start(t)
		time.Sleep(settle)
		assert.Equal(t, 1, r.sink.starts())
		assert.Zero(t, r.sink.snapshots())
		r.sink.refuse(nil)
		time.Sleep(2 * minRetryDelay)
		assert.Equal(t, 2, r.sink.starts(), "begun anew")
		assert.Equal(t, 1, r.sink.snapshots())
		assert.Len(t, r.sink.components(), len(many)+1)
	})
}

func TestChangesGetThroughAlthoughEverySnapshotFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		many := manyNamespaces()
		r := newRunning(t, many...)
		r.sink.refuseAfter(1, errors.New("out of memory"))
		r.start(t)
		for range 10 { // each time the consumer takes one batch, and then no more for a while
			time.Sleep(2 * maxRetryDelay)
			r.sink.refuseAfter(1, errors.New("out of memory"))
		}
		assert.Zero(t, r.sink.snapshots())
		assert.Len(t, r.sink.components(), len(many)+1)
	})
}

func TestWhatIsRefusedForGoodKeepsNothingElseBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		many := manyNamespaces()
		r := newRunning(t, many...)
		r.sink.refuseOnce(consumererror.NewPermanent(errors.New("cannot be encoded")))
		r.start(t)
		time.Sleep(settle)
		assert.Len(t, r.sink.components(), len(many)+1-maxBatchRecords+1, "the first batch, its snapshot start included, is lost")
		assert.Zero(t, r.sink.snapshots(), "what is missing must not be taken for gone")
		assert.Equal(t, 1, r.logs.FilterMessage("batch refused for good, its changes are lost until the next snapshot").Len())
		time.Sleep(r.config.SnapshotInterval)
		assert.Equal(t, 1, r.sink.snapshots())
		assert.Len(t, r.sink.components(), len(many)+1)
	})
}

func TestSnapshotIsNotClosedWithoutAComponentThatCannotBeEncoded(t *testing.T) {
	r := newRunning(t)
	receiver, err := newTopologyReceiver(receivertest.NewNopSettings(metadata.Type), r.config, r.sink, nil)
	require.NoError(t, err)
	e := receiver.newEmitter()
	key := kind.ClusterKey
	p := picture.New([]string{key.Kind}, func(kind.Key) ([]topology.Component, []topology.Relation) {
		c := kind.Cluster(kind.Env{Naming: topology.Naming{Flavour: topology.FlavourKubernetes, Cluster: "test"}}, "1")
		c.Data = map[string]any{"a value of no known type": struct{}{}}
		return []topology.Component{c}, nil
	})
	p.Refresh(slices.Values([]kind.Key{key}))
	require.NoError(t, e.snapshot(t.Context(), p))
	assert.Equal(t, 1, r.sink.starts())
	assert.Zero(t, r.sink.snapshots(), "it would delete the component")
}

func TestWhatIsKnownIsRepeatedWhileAKindCannotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunning(t, cluster()...)
		r.client.forbid("replicasets", true)
		r.start(t)
		time.Sleep(settle)
		before := r.sink.records()
		time.Sleep(r.config.SnapshotInterval)
		assert.Equal(t, 2*before, r.sink.records())
		assert.Zero(t, r.sink.starts())
	})
}

func TestFormerLeaderHasNothingToComplainOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunning(t, cluster()...)
		elector := r.withElector()
		r.client.forbid("replicasets", true)
		r.start(t)
		elector.lead(context.Background())
		time.Sleep(settle)
		require.Len(t, r.host.statuses(), 1)
		elector.follow()
		require.Len(t, r.host.statuses(), 2)
		assert.Equal(t, componentstatus.StatusOK, r.host.statuses()[1].Status())
	})
}
