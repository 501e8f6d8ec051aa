package k8stopologyreceiver

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// settle is longer than a flush takes, and shorter than any interval.
const settle = 300 * time.Millisecond

func TestSnapshotComesFirstAndIncrementsFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, cluster()...)
		time.Sleep(settle)
		assert.Equal(t, 1, r.sink.snapshots())
		assert.ElementsMatch(t, []topology.URN{
			"urn:cluster:/kubernetes:test",
			"urn:kubernetes:/test:namespace/kube-system",
			"urn:kubernetes:/test:namespace/shop",
			"urn:kubernetes:/test:node/n1",
			"urn:kubernetes:/test:shop:deployment/cart",
			"urn:kubernetes:/test:shop:replicaset/cart-1",
			"urn:kubernetes:/test:shop:service/cart",
			"urn:kubernetes:/test:shop:pod/cart-1-a",
			"urn:kubernetes:/test:shop:pod/cart-1-a:container/main",
		}, r.sink.components())
		assert.ElementsMatch(t, []string{
			"belongs_to node/n1 cluster:/kubernetes:test",
			"encloses namespace/shop shop:deployment/cart",
			"encloses namespace/shop shop:service/cart",
			"controls shop:deployment/cart shop:replicaset/cart-1",
			"controls shop:replicaset/cart-1 shop:pod/cart-1-a",
			"scheduled_on shop:pod/cart-1-a node/n1",
			"exposes shop:service/cart shop:pod/cart-1-a",
			"encloses shop:pod/cart-1-a shop:pod/cart-1-a:container/main",
			"runs_on shop:pod/cart-1-a:container/main node/n1",
		}, r.sink.relations())

		r.client.create(t, pod("cart-1-b", "n1"))
		time.Sleep(settle)
		assert.Contains(t, r.sink.components(), topology.URN("urn:kubernetes:/test:shop:pod/cart-1-b"))
		r.client.remove(t, "pods", "shop", "cart-1-a")
		time.Sleep(settle)
		assert.NotContains(t, r.sink.components(), topology.URN("urn:kubernetes:/test:shop:pod/cart-1-a"))
		assert.NotContains(t, r.sink.components(), topology.URN("urn:kubernetes:/test:shop:pod/cart-1-a:container/main"))
		assert.Equal(t, 1, r.sink.snapshots())
	})
}

func TestServiceIsRelatedToThePodsOfItsSlices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, cluster()...)
		time.Sleep(settle)
		const exposes = "exposes shop:service/cart shop:pod/cart-1-a"
		require.Contains(t, r.sink.relations(), exposes)
		r.client.remove(t, "endpointslices", "shop", "cart-x")
		time.Sleep(settle)
		assert.NotContains(t, r.sink.relations(), exposes)
		r.client.create(t, slice("cart-y", "cart", "cart-1-a"))
		time.Sleep(settle)
		assert.Contains(t, r.sink.relations(), exposes)
	})
}

func TestSnapshotIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, cluster()...)
		time.Sleep(3*time.Minute + settle)
		assert.Equal(t, 4, r.sink.snapshots())
	})
}

