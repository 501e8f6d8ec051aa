package stackstateexporter

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension/extensiontest"
)

// storageHost is a host with a file storage.
type storageHost struct {
	component.Host
	id      component.ID
	storage component.Component
}

func (h storageHost) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{h.id: h.storage}
}

// startStored starts the exporter with its queue in a directory.
func startStored(t *testing.T, directory, endpoint string) (e exporter.Logs, shutdown func()) {
	t.Helper()
	factory := filestorage.NewFactory()
	storageConfig := factory.CreateDefaultConfig().(*filestorage.Config)
	storageConfig.Directory = directory
	host := storageHost{componenttest.NewNopHost(), component.NewID(factory.Type()), nil}
	storage, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), storageConfig)
	require.NoError(t, err)
	require.NoError(t, storage.Start(t.Context(), host))
	host.storage = storage

	cfg := testConfig(endpoint)
	cfg.QueueConfig.Get().StorageID = &host.id
	set := nopSettings()
	set.ID = component.NewID(set.ID.Type()) // the queue is found by it
	e, err = NewFactory().CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), host))
	return e, func() {
		require.NoError(t, e.Shutdown(context.Background()))
		require.NoError(t, storage.Shutdown(context.Background()))
	}
}

// The queue on disk brings back what was in flight after what was not, so the end of a snapshot may come before its
// middle: closing it then would delete the middle.
func TestRestartInTheMiddleOfASnapshotLosesNothingAndClosesNothing(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	var down atomic.Bool
	fake := newFakeIntake(t, func(int, http.ResponseWriter) int {
		if down.Load() {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	})

	e, shutdown := startStored(t, directory, fake.URL)
	consume(t, e, logsOf(t, prod, start("1"), upsert("a")))
	assert.Equal(t, "prod-eu-1: start +a", fake.next(t).summary(t))
	down.Store(true)
	consume(t, e, logsOf(t, prod, upsert("b")))
	consume(t, e, logsOf(t, prod, upsert("c"), stop("1")))
	assert.Equal(t, "[prod-eu-1: +b]", fake.next(t).summary(t))
	shutdown()
	for _, again := range fake.take(t) {
		assert.Equal(t, "[prod-eu-1: +b]", again)
	}

	down.Store(false)
	e, shutdown = startStored(t, directory, fake.URL)
	assert.Equal(t, "prod-eu-1: +c", fake.next(t).summary(t))
	assert.Equal(t, "prod-eu-1: +b", fake.next(t).summary(t))
	consume(t, e, logsOf(t, prod, snapshotOf("2", "a", "b", "c")...))
	assert.Equal(t, "prod-eu-1: start +a +b +c stop", fake.next(t).summary(t))
	shutdown()
}
