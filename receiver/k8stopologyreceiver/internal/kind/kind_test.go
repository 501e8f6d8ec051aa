package kind

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/cache"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/testutil/golden"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

var env = Env{Naming: topology.Naming{Flavour: topology.FlavourKubernetes, Cluster: "prod-eu-1"}}

// caches holds the slim objects of a test, by kind, as the receiver would.
type caches map[string]cache.Indexer

func (c caches) Indexed(kind, index, value string) []any {
	objects, err := c[kind].ByIndex(index, value)
	if err != nil {
		panic(err)
	}
	return objects
}

func newCaches(t *testing.T, objects []runtime.Object) caches {
	t.Helper()
	c := caches{}
	for _, k := range All() {
		c[k.Name] = cache.NewIndexer(cache.MetaNamespaceKeyFunc, k.Indexers)
		for _, obj := range objects {
			if slim, err := k.Slim(obj); err == nil {
				require.NoError(t, c[k.Name].Add(slim))
			}
		}
	}
	return c
}

// readObjects returns the objects of a file of manifests.
func readObjects(t *testing.T, path string) []runtime.Object {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var objects []runtime.Object
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		obj, _, err := scheme.Codecs.UniversalDeserializer().Decode(document, nil, nil)
		require.NoError(t, err, "%s", document)
		objects = append(objects, obj)
	}
	return objects
}

// kindOfObject returns the row for an object.
func kindOfObject(t *testing.T, obj runtime.Object) Kind {
	t.Helper()
	for _, k := range All() {
		if _, err := k.Slim(obj); err == nil {
			return k
		}
	}
	require.Fail(t, "no kind", "%T", obj)
	return Kind{}
}

// picture is what a golden holds: everything the objects of a case build.
type picture struct {
	Components []topology.Component
	Relations  []topology.Relation
}

func build(t *testing.T, objects []runtime.Object) picture {
	t.Helper()
	view := newCaches(t, objects)
	var p picture
	for _, obj := range objects {
		k := kindOfObject(t, obj)
		slim, err := k.Slim(obj)
		require.NoError(t, err)
		p.Components = append(p.Components, k.Build(env, slim)...)
		p.Relations = append(p.Relations, k.Relations(env, view, slim)...)
	}
	slices.SortStableFunc(p.Relations, func(a, b topology.Relation) int { return cmp.Compare(a.ExternalID(), b.ExternalID()) })
	return p
}

func cases(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*/*/objects.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func TestObjectsToTopology(t *testing.T) {
	for _, file := range cases(t) {
		t.Run(strings.TrimPrefix(filepath.Dir(file), "testdata/"), func(t *testing.T) {
			got, err := yaml.Marshal(build(t, readObjects(t, file)))
			require.NoError(t, err)
			golden.Equal(t, filepath.Join(filepath.Dir(file), "topology.golden.yaml"), got)
		})
	}
}

// TestEveryRowHasACase keeps the goldens from missing a kind.
func TestEveryRowHasACase(t *testing.T) {
	for _, k := range All() {
		files, err := filepath.Glob("testdata/" + k.Name + "/*/objects.yaml")
		require.NoError(t, err)
		assert.NotEmpty(t, files, "testdata/%s has no case", k.Name)
	}
}

// TestRulesForRows checks what package documentation promises of every row.
func TestRulesForRows(t *testing.T) {
	for _, file := range cases(t) {
		objects := readObjects(t, file)
		view := newCaches(t, objects)
		for _, obj := range objects {
			k := kindOfObject(t, obj)
			before := obj.DeepCopyObject()
			slim, err := k.Slim(obj)
			require.NoError(t, err)
			components, relations := k.Build(env, slim), k.Relations(env, view, slim)

			assert.Equal(t, before, obj, "%s: the object is unchanged", file)
			assert.Equal(t, components, k.Build(env, slim), "%s: deterministic", file)
			assert.Equal(t, components, k.Build(env, obj), "%s: Slim keeps what Build reads", file)
			assert.Equal(t, relations, k.Relations(env, view, obj), "%s: Slim keeps what Relations reads", file)
			assert.Equal(t, k.Touches(obj), k.Touches(slim), "%s: Slim keeps what Touches reads", file)
			again, err := k.Slim(slim.(runtime.Object))
			require.NoError(t, err)
			assert.Equal(t, slim, again, "%s: Slim is idempotent", file)
			for name, index := range k.Indexers {
				want, _ := index(obj)
				got, _ := index(slim)
				assert.Equal(t, want, got, "%s: Slim keeps what index %s reads", file, name)
			}
			checkComponents(t, components, relations)
		}
	}
}

func checkComponents(t *testing.T, components []topology.Component, relations []topology.Relation) {
	t.Helper()
	own := map[topology.URN]string{}
	for _, c := range components {
		own[c.ID] = c.Type
		parts, err := topology.Parse(c.ID)
		require.NoError(t, err)
		assert.Equal(t, c.Type, parts.Type)
		assert.NotEmpty(t, c.Entity)
		assert.NotEmpty(t, c.Name)
		assertPlain(t, c.Data)
	}
	for _, r := range relations {
		source, err := topology.Parse(r.Source)
		require.NoError(t, err)
		target, err := topology.Parse(r.Target)
		require.NoError(t, err)
		rule, declared := topology.RuleFor(r.Type, source.Type, target.Type)
		carrier := [2]topology.URN{r.Source, r.Target}[rule.Carrier]
		assert.Contains(t, own, carrier, "relation %s %s is built by the object that carries it", r.Type, r.ExternalID())
		assert.True(t, declared, "relation %s from %s to %s is declared", r.Type, source.Type, target.Type)
	}
}

// assertPlain checks that a payload holds only the types of value that records can hold.
func assertPlain(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case nil, string, bool, int64, float64:
	case []any:
		for _, item := range v {
			assertPlain(t, item)
		}
	case map[string]any:
		for _, item := range v {
			assertPlain(t, item)
		}
	default:
		assert.Fail(t, "payload value of a wrong type", "%T", v)
	}
}

func TestEmptyObjectsAreSafe(t *testing.T) {
	for _, k := range All() {
		t.Run(k.Name, func(t *testing.T) {
			slim, err := k.Slim(k.Object)
			require.NoError(t, err)
			assert.NotPanics(t, func() {
				k.Build(env, slim)
				k.Relations(env, newCaches(t, nil), slim)
				k.Touches(slim)
				for _, index := range k.Indexers {
					_, _ = index(slim)
				}
			})
		})
	}
}

func TestSlimRefusesOtherKinds(t *testing.T) {
	for _, k := range All() {
		_, err := k.Slim("not an object")
		assert.ErrorContains(t, err, k.Name)
	}
}

func TestEveryKindOpensItsResource(t *testing.T) {
	client := fake.NewClientset()
	for _, k := range All() {
		list, err := cache.ToListerWatcherWithContext(k.Open(client)).ListWithContext(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		require.NotNil(t, list)
		actions := client.Actions()
		assert.Equal(t, k.Resource, actions[len(actions)-1].GetResource(), "the row's resource is the one it opens")
	}
}

func TestClusterIsIdentifiedByItsUID(t *testing.T) {
	c := Cluster(env, "4f1c")
	assert.Equal(t, topology.URN("urn:cluster:/kubernetes:prod-eu-1"), c.ID)
	assert.Equal(t, topology.EntityID{{Key: "k8s.cluster.uid", Value: "4f1c"}}, c.Entity)
	assert.Equal(t, topology.EntityID{{Key: "k8s.cluster.name", Value: "prod-eu-1"}}, Cluster(env, "").Entity,
		"while the UID is not known")
}
