package stackstateexporter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/testutil/golden"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topologylog"
)

var (
	testTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	prod     = topology.Instance{Type: "kubernetes", URL: "prod-eu-1"}
	staging  = topology.Instance{Type: "kubernetes", URL: "staging"}

	wide = assembler{maxBytes: 4 << 20, maxElements: 10_000}
)

// logsOf returns the records of an instance as logs.
func logsOf(t testing.TB, instance topology.Instance, records ...topology.Record) plog.Logs {
	t.Helper()
	batch := topologylog.NewBatch(topologylog.Source{Instance: instance, Cluster: instance.URL, Scope: "test"})
	for _, record := range records {
		require.NoError(t, batch.Append(record, testTime, resolve))
	}
	return batch.Logs()
}

// joined returns logs one after the other.
func joined(parts ...plog.Logs) plog.Logs {
	all := plog.NewLogs()
	for _, part := range parts {
		part.ResourceLogs().MoveAndAppendTo(all.ResourceLogs())
	}
	return all
}

// foreign returns logs that hold no topology.
func foreign(n int) plog.Logs {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range n {
		records.AppendEmpty().Body().SetStr("hello")
	}
	return logs
}

// malformed returns logs with a topology record that names no component.
func malformed(t testing.TB, instance topology.Instance) plog.Logs {
	logs := logsOf(t, instance, upsert("broken"))
	logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Remove("stackstate.external_id")
	return logs
}

func resolve(id topology.URN) (topology.Ref, bool) { return ref(string(id)), true }

func ref(id string) topology.Ref { return topology.Ref{ID: topology.URN(id), Type: "pod"} }

func upsert(id string, relations ...topology.Relation) topology.Record {
	return topology.Record{Component: topology.Component{Ref: ref(id), Name: id}, Relations: relations}
}

func removed(id string, relations ...topology.Relation) topology.Record {
	return topology.Record{Op: topology.Delete, Component: topology.Component{Ref: ref(id)}, Removed: relations}
}

func start(id string) topology.Record {
	return topology.Record{Op: topology.SnapshotStart, SnapshotID: id}
}

func stop(id string) topology.Record {
	return topology.Record{Op: topology.SnapshotStop, SnapshotID: id}
}

func uses(source, target string) topology.Relation {
	return topology.Relation{Type: "uses", Source: topology.URN(source), Target: topology.URN(target)}
}

// summary writes a body in short: flags, then ids by section.
func summary(t testing.TB, body []byte) string {
	t.Helper()
	content, findings := intake.Check(body, intake.Arrival{})
	require.Empty(t, intake.Refusal(findings))
	require.Len(t, content.Topologies, 1)
	entry := content.Topologies[0]
	var words []string
	if entry.StartSnapshot {
		words = append(words, "start")
	}
	for _, c := range entry.Components {
		words = append(words, "+"+c.ExternalID)
	}
	for _, r := range entry.Relations {
		words = append(words, "+"+r.ExternalID)
	}
	for _, id := range entry.DeleteIDs {
		words = append(words, "-"+id)
	}
	if entry.StopSnapshot {
		words = append(words, "stop")
	}
	return entry.Instance.URL + ": " + strings.Join(words, " ")
}

// summaries writes the payloads that logs make, when each is accepted.
func summaries(t testing.TB, a assembler, logs plog.Logs) []string {
	t.Helper()
	var all []string
	snapshots := newSnapshots()
	for p := range a.payloads(logs) {
		closes := snapshots.mayClose(p)
		snapshots.settle(p, true)
		body := p.body(closes, testTime)
		assert.LessOrEqual(t, len(body), p.bytes)
		assert.LessOrEqual(t, len(body), a.maxBytes)
		all = append(all, summary(t, body))
	}
	return all
}

