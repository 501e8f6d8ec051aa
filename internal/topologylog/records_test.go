package topologylog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

var (
	at     = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	naming = topology.Naming{Flavour: topology.FlavourKubernetes, Cluster: "prod-eu-1"}
	source = Source{
		Instance:       topology.Instance{Type: "kubernetes", URL: "prod-eu-1"},
		Cluster:        "prod-eu-1",
		ReportInterval: 15 * time.Minute,
		Scope:          "example.org/receiver",
		Version:        "1.2.3",
	}
)

// The components that the records of the tests point at.
var (
	clusterRef    = topology.Ref{ID: naming.ClusterURN(), Type: topology.TypeCluster}
	namespaceRef  = objectRef(topology.TypeNamespace, "", "shop")
	nodeRef       = objectRef(topology.TypeNode, "", "n1")
	serviceRef    = objectRef(topology.TypeService, "shop", "cart")
	replicaSetRef = objectRef(topology.TypeReplicaSet, "shop", "cart-6d4cf56db6")
	podRef        = objectRef(topology.TypePod, "shop", "cart-6d4cf56db6-x7z9q")
	hostRef       = topology.Ref{ID: "urn:host:/n1-prod-eu-1", Type: "host", Entity: topology.EntityID{{Key: "host.id", Value: "n1"}}}
	unknownURN    = topology.URN("urn:host:/never-heard-of")
)

func objectRef(componentType, namespace, name string) topology.Ref {
	return topology.Ref{
		ID:     naming.ObjectURN(componentType, namespace, name),
		Type:   componentType,
		Entity: topology.EntityID{{Key: topology.EntityType(componentType) + ".uid", Value: "uid-of-" + name}},
	}
}

func resolve(id topology.URN) (topology.Ref, bool) {
	known := []topology.Ref{clusterRef, namespaceRef, nodeRef, serviceRef, replicaSetRef, podRef, hostRef}
	i := slices.IndexFunc(known, func(ref topology.Ref) bool { return ref.ID == id })
	if i < 0 {
		return topology.Ref{}, false
	}
	return known[i], true
}

// podRecord has something in every field.
func podRecord() topology.Record {
	return topology.Record{
		Op: topology.Upsert,
		Component: topology.Component{
			Ref:         podRef,
			Name:        "cart-6d4cf56db6-x7z9q",
			Cluster:     "prod-eu-1",
			Namespace:   "shop",
			Labels:      map[string]string{"app": "cart", "app.kubernetes.io/name": "cart"},
			Tags:        map[string]string{"service-account": "cart"},
			Identifiers: []string{"urn:ip:/prod-eu-1:shop:cart-6d4cf56db6-x7z9q:10.0.0.7"},
			Data: map[string]any{
				"status":        map[string]any{"phase": "Running"},
				"restartPolicy": "Always",
				"replicas":      int64(3),
				"share":         0.25,
				"ready":         true,
				"generateName":  nil,
				"args":          []any{"--port", int64(8080), []any{}, map[string]any{}},
			},
			SourceProperties: map[string]any{"kind": "Pod"},
		},
		Relations: []topology.Relation{
			{Type: topology.Encloses, Source: namespaceRef.ID, Target: podRef.ID},
			{Type: topology.ScheduledOn, Source: podRef.ID, Target: nodeRef.ID},
			{Type: topology.Controls, Source: replicaSetRef.ID, Target: podRef.ID},
			{Type: topology.Exposes, Source: serviceRef.ID, Target: podRef.ID, Data: map[string]any{"ports": []any{int64(80)}}},
			{Type: "talks_to", Source: unknownURN, Target: podRef.ID, ID: "flow 17"},
		},
		Removed: []topology.Relation{{Type: "runs_on", Source: podRef.ID, Target: hostRef.ID}},
	}
}

// logsOf encodes records, each of which must be fit for it.
func logsOf(t testing.TB, records ...topology.Record) plog.Logs {
	t.Helper()
	batch := NewBatch(source)
	for _, record := range records {
		require.NoError(t, batch.Append(record, at, resolve))
	}
	require.Equal(t, len(records), batch.Len())
	return batch.Logs()
}

// recordsOf decodes logs that hold nothing malformed.
func recordsOf(t testing.TB, logs plog.Logs) []topology.Record {
	t.Helper()
	var records []topology.Record
	for entry, err := range Entries(logs) {
		require.NoError(t, err)
		require.Equal(t, Position{Record: len(records)}, entry.Position)
		require.Equal(t, source.Instance, entry.Instance)
		records = append(records, entry.Record)
	}
	return records
}

