package topology

import (
	"hash/maphash"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

func fullComponent() Component {
	return Component{
		Ref:              Ref{ID: "urn:a", Type: TypePod, Entity: EntityID{{"k8s.pod.uid", "1"}}},
		Name:             "a",
		Cluster:          "prod",
		Namespace:        "shop",
		Labels:           map[string]string{"app": "cart", "tier": "web"},
		Tags:             map[string]string{"service-account": "cart"},
		Identifiers:      []string{"urn:x", "urn:y"},
		Data:             map[string]any{"list": []any{"x", int64(1), 1.5, true, false, nil, map[string]any{"k": "v"}}},
		SourceProperties: map[string]any{"spec": map[string]any{"replicas": int64(2)}},
	}
}

func fullRelations() []Relation {
	return []Relation{
		{Type: Encloses, Source: "urn:ns", Target: "urn:a"},
		{Type: ScheduledOn, Source: "urn:a", Target: "urn:n", ID: "own id", Data: map[string]any{"k": "v"}},
	}
}

// entityOf gives every component but unknown ones an entity of its own.
func entityOf(uid string) func(URN) (Ref, bool) {
	return func(id URN) (Ref, bool) {
		if id == "urn:unknown" {
			return Ref{}, false
		}
		return Ref{ID: id, Entity: EntityID{{"uid", uid + string(id)}}}, true
	}
}

func TestFingerprintOfEqualRecordsIsEqual(t *testing.T) {
	t.Parallel()
	seed := maphash.MakeSeed()
	want := Fingerprint(seed, fullComponent(), fullRelations(), entityOf("1"))
	for range 20 { // maps are walked in any order
		assert.Equal(t, want, Fingerprint(seed, fullComponent(), fullRelations(), entityOf("1")))
	}
}

// Every change below makes a record that differs from the full one and from all others.
func TestFingerprintNoticesEveryChange(t *testing.T) {
	t.Parallel()
	changes := map[string]func(c *Component, r []Relation) []Relation{
		"nothing":            func(_ *Component, r []Relation) []Relation { return r },
		"id":                 func(c *Component, r []Relation) []Relation { c.ID = "urn:b"; return r },
		"type":               func(c *Component, r []Relation) []Relation { c.Type = TypeNode; return r },
		"entity value":       func(c *Component, r []Relation) []Relation { c.Entity = EntityID{{"k8s.pod.uid", "2"}}; return r },
		"entity key":         func(c *Component, r []Relation) []Relation { c.Entity = EntityID{{"k8s.pod.name", "1"}}; return r },
		"no entity":          func(c *Component, r []Relation) []Relation { c.Entity = nil; return r },
		"name":               func(c *Component, r []Relation) []Relation { c.Name = "b"; return r },
		"cluster":            func(c *Component, r []Relation) []Relation { c.Cluster = "test"; return r },
		"namespace":          func(c *Component, r []Relation) []Relation { c.Namespace = ""; return r },
		"moved text":         func(c *Component, r []Relation) []Relation { c.Cluster, c.Namespace = "prods", "hop"; return r },
		"label":              func(c *Component, r []Relation) []Relation { c.Labels["app"] = "basket"; return r },
		"label key":          func(c *Component, r []Relation) []Relation { c.Labels["new"] = ""; return r },
		"labels gone":        func(c *Component, r []Relation) []Relation { c.Labels = nil; return r },
		"label to tag":       func(c *Component, r []Relation) []Relation { c.Labels, c.Tags = c.Tags, c.Labels; return r },
		"tag":                func(c *Component, r []Relation) []Relation { c.Tags["service-account"] = ""; return r },
		"empty identifiers":  func(c *Component, r []Relation) []Relation { c.Identifiers = []string{}; return r },
		"no identifiers":     func(c *Component, r []Relation) []Relation { c.Identifiers = nil; return r },
		"identifiers moved":  func(c *Component, r []Relation) []Relation { c.Identifiers = []string{"urn:xu", "rn:y"}; return r },
		"identifiers turned": func(c *Component, r []Relation) []Relation { c.Identifiers = []string{"urn:y", "urn:x"}; return r },
		"data gone":          func(c *Component, r []Relation) []Relation { c.Data = nil; return r },
		"data empty":         func(c *Component, r []Relation) []Relation { c.Data = map[string]any{}; return r },
		"nested data": func(c *Component, r []Relation) []Relation {
			c.Data["list"].([]any)[6].(map[string]any)["k"] = "w"
			return r
		},
		"source property": func(c *Component, r []Relation) []Relation { c.SourceProperties["status"] = nil; return r },
		"relation gone":   func(_ *Component, r []Relation) []Relation { return r[:1] },
		"relation type":   func(_ *Component, r []Relation) []Relation { r[0].Type = Controls; return r },
		"relation turned": func(_ *Component, r []Relation) []Relation {
			r[0].Source, r[0].Target = r[0].Target, r[0].Source
			return r
		},
		"relation id":   func(_ *Component, r []Relation) []Relation { r[0].ID = "x"; return r },
		"relation data": func(_ *Component, r []Relation) []Relation { r[1].Data["k"] = "w"; return r },
	}
	seed := maphash.MakeSeed()
	seen := map[uint64]string{}
	for name, change := range changes {
		c := fullComponent()
		relations := change(&c, fullRelations())
		fingerprint := Fingerprint(seed, c, relations, entityOf("1"))
		assert.Empty(t, seen[fingerprint], "%s is not told apart", name)
		seen[fingerprint] = name
	}
}

func TestFingerprintNoticesReplacedOtherEnd(t *testing.T) {
	t.Parallel()
	seed := maphash.MakeSeed()
	before := Fingerprint(seed, fullComponent(), fullRelations(), entityOf("1"))
	assert.NotEqual(t, before, Fingerprint(seed, fullComponent(), fullRelations(), entityOf("2")))

	unknown := []Relation{{Type: Encloses, Source: "urn:unknown", Target: "urn:a"}}
	before = Fingerprint(seed, fullComponent(), unknown, func(URN) (Ref, bool) { return Ref{}, false })
	assert.NotEqual(t, before, Fingerprint(seed, fullComponent(), unknown, entityOf("1")))
}

func TestFingerprintTellsValuesApart(t *testing.T) {
	t.Parallel()
	values := []any{
		nil, "", "1", "true", "null", true, false, int64(0), int64(1), int64(-1), int64(math.MaxInt64), 0.0, 1.0, math.Inf(1),
		[]any{},
		[]any{nil},
		[]any{""},
		[]any{"a", "b"},
		[]any{"ab"},
		[]any{[]any{"a"}, "b"},
		[]any{[]any{"a", "b"}},
		map[string]any(nil),
		map[string]any{},
		map[string]any{"": nil},
		map[string]any{"a": "b"},
		map[string]any{"b": "a"},
		map[string]any{"a": map[string]any{"b": "c"}},
		map[string]any{"a": map[string]any{}, "b": "c"},
		// Not allowed, yet no reason to miss a change.
		1, 2, uint(1),
		[]string{"a"},
		[]string{"b"},
	}
	seed := maphash.MakeSeed()
	seen := map[uint64]string{}
	for i, value := range values {
		fingerprint := Fingerprint(seed, Component{Data: map[string]any{"value": value}}, nil, nil)
		assert.Empty(t, seen[fingerprint], "%T %v", value, value)
		seen[fingerprint] = strconv.Itoa(i) + " is the same"
	}
}
