package stackstateexporter

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

func TestOwnFieldsOfAComponentWinOverItsData(t *testing.T) {
	t.Parallel()
	data := map[string]any{"name": "x", "tags": []any{"a"}, "identifiers": []any{"urn:a"}, "version": "1"}
	for name, tt := range map[string]struct {
		component topology.Component
		want      map[string]any
	}{
		"nothing": {topology.Component{}, map[string]any{}},
		"data alone": {
			topology.Component{Data: data},
			data,
		},
		"all": {
			topology.Component{Data: data, Name: "y", Tags: map[string]string{"k": "v"}, Identifiers: []string{"urn:b"}},
			map[string]any{"name": "y", "tags": map[string]string{"k": "v"}, "identifiers": []string{"urn:b"}, "version": "1"},
		},
		"empty lists": {
			topology.Component{Data: data, Tags: map[string]string{}, Identifiers: []string{}},
			map[string]any{"name": "x", "tags": map[string]string{}, "identifiers": []string{}, "version": "1"},
		},
	} {
		assert.Equal(t, tt.want, componentData(tt.component), name)
	}
	assert.Equal(t, "x", data["name"], "the component's data must not change")
}

func TestOversizedElementsLoseTheirFieldsInOrder(t *testing.T) {
	t.Parallel()
	big := func(n int) string { return strings.Repeat("x", n) }
	for name, tt := range map[string]struct {
		component        topology.Component
		want             string // empty: dropped
		trimmed, dropped losses
	}{
		"fits": {
			component: topology.Component{Name: "n", SourceProperties: map[string]any{"a": "b"}},
			want:      `{"externalId":"urn:a","type":{"name":"pod"},"data":{"name":"n"},"sourceProperties":{"a":"b"}}`,
		},
		"source properties": {
			component: topology.Component{Name: "n", Data: map[string]any{"a": "b"}, SourceProperties: map[string]any{"a": big(900)}},
			want:      `{"externalId":"urn:a","type":{"name":"pod"},"data":{"a":"b","name":"n","truncated":true}}`,
			trimmed:   losses{tooLarge: 1, example: "urn:a"},
		},
		"data": {
			component: topology.Component{Name: "n", Tags: map[string]string{"k": "v"}, Data: map[string]any{"a": big(900)}, SourceProperties: map[string]any{"a": "b"}},
			want:      `{"externalId":"urn:a","type":{"name":"pod"},"data":{"name":"n","tags":{"k":"v"},"truncated":true}}`,
			trimmed:   losses{tooLarge: 1, example: "urn:a"},
		},
		"tags": {
			component: topology.Component{Name: "n", Tags: map[string]string{"k": big(900)}, Identifiers: []string{"urn:b"}},
			want:      `{"externalId":"urn:a","type":{"name":"pod"},"data":{"name":"n","truncated":true}}`,
			trimmed:   losses{tooLarge: 1, example: "urn:a"},
		},
		"name": {
			component: topology.Component{Name: big(900)},
			dropped:   losses{tooLarge: 1, example: "urn:a"},
		},
		"no JSON in source properties": {
			component: topology.Component{Name: "n", SourceProperties: map[string]any{"a": math.NaN()}},
			want:      `{"externalId":"urn:a","type":{"name":"pod"},"data":{"name":"n","truncated":true}}`,
			trimmed:   losses{notEncodable: 1, example: "urn:a"},
		},
		"no JSON in data": {
			component: topology.Component{Name: "n", Data: map[string]any{"a": math.Inf(1)}},
			want:      `{"externalId":"urn:a","type":{"name":"pod"},"data":{"name":"n","truncated":true}}`,
			trimmed:   losses{notEncodable: 1, example: "urn:a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.component.Ref = topology.Ref{ID: "urn:a", Type: "pod"}
			got := encoder{maxBytes: 300}.record(topology.Record{Component: tt.component})
			assert.Equal(t, tt.trimmed, got.trimmed)
			assert.Equal(t, tt.dropped, got.dropped)
			assertComponents(t, got.operations, tt.want)
		})
	}
}

func TestOversizedRelationLosesItsData(t *testing.T) {
	t.Parallel()
	relation := topology.Relation{Type: "uses", Source: "urn:a", Target: "urn:b", Data: map[string]any{"a": strings.Repeat("x", 900)}}
	huge := topology.Relation{Type: strings.Repeat("x", 900), Source: "urn:a", Target: "urn:c"}
	got := encoder{maxBytes: 300}.record(topology.Record{
		Component: topology.Component{Ref: topology.Ref{ID: "urn:a"}},
		Relations: []topology.Relation{relation, huge},
	})
	assert.Equal(t, losses{tooLarge: 1, example: "urn:a->urn:b"}, got.trimmed)
	assert.Equal(t, losses{tooLarge: 1, example: "urn:a->urn:c"}, got.dropped)
	require.Len(t, got.operations, 2)
	assert.Equal(t, intake.Relations, got.operations[1].element.Section)
}

// assertComponents asserts that the operations put these components, by what a payload says of them.
func assertComponents(t *testing.T, operations []operation, want ...string) {
	t.Helper()
	chunk := intake.NewChunk("h", intake.Instance{Type: "a", URL: "b"})
	for _, op := range operations {
		chunk.Add(op.element)
	}
	var body struct {
		Topologies []struct {
			Components []json.RawMessage `json:"components"`
		} `json:"topologies"`
	}
	require.NoError(t, json.Unmarshal(chunk.Bytes(0), &body))
	var got []string
	for _, component := range body.Topologies[0].Components {
		got = append(got, string(component))
	}
	assert.Equal(t, strings.Join(want, "\n"), strings.Join(got, "\n"))
}