// normal is the record as it comes back from logs. It is the documented whole of what a round
// trip may change.
func normal(r topology.Record) topology.Record {
	switch r.Op {
	case topology.SnapshotStart, topology.SnapshotStop:
		return topology.Record{Op: r.Op, SnapshotID: r.SnapshotID}
	case topology.Delete:
		r.Component = topology.Component{Ref: r.Component.Ref}
		r.Relations = nil
	default:
		r.Relations = append([]topology.Relation{}, r.Relations...)
	}
	r.SnapshotID = ""
	if len(r.Removed) == 0 {
		r.Removed = nil
	}
	c := &r.Component
	if len(c.Entity) == 0 {
		c.Entity = nil
	}
	if len(c.Labels) == 0 {
		c.Labels = nil
	}
	switch c.Type {
	case topology.TypeCluster:
		c.Cluster = c.Name
	case topology.TypeNamespace:
		c.Namespace = ""
	}
	return r
}

// choices makes records out of any bytes, so that a fuzzer can steer what is in them. When the
// bytes are used up every choice is the first one.
type choices struct {
	bytes []byte
}

func (c *choices) of(n int) int {
	if len(c.bytes) == 0 {
		return 0
	}
	b := c.bytes[0]
	c.bytes = c.bytes[1:]
	return int(b) % n
}

func choose[T any](c *choices, from ...T) T { return from[c.of(len(from))] }

func (c *choices) text() string {
	if c.of(2) == 0 {
		return choose(c, "", "a", "app.kubernetes.io/name", ".label.", "name", "k8s.cluster.name", "Größe")
	}
	n := min(c.of(12), len(c.bytes))
	text := strings.ToValidUTF8(string(c.bytes[:n]), "?")
	c.bytes = c.bytes[n:]
	return text
}

func (c *choices) texts() map[string]string {
	if c.of(3) == 0 {
		return nil
	}
	m := map[string]string{}
	for range c.of(4) {
		m[c.text()] = c.text()
	}
	return m
}

func (c *choices) value(depth int) any {
	switch c.of(8 - 2*min(depth/3, 1)) {
	case 0:
		return nil
	case 1:
		return c.text()
	case 2:
		return c.of(2) == 1
	case 3:
		return choose(c, int64(0), 1, -1, 1<<62, -1<<63)
	case 4:
		return choose(c, 0.0, 1.0, -1.5, 1e300)
	case 5:
		return int64(c.of(256))
	case 6:
		list := []any{}
		for range c.of(4) {
			list = append(list, c.value(depth+1))
		}
		return list
	default:
		return c.object(depth + 1)
	}
}

func (c *choices) object(depth int) map[string]any {
	m := map[string]any{}
	for range c.of(4) {
		m[c.text()] = c.value(depth)
	}
	return m
}

func (c *choices) optionalObject() map[string]any {
	if c.of(2) == 0 {
		return nil
	}
	return c.object(0)
}

func (c *choices) ref() topology.Ref {
	if c.of(4) > 0 {
		return choose(c, podRef, clusterRef, nodeRef, namespaceRef, serviceRef, replicaSetRef, hostRef)
	}
	ref := topology.Ref{ID: topology.URN("urn:" + c.text()), Type: choose(c, "cluster", "container", "stackstate.x", "k8s.pod", "x"+c.text())}
	for key, value := range c.texts() {
		ref.Entity = append(ref.Entity, topology.Attribute{Key: key, Value: value})
	}
	ref.Entity = topology.NewEntityID(ref.Entity...)
	return ref
}

// relations are carried by either end, declared or not, also from a component to itself.
func (c *choices) relations(carrier topology.URN) []topology.Relation {
	var relations []topology.Relation
	for range c.of(5) {
		r := topology.Relation{
			Type: choose(c, topology.Encloses, topology.Exposes, topology.Controls, topology.ScheduledOn, topology.RunsOn,
				"part_of", "exposed_by", "x"+c.text()),
			Source: carrier,
			Target: choose(c, podRef.ID, clusterRef.ID, nodeRef.ID, namespaceRef.ID, serviceRef.ID, replicaSetRef.ID, hostRef.ID, unknownURN, carrier),
			ID:     choose(c, "", "", c.text()),
			Data:   c.optionalObject(),
		}
		if c.of(2) == 1 {
			r.Source, r.Target = r.Target, r.Source
		}
		relations = append(relations, r)
	}
	return relations
}

func (c *choices) record() topology.Record {
	record := topology.Record{Op: choose(c, topology.Upsert, topology.Upsert, topology.Delete, topology.SnapshotStart, topology.SnapshotStop)}
	record.SnapshotID = c.text()
	record.Component = topology.Component{
		Ref:              c.ref(),
		Name:             c.text(),
		Cluster:          c.text(),
		Namespace:        c.text(),
		Labels:           c.texts(),
		Tags:             c.texts(),
		Data:             c.optionalObject(),
		SourceProperties: c.optionalObject(),
	}
	if c.of(2) == 1 {
		record.Component.Identifiers = append([]string{}, slices.Sorted(maps.Values(c.texts()))...)
	}
	record.Relations = c.relations(record.Component.ID)
	record.Removed = c.relations(record.Component.ID)
	return record
}

// show prints a record such that equal records, and only such, look the same, NaN included.
func show(r topology.Record) string { return fmt.Sprintf("%#v", r) }
