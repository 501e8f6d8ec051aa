package harness

import (
	"strings"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// Component is what a comparison looks at.
type Component struct {
	Type string
	Name string
	Tags map[string]string
}

// Relation is what a comparison looks at; source and target are external ids of components.
type Relation struct {
	Type, Source, Target string
}

func (r Relation) String() string { return r.Source + " -" + r.Type + "-> " + r.Target }

// View is one side of a comparison: a cluster's topology reduced to what both sides know.
type View struct {
	Cluster    string
	Components map[string]Component // by external id
	Relations  map[Relation]bool
}

func newView(cluster string) View {
	return View{Cluster: cluster, Components: map[string]Component{}, Relations: map[Relation]bool{}}
}

// ViewOf returns the view of a picture made of records.
func ViewOf(cluster string, picture *topology.Picture) View {
	v := newView(cluster)
	for id, c := range picture.Components() {
		v.Components[string(id)] = Component{Type: c.Type, Name: c.Name, Tags: c.Tags}
	}
	for _, r := range picture.Relations() {
		v.Relations[Relation{r.Type, string(r.Source), string(r.Target)}] = true
	}
	return v
}

// Within returns the part of the view that lies in the given namespaces or in none, so that tests
// can share a cluster. Relations with an end elsewhere are left out.
func (v View) Within(namespaces ...string) View {
	keep := map[string]bool{"": true}
	for _, namespace := range namespaces {
		keep[namespace] = true
	}
	out := newView(v.Cluster)
	for id, c := range v.Components {
		if keep[v.namespace(id)] {
			out.Components[id] = c
		}
	}
	for r := range v.Relations {
		if keep[v.namespace(r.Source)] && keep[v.namespace(r.Target)] {
			out.Relations[r] = true
		}
	}
	return out
}

// namespace tells from an external id in which namespace a component lives; a Namespace lives in
// itself.
func (v View) namespace(id string) string {
	rest, ok := strings.CutPrefix(id, "urn:kubernetes:/"+v.Cluster+":")
	if !ok {
		return ""
	}
	if name, ok := strings.CutPrefix(rest, "namespace/"); ok {
		return name
	}
	scope, _, _ := strings.Cut(rest, "/")
	if namespace, _, ok := strings.Cut(scope, ":"); ok {
		return namespace
	}
	return ""
}

// ComponentCounts counts the components by type.
func (v View) ComponentCounts() map[string]int {
	counts := map[string]int{}
	for _, c := range v.Components {
		counts[c.Type]++
	}
	return counts
}

// RelationCounts counts the relations by the types of their ends, as in "pod scheduled_on node".
func (v View) RelationCounts() map[string]int {
	counts := map[string]int{}
	for r := range v.Relations {
		counts[v.Components[r.Source].Type+" "+r.Type+" "+v.Components[r.Target].Type]++
	}
	return counts
}
