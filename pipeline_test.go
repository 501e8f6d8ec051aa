package main

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topologylog"
)

var (
	cluster = topology.Component{
		Ref:  topology.Ref{ID: "urn:cluster:/kubernetes:test", Type: topology.TypeCluster, Entity: topology.EntityID{{Key: "k8s.cluster.uid", Value: "1"}}},
		Name: "test", Cluster: "test",
	}
	shop = topology.Component{
		Ref: topology.Ref{
			ID: "urn:kubernetes:/test:namespace/shop", Type: topology.TypeNamespace,
			Entity: topology.EntityID{{Key: "k8s.namespace.uid", Value: "2"}},
		},
		Name: "shop", Cluster: "test", Labels: map[string]string{"team": "cart"},
	}
)

// Both shipped pipelines in one process, with records over OTLP where the cluster would be.
func TestRecordsArriveAtTheIntake(t *testing.T) {
	setEnvironment(t)
	intake, source := address(t), address(t)
	t.Setenv("INTAKE_ENDPOINT", intake)
	t.Setenv("STACKSTATE_URL", "http://"+intake)
	start(t, "deploy/config/intake.yaml")
	start(t, "deploy/config/standalone.yaml",
		"yaml:receivers::otlp::protocols::http::endpoint: "+source,
		"yaml:service::pipelines::logs::receivers: [otlp]")

	send(t, source,
		topology.Record{Op: topology.SnapshotStart, SnapshotID: "a"},
		topology.Record{Op: topology.Upsert, Component: cluster},
		topology.Record{Op: topology.Upsert, Component: shop},
		topology.Record{Op: topology.SnapshotStop, SnapshotID: "a"})
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		picture := arrived(t)
		assert.False(t, picture.InSnapshot())
		assert.ElementsMatch(t, []topology.URN{cluster.ID, shop.ID}, slices.Collect(maps.Keys(picture.Components())))
		tags := picture.Components()[shop.ID].Tags
		assert.Equal(t, "cart", tags["team"], "a label is a tag")
		assert.Equal(t, "test", tags["cluster-name"], "the processor's tag")
	}, 30*time.Second, 20*time.Millisecond)

	send(t, source, topology.Record{Op: topology.Delete, Component: topology.Component{Ref: shop.Ref}})
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		assert.Equal(t, []topology.URN{cluster.ID}, slices.Collect(maps.Keys(arrived(t).Components())))
	}, 30*time.Second, 20*time.Millisecond)
}

// address is one of this machine that nobody uses.
func address(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// start runs a collector until the end of the test, and returns when it is ready.
func start(t *testing.T, uris ...string) {
	t.Helper()
	t.Setenv("HEALTH_ENDPOINT", address(t))
	host, port, err := net.SplitHostPort(address(t))
	require.NoError(t, err)
	t.Setenv("METRICS_HOST", host)
	t.Setenv("METRICS_PORT", port)
	collector := newCollector(t, uris...)
	ended := make(chan error, 1)
	go func() { ended <- collector.Run(t.Context()) }()
	t.Cleanup(func() {
		collector.Shutdown()
		assert.NoError(t, <-ended)
	})
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		require.Equal(t, otelcol.StateRunning, collector.GetState())
	}, 30*time.Second, 10*time.Millisecond)
}

// send posts records to an OTLP receiver.
func send(t *testing.T, endpoint string, records ...topology.Record) {
	t.Helper()
	batch := topologylog.NewBatch(topologylog.Source{
		Instance: topology.Instance{Type: "kubernetes", URL: "test"}, Cluster: "test", ReportInterval: time.Minute,
	})
	for _, record := range records {
		require.NoError(t, batch.Append(record, time.Unix(1_700_000_000, 0), nil))
	}
	body, err := new(plog.ProtoMarshaler).MarshalLogs(batch.Logs())
	require.NoError(t, err)
	response, err := http.Post(fmt.Sprintf("http://%s/v1/logs", endpoint), "application/x-protobuf", bytes.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
}

// arrived is what the stand-in has written so far; a line without an end is not there yet.
func arrived(t *assert.CollectT) *topology.Picture {
	picture := topology.NewPicture()
	file, err := os.Open(filepath.Join(os.Getenv("INTAKE_DIR"), "topology.jsonl"))
	require.NoError(t, err)
	defer file.Close()
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return picture
		}
		logs, err := new(plog.JSONUnmarshaler).UnmarshalLogs(line)
		require.NoError(t, err)
		for entry, err := range topologylog.Entries(logs) {
			require.NoError(t, err)
			picture.Apply(entry.Record)
		}
	}
}
