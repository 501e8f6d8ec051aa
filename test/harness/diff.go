package harness

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is what keeps two views from being equal, each entry a sentence.
type Difference struct {
	Missing  []string // wanted and not there
	Surplus  []string // there and not wanted
	Wrong    []string // components there with other properties
	Dangling []string // relations there without both ends
}

// Diff compares what arrived with what is wanted.
func Diff(want, got View) Difference {
	var d Difference
	for _, id := range slices.Sorted(maps.Keys(want.Components)) {
		if c, ok := got.Components[id]; !ok {
			d.Missing = append(d.Missing, id)
		} else if wrong := differs(want.Components[id], c); wrong != "" {
			d.Wrong = append(d.Wrong, id+": "+wrong)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(got.Components)) {
		if _, ok := want.Components[id]; !ok {
			d.Surplus = append(d.Surplus, id)
		}
	}
	for _, r := range sortedRelations(want.Relations) {
		if !got.Relations[r] {
			d.Missing = append(d.Missing, r.String())
		}
	}
	for _, r := range sortedRelations(got.Relations) {
		if !want.Relations[r] {
			d.Surplus = append(d.Surplus, r.String())
		}
	}
	d.Dangling = Dangling(got)
	return d
}

// Dangling returns the relations of a view that lack an end.
func Dangling(v View) []string {
	var dangling []string
	for _, r := range sortedRelations(v.Relations) {
		for _, end := range []string{r.Source, r.Target} {
			if _, ok := v.Components[end]; !ok {
				dangling = append(dangling, fmt.Sprintf("%s: %s is no component", r, end))
			}
		}
	}
	return dangling
}

func differs(want, got Component) string {
	var wrong []string
	if got.Type != want.Type {
		wrong = append(wrong, fmt.Sprintf("type %q, want %q", got.Type, want.Type))
	}
	if got.Name != want.Name {
		wrong = append(wrong, fmt.Sprintf("name %q, want %q", got.Name, want.Name))
	}
	keys := maps.Clone(want.Tags)
	maps.Copy(keys, got.Tags)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		w, inWant := want.Tags[key]
		g, inGot := got.Tags[key]
		switch {
		case !inGot:
			wrong = append(wrong, fmt.Sprintf("no tag %s:%s", key, w))
		case !inWant:
			wrong = append(wrong, fmt.Sprintf("unwanted tag %s:%s", key, g))
		case w != g:
			wrong = append(wrong, fmt.Sprintf("tag %s:%s, want %s", key, g, w))
		}
	}
	return strings.Join(wrong, ", ")
}

func sortedRelations(relations map[Relation]bool) []Relation {
	return slices.SortedFunc(maps.Keys(relations), func(a, b Relation) int {
		return strings.Compare(a.String(), b.String())
	})
}

// listed is how many entries of each list an error shows.
const listed = 15

// Err is nil if there is no difference, else an error that shows the beginning of each list.
func (d Difference) Err() error {
	var text strings.Builder
	for _, list := range []struct {
		title   string
		entries []string
	}{{"missing", d.Missing}, {"surplus", d.Surplus}, {"wrong", d.Wrong}, {"dangling", d.Dangling}} {
		if len(list.entries) == 0 {
			continue
		}
		fmt.Fprintf(&text, "\n%s (%d):", list.title, len(list.entries))
		for _, entry := range list.entries[:min(listed, len(list.entries))] {
			text.WriteString("\n  " + entry)
		}
		if more := len(list.entries) - listed; more > 0 {
			fmt.Fprintf(&text, "\n  … and %d more", more)
		}
	}
	if text.Len() == 0 {
		return nil
	}
	return errors.New("the picture is not what the API server says:" + text.String())
}
