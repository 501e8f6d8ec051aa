package intake

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// body is a request body around the given members, which follow the host name.
func body(members string) string {
	return `{"internalHostname":"collector-0"` + members + `}`
}

// entry is a body with one topology of the given members.
func entry(members string) string {
	return body(`,"topologies":[{"instance":{"type":"kubernetes","url":"prod"},` + members + `}]`)
}

// component is a body with one component of the given members.
func component(members string) string {
	return entry(`"relations":[],"components":[{` + members + `}]`)
}

// data is a body with one component with the given members of data.
func data(members string) string {
	return component(`"externalId":"urn:a","type":{"name":"pod"},"data":{` + members + `}`)
}

// relation is a body with one relation of the given members.
func relation(members string) string {
	return entry(`"components":[],"relations":[{` + members + `}]`)
}

// brief is a line for each finding: rule, severity and path.
func brief(findings []Finding) []string {
	lines := []string{}
	for _, f := range findings {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Rule, f.Severity, f.Path)))
	}
	return lines
}

const firstComponent = "topologies[0].components[0]"

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		body string
		want []string
	}{
		{"smallest payload", body(``), nil},
		{"white space around", " \n" + body(``) + "\n", nil},
		{"unknown members", body(`,"os":"linux","resources":null`), nil},
		{"all lists empty", body(`,"topologies":[],"health":[],"metrics":[],"service_checks":[],"events":{}`), nil},
		{"empty body", ``, []string{"R5 E"}},
		{"null", `null`, []string{"R5 E"}},
		{"list at the top", `[{}]`, []string{"R5 E"}},
		{"cut off", `{"internalHostname":`, []string{"R5 E"}},
		{"two objects", `{} {}`, []string{"R5 E"}},
		{"not a number", body(`,"collection_timestamp":NaN`), []string{"R5 E"}},
		{"invalid UTF-8", body(",\"os\":\"\xff\""), []string{"R5 E"}},

		{"no host", `{}`, []string{"R6 E"}},
		{"host of another case", `{"internalhostname":"a"}`, []string{"R6 E"}},
		{"host null", `{"internalHostname":null}`, []string{"R6 E internalHostname"}},
		{"host a number", `{"internalHostname":1}`, []string{"R6 E internalHostname"}},
		{"host empty", `{"internalHostname":""}`, []string{"R6 W internalHostname"}},
		{"host localhost", `{"internalHostname":"LocalHost"}`, []string{"R6 W internalHostname"}},
		{"host too long", `{"internalHostname":"` + strings.Repeat("h", 256) + `"}`, []string{"R6 W internalHostname"}},

		{"timestamp a fraction", body(`,"collection_timestamp":1700000000.5`), nil},
		{"timestamp null", body(`,"collection_timestamp":null`), []string{"R7 E collection_timestamp"}},
		{"timestamp a string", body(`,"collection_timestamp":"1700000000"`), []string{"R7 E collection_timestamp"}},
		{"timestamp too large to hold", body(`,"collection_timestamp":1e999`), []string{"R7 E collection_timestamp"}},
		{"timestamp in milliseconds", body(`,"collection_timestamp":1700000000000`), []string{"R7 W collection_timestamp"}},
		{"timestamp long ago", body(`,"collection_timestamp":1600000000`), []string{"R7 W collection_timestamp"}},

		{
			"lists null", body(`,"topologies":null,"health":null,"metrics":null,"service_checks":null,"events":null`),
			[]string{"R8 E topologies", "R8 E health", "R8 E metrics", "R8 E service_checks", "R8 E events"},
		},
		{"events a list", body(`,"events":[]`), []string{"R8 E events"}},
		{"metrics an object", body(`,"metrics":{}`), []string{"R8 E metrics"}},
		{"topology a string", body(`,"topologies":["a"]`), []string{"R8 E topologies[0]"}},

		{"too many elements", body(`,"metrics":[0` + strings.Repeat(",0", MaxElements) + `]`), []string{"R9 W"}},
		{"element too large", data(`"name":"a","text":"` + strings.Repeat("x", MaxElementBytes) + `"`), []string{"R9 W " + firstComponent}},

		{"no instance", body(`,"topologies":[{"components":[],"relations":[]}]`), []string{"T1 E topologies[0]"}},
		{"instance a string", body(`,"topologies":[{"instance":"a","components":[],"relations":[]}]`), []string{"T1 E topologies[0].instance"}},
		{"instance without url", body(`,"topologies":[{"instance":{"type":"a"},"components":[],"relations":[]}]`), []string{"T1 E topologies[0].instance"}},
		{
			"instance with empty type", body(`,"topologies":[{"instance":{"type":"","url":"a"},"components":[],"relations":[]}]`),
			[]string{"T1 E topologies[0].instance.type"},
		},
		{"instance of a URL", body(`,"topologies":[{"instance":{"type":"a-b","url":"http://host:80/x_y.z"},"components":[],"relations":[]}]`), nil},
		{
			"instance with a space", body(`,"topologies":[{"instance":{"type":"a","url":"b c"},"components":[],"relations":[]}]`),
			[]string{"T2 W topologies[0].instance"},
		},
		{
			"instance too long", body(`,"topologies":[{"instance":{"type":"a","url":"` + strings.Repeat("u", 239) + `"},"components":[],"relations":[]}]`),
			[]string{"T2 W topologies[0].instance"},
		},

		{"no lists", entry(`"delete_ids":[]`), []string{"T3 E topologies[0]", "T3 E topologies[0]"}},
		{
			"lists of a topology null", entry(`"components":null,"relations":null,"delete_ids":null`),
			[]string{"T3 E topologies[0].delete_ids", "T3 E topologies[0].components", "T3 E topologies[0].relations"},
		},
		{"delete id a number", entry(`"components":[],"relations":[],"delete_ids":["a",1]`), []string{"T3 E topologies[0].delete_ids[1]"}},
		{"flags", entry(`"components":[],"relations":[],"start_snapshot":true,"stop_snapshot":false`), nil},
		{"flag a string", entry(`"components":[],"relations":[],"start_snapshot":"true"`), []string{"T4 E topologies[0].start_snapshot"}},
		{"flag null", entry(`"components":[],"relations":[],"stop_snapshot":null`), []string{"T4 E topologies[0].stop_snapshot"}},

		{"component a string", entry(`"relations":[],"components":["a"]`), []string{"T5 E " + firstComponent}},
		{"component empty", component(``), []string{"T5 E " + firstComponent, "T5 E " + firstComponent, "T5 E " + firstComponent}},
		{"component id a number", component(`"externalId":1,"type":{"name":"a"},"data":{"name":"a"}`), []string{"T5 E " + firstComponent + ".externalId"}},
		{"component type a string", component(`"externalId":"a","type":"pod","data":{"name":"a"}`), []string{"T5 E " + firstComponent + ".type"}},
		{"component type name empty", component(`"externalId":"a","type":{"name":""},"data":{"name":"a"}`), []string{"T5 E " + firstComponent + ".type.name"}},
		{"component data null", component(`"externalId":"a","type":{"name":"a"},"data":null`), []string{"T5 E " + firstComponent + ".data"}},
		{"source properties null", component(`"externalId":"a","type":{"name":"a"},"data":{"name":"a"},"sourceProperties":null`), nil},
		{
			"source properties a list", component(`"externalId":"a","type":{"name":"a"},"data":{"name":"a"},"sourceProperties":[]`),
			[]string{"T5 E " + firstComponent + ".sourceProperties"},
		},
		{"number out of range", data(`"name":"a","n":1e999`), []string{"R5 E " + firstComponent}},

		{"relation", relation(`"externalId":"a->b","type":{"name":"uses"},"sourceId":"a","targetId":"b","data":{}`), nil},
		{"relation null", entry(`"components":[],"relations":[null]`), []string{"T6 E topologies[0].relations[0]"}},
		{
			"relation without ends", relation(`"externalId":"a->b","type":{"name":"uses"},"data":{}`),
			[]string{"T6 E topologies[0].relations[0]", "T6 E topologies[0].relations[0]"},
		},
		{
			"relation with empty source", relation(`"externalId":"a->b","type":{"name":"uses"},"sourceId":"","targetId":"b","data":{}`),
			[]string{"T6 E topologies[0].relations[0].sourceId"},
		},
		{
			"relation data a list", relation(`"externalId":"a->b","type":{"name":"uses"},"sourceId":"a","targetId":"b","data":[]`),
			[]string{"T6 E topologies[0].relations[0].data"},
		},

		{"no name", data(``), []string{"T10 W " + firstComponent + ".data.name"}},
		{"layer a number", data(`"name":"a","layer":1`), []string{"T10 W " + firstComponent + ".data.layer"}},
		{"identifiers", data(`"name":"a","identifiers":["urn:a","urn:host:/a"]`), []string{"T11 I " + firstComponent + ".data.identifiers[0]"}},
		{"identifiers a string", data(`"name":"a","identifiers":"urn:a"`), []string{"T11 W " + firstComponent + ".data.identifiers"}},
		{"identifier empty", data(`"name":"a","identifiers":["",null]`), []string{"T11 W " + firstComponent + ".data.identifiers[0]", "T11 I " + firstComponent + ".data.identifiers"}},
		{"labels", data(`"name":"a","labels":["a:b","c"]`), nil},
		{"labels a map", data(`"name":"a","labels":{}`), []string{"T12 E " + firstComponent + ".data.labels"}},
		{"label null", data(`"name":"a","labels":["a",null]`), []string{"T12 E " + firstComponent + ".data.labels[1]"}},
		{"tags a map", data(`"name":"a","tags":{"k":"v"}`), nil},
		{"tags a list", data(`"name":"a","tags":["k:v"]`), []string{"T12 W " + firstComponent + ".data.tags"}},
		{"tags a list for another StackPack", strings.Replace(data(`"name":"a","tags":["k:v"]`), "kubernetes", "disk", 1), nil},
		{"tag a number", data(`"name":"a","tags":{"k":1}`), []string{"T12 E " + firstComponent + ".data.tags"}},
		{"tags a list of numbers", strings.Replace(data(`"name":"a","tags":[1]`), "kubernetes", "disk", 1), []string{"T12 E " + firstComponent + ".data.tags[0]"}},
		{"tags a string", data(`"name":"a","tags":"k"`), []string{"T12 E " + firstComponent + ".data.tags"}},
		{"list of two types", data(`"name":"a","ports":{"list":[1,2.5,null,"x"]}`), []string{"T12 E " + firstComponent + ".data"}},
		{"list of one type", data(`"name":"a","ports":[1,2.5,null],"deep":[[true],[{}]]`), nil},
		{"label too long", data(`"name":"a","labels":["` + strings.Repeat("l", 201) + `"]`), []string{"T13 W " + firstComponent + ".data.labels[0]"}},
		{"label starts with a digit", data(`"name":"a","labels":["1a"]`), []string{"T13 W " + firstComponent + ".data.labels[0]"}},
		{"label ends in a colon", data(`"name":"a","labels":["a:"]`), []string{"T13 W " + firstComponent + ".data.labels[0]"}},
		{"type names differ by case", entry(`"relations":[],"components":[
			{"externalId":"a","type":{"name":"pod"},"data":{"name":"a"}},
			{"externalId":"b","type":{"name":"Pod"},"data":{"name":"b"}}]`), []string{"T14 I topologies[0].components[1].type.name"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, findings := Check([]byte(tt.body), Arrival{Time: time.Unix(1_700_000_000, 0)})
			if tt.want == nil {
				tt.want = []string{}
			}
			assert.Equal(t, tt.want, brief(findings))
		})
	}
}

