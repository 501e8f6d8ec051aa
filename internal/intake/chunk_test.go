package intake

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func mustComponent(t testing.TB, id string) Element {
	t.Helper()
	element, err := EncodeComponent(Component{ExternalID: id, Type: Type{Name: "pod"}, Data: map[string]any{"name": id}})
	require.NoError(t, err)
	return element
}

func mustRelation(t testing.TB, source, target string) Element {
	t.Helper()
	element, err := EncodeRelation(Relation{ExternalID: source + "->" + target, Type: Type{Name: "uses"}, SourceID: source, TargetID: target})
	require.NoError(t, err)
	return element
}

func TestChunkBytes(t *testing.T) {
	t.Parallel()
	chunk := NewChunk(`prod "eu"`, Instance{Type: "kubernetes", URL: "prod"})
	chunk.StopSnapshot = true
	chunk.Add(EncodeDelete("urn:<c>"))
	chunk.Add(mustRelation(t, "urn:a", "urn:b"))
	chunk.Add(mustComponent(t, "urn:a"))
	chunk.Add(mustComponent(t, "urn:b"))
	assert.Equal(t, 4, chunk.Count())

	const want = `{"internalHostname":"prod \"eu\"","collection_timestamp":1700000000,"topologies":[{"start_snapshot":false,"stop_snapshot":true,` +
		`"instance":{"type":"kubernetes","url":"prod"},` +
		`"components":[{"externalId":"urn:a","type":{"name":"pod"},"data":{"name":"urn:a"}},{"externalId":"urn:b","type":{"name":"pod"},"data":{"name":"urn:b"}}],` +
		`"relations":[{"externalId":"urn:a->urn:b","type":{"name":"uses"},"sourceId":"urn:a","targetId":"urn:b","data":{}}],` +
		`"delete_ids":["urn:<c>"]}]}`
	assert.Equal(t, want, string(chunk.Bytes(1_700_000_000)))

	chunk = NewChunk(`prod "eu"`, Instance{Type: "kubernetes", URL: "prod"})
	assert.Zero(t, chunk.Count())
	const empty = `{"internalHostname":"prod \"eu\"","topologies":[{"start_snapshot":false,"stop_snapshot":false,` +
		`"instance":{"type":"kubernetes","url":"prod"},"components":[],"relations":[],"delete_ids":[]}]}`
	assert.Equal(t, empty, string(chunk.Bytes(0)))
}

func TestChunkSizeBoundsItsBytes(t *testing.T) {
	t.Parallel()
	chunk := NewChunk("host", Instance{Type: "a", URL: "b"})
	for i := range 50 {
		added := []Element{mustComponent(t, fmt.Sprint(i)), mustRelation(t, fmt.Sprint(i), "x"), EncodeDelete(fmt.Sprint(i))}[i%3]
		before := chunk.Size()
		chunk.Add(added)
		assert.LessOrEqual(t, chunk.Size(), before+added.Size())
		for _, timestamp := range []int64{0, 1, math.MinInt64} {
			bytes := chunk.Bytes(timestamp)
			assert.LessOrEqual(t, len(bytes), chunk.Size())
			assert.Greater(t, len(bytes)+64, chunk.Size())
		}
	}
	_, findings := Check(chunk.Bytes(1), Arrival{})
	assert.Empty(t, Refusal(findings))
}

func TestEncodeFailsOnWhatJSONCannotHold(t *testing.T) {
	t.Parallel()
	_, err := EncodeComponent(Component{ExternalID: "a", Data: map[string]any{"n": math.NaN()}})
	require.Error(t, err)
	_, err = EncodeRelation(Relation{ExternalID: "a", Data: map[string]any{"n": math.Inf(1)}})
	require.Error(t, err)
	_, err = Payload{Topologies: []Topology{{Components: []Component{{Data: map[string]any{"n": math.NaN()}}}}}}.Encode()
	require.Error(t, err)
}

func TestEncodeNeverWritesNullLists(t *testing.T) {
	t.Parallel()
	encoded, err := Payload{InternalHostname: "a", Topologies: []Topology{{}, {Components: []Component{{}}, Relations: []Relation{{}}}}}.Encode()
	require.NoError(t, err)
	assert.NotContains(t, string(encoded), "null")

	// Also not with the encoder everybody reaches for first.
	encoded, err = json.Marshal(Topology{})
	require.NoError(t, err)
	assert.JSONEq(t, `{"start_snapshot":false,"stop_snapshot":false,"instance":{"type":"","url":""},"components":[],"relations":[],"delete_ids":[]}`, string(encoded))
}

func TestEncodeReplacesInvalidUTF8(t *testing.T) {
	t.Parallel()
	chunk := NewChunk("host", Instance{Type: "a", URL: "b"})
	chunk.Add(mustComponent(t, "a\xffb"))
	_, findings := Check(chunk.Bytes(0), Arrival{})
	assert.Empty(t, Refusal(findings))
}

func BenchmarkChunk(b *testing.B) {
	component, err := EncodeComponent(Component{ExternalID: "urn:a", Type: Type{Name: "pod"}, Data: map[string]any{"text": strings.Repeat("x", 1000)}})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		chunk := NewChunk("host", Instance{Type: "kubernetes", URL: "prod"})
		for range MaxElements {
			chunk.Add(component)
		}
		chunk.Bytes(1)
	}
}

func BenchmarkCheck(b *testing.B) {
	component, err := EncodeComponent(Component{ExternalID: "urn:a", Type: Type{Name: "pod"}, Data: map[string]any{
		"name": "a", "tags": map[string]any{"cluster-name": "prod", "namespace": "shop"}, "text": strings.Repeat("x", 1000),
	}})
	require.NoError(b, err)
	chunk := NewChunk("host", Instance{Type: "kubernetes", URL: "prod"})
	for range MaxElements {
		chunk.Add(component)
	}
	body := chunk.Bytes(1)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		Check(body, Arrival{})
	}
}