func TestSnapshotWithheldUntilEveryKindCanBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunning(t, cluster()...)
		r.client.forbid("replicasets", true)
		r.start(t)
		time.Sleep(settle)
		assert.Zero(t, r.sink.starts())
		assert.Contains(t, r.sink.components(), topology.URN("urn:kubernetes:/test:shop:pod/cart-1-a"), "increments go out")
		assert.NotContains(t, r.sink.components(), topology.URN("urn:kubernetes:/test:shop:replicaset/cart-1"))
		assert.NotContains(t, r.sink.relations(), "controls shop:replicaset/cart-1 shop:pod/cart-1-a", "no relation without both ends")

		time.Sleep(5 * time.Minute)
		assert.Zero(t, r.sink.starts())
		warnings := r.logs.FilterMessage("kind cannot be read, its components are kept as they are")
		require.Equal(t, 1, warnings.FilterField(zap.String("verb", "list")).Len(), "said once")
		assert.Equal(t, 1, warnings.FilterField(zap.String("resource", "replicasets.apps")).FilterField(zap.String("verb", "list")).Len())
		require.Len(t, r.host.statuses(), 1)
		assert.Equal(t, componentstatus.StatusRecoverableError, r.host.statuses()[0].Status())
		assert.ErrorContains(t, r.host.statuses()[0].Err(), "cannot list replicasets.apps")

		r.client.forbid("replicasets", false)
		time.Sleep(2 * maxRelistDelay)
		assert.Equal(t, 1, r.sink.snapshots())
		assert.Contains(t, r.sink.relations(), "controls shop:replicaset/cart-1 shop:pod/cart-1-a")
		require.Len(t, r.host.statuses(), 2)
		assert.Equal(t, componentstatus.StatusOK, r.host.statuses()[1].Status())
		assert.Equal(t, 1, r.logs.FilterMessage("kind can be read again").FilterField(zap.String("verb", "list")).Len())
	})
}

func TestKindThatBecomesUnreadableKeepsItsComponents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, cluster()...)
		time.Sleep(settle)
		r.client.forbid("replicasets", true)
		r.client.closeWatches("replicasets")
		time.Sleep(10 * time.Minute)
		assert.Equal(t, 1, r.sink.snapshots(), "later ones are withheld")
		assert.Contains(t, r.sink.components(), topology.URN("urn:kubernetes:/test:shop:replicaset/cart-1"))
		r.client.remove(t, "replicasets", "shop", "cart-1")
		r.client.forbid("replicasets", false)
		time.Sleep(2 * maxRelistDelay)
		assert.Equal(t, 2, r.sink.snapshots())
		assert.NotContains(t, r.sink.components(), topology.URN("urn:kubernetes:/test:shop:replicaset/cart-1"))
	})
}

func TestDisabledKindIsNotMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunning(t, cluster()...)
		r.config.Kinds = map[string]KindConfig{"replicaset": {Enabled: ptr(false)}}
		r.client.forbid("replicasets", true)
		r.start(t)
		time.Sleep(settle)
		assert.Equal(t, 1, r.sink.snapshots())
		assert.Empty(t, r.host.statuses())
	})
}

func TestOnlyTheLeaderWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunning(t, cluster()...)
		elector := r.withElector()
		r.start(t)
		time.Sleep(settle)
		assert.Empty(t, r.client.Actions())
		elector.lead(context.Background())
		time.Sleep(settle)
		assert.Equal(t, 1, r.sink.snapshots())
		elector.follow()
		r.client.create(t, pod("cart-1-b", "n1"))
		time.Sleep(settle)
		assert.NotContains(t, r.sink.components(), topology.URN("urn:kubernetes:/test:shop:pod/cart-1-b"))
		elector.lead(context.Background())
		time.Sleep(settle)
		assert.Equal(t, 2, r.sink.snapshots())
		assert.Contains(t, r.sink.components(), topology.URN("urn:kubernetes:/test:shop:pod/cart-1-b"))
	})
}

func TestStartFailsWithoutItsLeaderElector(t *testing.T) {
	r := newRunning(t)
	r.withElector()
	r.host.extensions = nil
	err := r.receiver(t).Start(t.Context(), r.host)
	assert.ErrorContains(t, err, `no leader elector extension "k8s_leader_elector" is configured`)
}

func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRunning(t, cluster()...)
		receiver := r.receiver(t)
		require.NoError(t, receiver.Shutdown(t.Context()), "without a start")
		receiver = r.receiver(t)
		require.NoError(t, receiver.Start(t.Context(), r.host))
		r.sink.block()
		time.Sleep(settle)
		require.NoError(t, receiver.Shutdown(t.Context()), "while the next consumer blocks")
		require.NoError(t, receiver.Shutdown(t.Context()), "twice")
	})
}