func TestCheckMilliseconds(t *testing.T) {
	t.Parallel()
	arrival := Arrival{Time: time.Unix(1_700_000_000, 0), Milliseconds: true}
	_, findings := Check([]byte(body(`,"collection_timestamp":1700000000000`)), arrival)
	assert.Empty(t, findings)
	_, findings = Check([]byte(body(`,"collection_timestamp":1700000000`)), arrival)
	assert.Equal(t, []string{"R7 W collection_timestamp"}, brief(findings))
	_, findings = Check([]byte(body(`,"collection_timestamp":1000000000`)), Arrival{})
	assert.Empty(t, findings, "without a time of arrival nothing is far off")
}

func TestCheckLargeBody(t *testing.T) {
	t.Parallel()
	_, findings := Check([]byte(strings.Repeat("[", MaxBodyBytes)), Arrival{}) // a list, so that it need not be read to the end
	assert.Equal(t, []string{"R5 E", "R9 W"}, brief(findings))
}

func TestCheckReturnsThePayload(t *testing.T) {
	t.Parallel()
	payload, findings := Check([]byte(`{
		"internalHostname": "collector-0",
		"collection_timestamp": 1700000000,
		"topologies": [{
			"start_snapshot": true,
			"instance": {"type": "kubernetes", "url": "prod"},
			"components": [{
				"externalId": "urn:a", "type": {"name": "pod"},
				"data": {"name": "a", "whole": 9223372036854775807, "huge": 9223372036854775808, "fraction": 0.5, "yes": true, "nothing": null, "list": [1]},
				"sourceProperties": {}
			}],
			"relations": [{"externalId": "urn:a->urn:b", "type": {"name": "uses"}, "sourceId": "urn:a", "targetId": "urn:b", "data": {"n": -1}}],
			"delete_ids": ["urn:c"]
		}],
		"health": [{"stream": {}}],
		"events": {"e": []},
		"metrics": [["m", 1, 2, {}]],
		"service_checks": [1]
	}`), Arrival{})
	require.Empty(t, findings)
	assert.Equal(t, "collector-0", payload.InternalHostname)
	assert.Equal(t, 1.7e9, payload.CollectionTimestamp)
	assert.Equal(t, []Topology{{
		StartSnapshot: true,
		Instance:      Instance{Type: "kubernetes", URL: "prod"},
		Components: []Component{{
			ExternalID: "urn:a", Type: Type{Name: "pod"},
			Data: map[string]any{
				"name": "a", "whole": int64(9223372036854775807), "huge": 9223372036854775808.0, "fraction": 0.5,
				"yes": true, "nothing": nil, "list": []any{int64(1)},
			},
			SourceProperties: map[string]any{},
		}},
		Relations: []Relation{{
			ExternalID: "urn:a->urn:b", Type: Type{Name: "uses"}, SourceID: "urn:a", TargetID: "urn:b", Data: map[string]any{"n": int64(-1)},
		}},
		DeleteIDs: []string{"urn:c"},
	}}, payload.Topologies)
	assert.Len(t, payload.Health, 1)
	assert.JSONEq(t, `[]`, string(payload.Events["e"]))
	assert.JSONEq(t, `["m", 1, 2, {}]`, string(payload.Metrics[0]))
	assert.Len(t, payload.ServiceChecks, 1)
}