func TestPayloadGolden(t *testing.T) {
	t.Parallel()
	ab := uses("urn:a", "urn:b")
	labelled := ab
	labelled.ID, labelled.Data = "urn:a-uses-urn:b", map[string]any{"dependencyDirection": "ONE_WAY"}
	full := topology.Record{
		Component: topology.Component{
			Ref: ref("urn:a"), Name: "a", Cluster: "prod-eu-1", Namespace: "shop",
			Labels: map[string]string{"app": "a"}, Tags: map[string]string{"cluster-name": "prod-eu-1"},
			Identifiers:      []string{"urn:a", "urn:host:/a"},
			Data:             map[string]any{"replicas": int64(3), "ratio": 0.5, "ready": true, "none": nil, "list": []any{"x", "y"}},
			SourceProperties: map[string]any{"kind": "Pod", "html": "<a&b>"},
		},
		Relations: []topology.Relation{ab, labelled},
	}
	for name, logs := range map[string]plog.Logs{
		"component":  logsOf(t, prod, full),
		"bare":       logsOf(t, prod, topology.Record{Component: topology.Component{Ref: ref("urn:a")}}),
		"snapshot":   logsOf(t, prod, start("1"), upsert("urn:a", ab), upsert("urn:b"), stop("1")),
		"increment":  logsOf(t, prod, upsert("urn:a", ab), removed("urn:b", uses("urn:b", "urn:c"))),
		"empty_list": logsOf(t, prod, start("1"), stop("1")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payloads := slices.Collect(wide.payloads(logs))
			require.Len(t, payloads, 1)
			body := payloads[0].body(newSnapshots().mayClose(payloads[0]), testTime)
			_, findings := intake.Check(body, intake.Arrival{Time: testTime})
			for _, finding := range findings {
				assert.NotEqual(t, intake.Reject, finding.Severity, finding.String())
			}
			var indented bytes.Buffer
			require.NoError(t, json.Indent(&indented, body, "", "  "))
			indented.WriteByte('\n')
			golden.Equal(t, filepath.Join("testdata", "payloads", name+".json"), indented.Bytes())
		})
	}
}

func TestPayloadsOfRecords(t *testing.T) {
	t.Parallel()
	narrow := assembler{maxBytes: 4 << 20, maxElements: 3}
	for name, tt := range map[string]struct {
		assembler assembler
		logs      plog.Logs
		want      []string
	}{
		"no topology": {wide, foreign(3), nil},
		"increments share a payload": {
			wide, logsOf(t, prod, upsert("a"), upsert("b", uses("b", "a")), removed("c", uses("c", "a"))),
			[]string{"prod-eu-1: +a +b +b->a -c->a -c"},
		},
		"foreign records between": {
			wide, joined(logsOf(t, prod, upsert("a")), foreign(2), logsOf(t, prod, upsert("b"))),
			[]string{"prod-eu-1: +a +b"},
		},
		"a snapshot in one": {
			wide, logsOf(t, prod, start("1"), upsert("a"), stop("1")),
			[]string{"prod-eu-1: start +a stop"},
		},
		"an empty snapshot": {wide, logsOf(t, prod, start("1"), stop("1")), []string{"prod-eu-1: start stop"}},
		"increments before and after a snapshot": {
			wide, logsOf(t, prod, upsert("a"), start("1"), upsert("b"), stop("1"), upsert("c")),
			[]string{"prod-eu-1: +a", "prod-eu-1: start +b stop", "prod-eu-1: +c"},
		},
		"a start that replaces another": {
			wide, logsOf(t, prod, start("1"), start("2"), upsert("a"), stop("2")),
			[]string{"prod-eu-1: start", "prod-eu-1: start +a stop"},
		},
		"a stop of another snapshot": {
			wide, logsOf(t, prod, start("1"), upsert("a"), stop("2")),
			[]string{"prod-eu-1: start +a"},
		},
		"each instance apart, in order": {
			wide, joined(logsOf(t, prod, upsert("a")), logsOf(t, staging, upsert("b")), logsOf(t, prod, upsert("c"))),
			[]string{"prod-eu-1: +a", "staging: +b", "prod-eu-1: +c"},
		},
		"a snapshot in several": {
			narrow, logsOf(t, prod, start("1"), upsert("a"), upsert("b"), upsert("c"), upsert("d"), upsert("e"), stop("1")),
			[]string{"prod-eu-1: start +a +b +c", "prod-eu-1: +d +e stop"},
		},
		"a record larger than a payload": {
			narrow, logsOf(t, prod, start("1"), upsert("a", uses("a", "b"), uses("a", "c"), uses("a", "d")), upsert("e", uses("e", "a"), uses("e", "b")), stop("1")),
			[]string{"prod-eu-1: start +a +a->b +a->c", "prod-eu-1: +a->d", "prod-eu-1: +e +e->a +e->b stop"},
		},
		"a record stays whole": {
			narrow, logsOf(t, prod, upsert("a"), upsert("b"), upsert("c", uses("c", "a"))),
			[]string{"prod-eu-1: +a +b", "prod-eu-1: +c +c->a"},
		},
		"deleted, then created again": {
			wide, logsOf(t, prod, removed("a", uses("a", "b"), uses("a", "c")), upsert("a", uses("a", "b"))),
			[]string{"prod-eu-1: +a +a->b -a->c"},
		},
		"created, then deleted": {
			wide, logsOf(t, prod, upsert("a", uses("a", "b")), removed("a", uses("a", "b"))),
			[]string{"prod-eu-1: -a -a->b"},
		},
		"updated": {
			wide, logsOf(t, prod, upsert("a", uses("a", "b"), uses("a", "c")), topology.Record{
				Component: topology.Component{Ref: ref("a"), Name: "new"},
				Relations: []topology.Relation{uses("a", "c")}, Removed: []topology.Relation{uses("a", "b")},
			}),
			[]string{"prod-eu-1: +a +a->c -a->b"},
		},
		"removed and carried at once": {
			wide, logsOf(t, prod, topology.Record{
				Component: topology.Component{Ref: ref("a"), Name: "a"},
				Relations: []topology.Relation{uses("a", "b")}, Removed: []topology.Relation{uses("a", "b")},
			}),
			[]string{"prod-eu-1: +a +a->b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, summaries(t, tt.assembler, tt.logs))
		})
	}
}

