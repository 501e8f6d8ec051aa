package harness

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDiffTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	want := View{
		Cluster: "c",
		Components: map[string]Component{
			"a": {Type: "pod", Name: "a", Tags: map[string]string{"k": "v", "gone": "x"}},
			"b": {Type: "pod", Name: "b"},
			"d": {Type: "pod", Name: "d"},
		},
		Relations: map[Relation]bool{{"encloses", "a", "b"}: true, {"encloses", "a", "d"}: true},
	}
	got := View{
		Cluster: "c",
		Components: map[string]Component{
			"a": {Type: "node", Name: "A", Tags: map[string]string{"k": "w", "new": "y"}},
			"b": {Type: "pod", Name: "b"},
			"e": {Type: "pod", Name: "e"},
		},
		Relations: map[Relation]bool{{"encloses", "a", "b"}: true, {"runs_on", "a", "z"}: true},
	}
	d := Diff(want, got)
	require.Equal(t, Difference{
		Missing:  []string{"d", "a -encloses-> d"},
		Surplus:  []string{"e", "a -runs_on-> z"},
		Wrong:    []string{`a: type "node", want "pod", name "A", want "a", no tag gone:x, tag k:w, want v, unwanted tag new:y`},
		Dangling: []string{"a -runs_on-> z: z is no component"},
	}, d)
	require.ErrorContains(t, d.Err(), "surplus (2):\n  e\n")
	require.NoError(t, Diff(want, want).Err())
}

func TestDiffErrorIsBounded(t *testing.T) {
	t.Parallel()
	var d Difference
	for range listed + 4 {
		d.Missing = append(d.Missing, "x")
	}
	require.ErrorContains(t, d.Err(), "… and 4 more")
}