func TestCheckCountsRepeatedFindings(t *testing.T) {
	t.Parallel()
	_, findings := Check([]byte(entry(`"relations":[],"components":[1,2,{"externalId":"a","type":{"name":"a"},"data":{}},3]`)), Arrival{})
	assert.Equal(t, []Finding{
		{Rule: "T5", Severity: Reject, Path: "topologies[0].components[0]", Message: "Expected an object", Count: 3},
		{Rule: "T10", Severity: Warning, Path: "topologies[0].components[2].data.name", Message: "Expected a non-empty string", Count: 1},
	}, findings)
	assert.True(t, Rejects(findings))
	assert.False(t, Rejects(findings[1:]))
}

func TestRefusalSpeaksAsTheServer(t *testing.T) {
	t.Parallel()
	_, findings := Check([]byte(`{"topologies":[{"relations":[]}, {"relations":[]}],"collection_timestamp":1}`), Arrival{Time: time.Unix(1_700_000_000, 0)})
	assert.Equal(t, `Failed to deserialize JSON on fields: , with message: Object is missing required member 'internalHostname' [R6]
Failed to deserialize JSON on fields: topologies[0], with message: Object is missing required member 'instance' [T1] (2 times)
Failed to deserialize JSON on fields: topologies[0], with message: Object is missing required member 'components' [T3] (2 times)`,
		Refusal(findings))
	assert.Empty(t, Refusal(nil))
}

func FuzzCheck(f *testing.F) {
	f.Add(body(`,"collection_timestamp":1.5,"health":[{}],"events":{"a":[]},"metrics":[[]]`))
	f.Add(entry(`"components":[],"relations":[],"delete_ids":["a"],"start_snapshot":true`))
	f.Add(data(`"name":"a","identifiers":["urn:a"],"labels":["a:b"],"tags":{"k":"v"},"n":[-0,1e3,12345678901234567890,null]`))
	f.Add(relation(`"externalId":"a->b","type":{"name":"uses"},"sourceId":"a","targetId":"b","data":{}`))
	f.Fuzz(func(t *testing.T, body string) {
		payload, findings := Check([]byte(body), Arrival{})
		if Rejects(findings) {
			require.NotEmpty(t, Refusal(findings))
			return
		}
		encoded, err := payload.Encode()
		require.NoError(t, err)
		again, findings := Check(encoded, Arrival{})
		require.Empty(t, Refusal(findings), "%s", encoded)
		encodedAgain, err := again.Encode()
		require.NoError(t, err)
		require.Equal(t, string(encoded), string(encodedAgain))
	})
}