func TestPayloadsStayWithinTheirBytes(t *testing.T) {
	t.Parallel()
	a := assembler{maxBytes: minPayloadBytes, maxElements: 10_000}
	records := []topology.Record{start("1")}
	for i := range 500 {
		record := upsert(fmt.Sprint("urn:", i), uses(fmt.Sprint("urn:", i), "urn:x"))
		record.Component.Data = map[string]any{"text": strings.Repeat("x", 10*i)}
		records = append(records, record)
	}
	huge := upsert("urn:huge")
	huge.Component.SourceProperties = map[string]any{"text": strings.Repeat("x", 2*minPayloadBytes)}
	records = append(records, huge, stop("1"))

	var components, relations int
	bodies := summaries(t, a, logsOf(t, prod, records...))
	for _, body := range bodies {
		relations += strings.Count(body, "->")
		components += strings.Count(body, "+") - strings.Count(body, "->")
	}
	assert.Equal(t, 501, components)
	assert.Equal(t, 500, relations)
	assert.Greater(t, len(bodies), 19, "1.25 MB in 64 KiB each")
	assert.Less(t, len(bodies), 30, "payloads should be well filled")
}

func TestHostnameOfPayloads(t *testing.T) {
	t.Parallel()
	logs := joined(logsOf(t, prod, upsert("a")), logsOf(t, staging, upsert("b")))
	hosts := func(a assembler) (names []string) {
		for p := range a.payloads(logs) {
			content, _ := intake.Check(p.body(false, testTime), intake.Arrival{})
			names = append(names, content.InternalHostname)
		}
		return names
	}
	assert.Equal(t, []string{"kubernetes-prod-eu-1", "kubernetes-staging"}, hosts(wide))
	configured := wide
	configured.hostname = "me"
	assert.Equal(t, []string{"me", "me"}, hosts(configured))
}

func TestIncompleteInstancesCloseNoSnapshot(t *testing.T) {
	t.Parallel()
	hopeless := upsert("hopeless")
	hopeless.Component.Name = strings.Repeat("x", intake.MaxElementBytes)
	unnamed := malformed(t, prod)
	unnamed.ResourceLogs().At(0).ScopeLogs().At(0).Scope().Attributes().Clear()
	for name, tt := range map[string]struct {
		between plog.Logs
		want    []string
	}{
		"malformed":                     {malformed(t, prod), []string{"prod-eu-1: start +a +b"}},
		"malformed of another instance": {malformed(t, staging), []string{"prod-eu-1: start +a", "staging: ", "prod-eu-1: +b stop"}},
		"malformed of no instance":      {unnamed, []string{"prod-eu-1: start +a +b stop"}},
		"dropped":                       {logsOf(t, prod, hopeless), []string{"prod-eu-1: start +a +b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			logs := joined(logsOf(t, prod, start("1"), upsert("a")), tt.between, logsOf(t, prod, upsert("b"), stop("1")))
			assert.Equal(t, tt.want, summaries(t, wide, logs))
		})
	}
}
