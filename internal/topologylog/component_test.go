package topologylog

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

func labelsOf(s State) map[string]string {
	labels := map[string]string{}
	s.Labels(func(key, value string) { labels[key] = value })
	return labels
}

func TestStateShowsWhatWasEncoded(t *testing.T) {
	t.Parallel()
	cluster := topology.Component{Ref: topology.Ref{ID: naming.ClusterURN(), Type: topology.TypeCluster}, Name: "prod-eu-1"}
	for _, c := range []topology.Component{
		podRecord().Component,
		{Ref: podRef},
		{Ref: namespaceRef, Name: "shop", Cluster: "prod-eu-1", Labels: map[string]string{"team": "web"}},
		{Ref: hostRef, Tags: map[string]string{}},
		cluster,
	} {
		s, ok := StateOf(recordAt(logsOf(t, topology.Record{Component: c}), 0))
		require.True(t, ok)
		c = normal(topology.Record{Component: c}).Component
		assert.Equal(t, c.Type, s.Type())
		assert.Equal(t, c.Cluster, s.Cluster())
		assert.Equal(t, c.Namespace, s.Namespace())
		assert.Equal(t, c.Tags, s.Tags())
		if len(c.Labels) == 0 {
			assert.Empty(t, labelsOf(s))
		} else {
			assert.Equal(t, c.Labels, labelsOf(s))
		}
	}
}

func TestSetTagsChangesTheRecord(t *testing.T) {
	t.Parallel()
	logs := logsOf(t, podRecord())
	s, ok := StateOf(recordAt(logs, 0))
	require.True(t, ok)
	s.SetTags(map[string]string{"a": "b"})
	assert.Equal(t, map[string]string{"a": "b"}, s.Tags())

	want := podRecord()
	want.Component.Tags = map[string]string{"a": "b"}
	assert.Equal(t, []topology.Record{want}, recordsOf(t, logs))
}

func TestStateOfOtherRecords(t *testing.T) {
	t.Parallel()
	logs := rawLogs(
		t,
		rawRecord{"entity.delete", state()},
		rawRecord{"topology.snapshot.start", state()},
		rawRecord{"k8s.event", state()},
		rawRecord{"", state()},
		rawRecord{"entity.state", nil},
		rawRecord{"entity.state", added("entity.type", 7)},
	)
	for i := range logs.LogRecordCount() {
		_, ok := StateOf(recordAt(logs, i))
		assert.False(t, ok, "record %d", i)
	}
}

func TestStateWithoutDescription(t *testing.T) {
	t.Parallel()
	s, ok := StateOf(recordAt(rawLogs(t, rawRecord{"entity.state", state()}), 0))
	require.True(t, ok)
	assert.Empty(t, s.Cluster())
	assert.Empty(t, s.Namespace())
	assert.Empty(t, labelsOf(s))
	assert.Nil(t, s.Tags())
}

func TestClusterOf(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "prod-eu-1", ClusterOf(logsOf(t).ResourceLogs().At(0).Resource()))
	assert.Empty(t, ClusterOf(pcommon.NewResource()))
}
