package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/harness"
)

func view(pods ...string) harness.View {
	v := harness.View{
		Cluster:    "c",
		Components: map[string]harness.Component{"n": {Type: "node"}},
		Relations:  map[harness.Relation]bool{},
	}
	for _, pod := range pods {
		v.Components[pod] = harness.Component{Type: "pod"}
		v.Relations[harness.Relation{Type: "scheduled_on", Source: pod, Target: "n"}] = true
	}
	return v
}

func TestTable(t *testing.T) {
	t.Parallel()
	require.Equal(t, `
  COMPONENTS           RELATIONS
  pod             2    pod scheduled_on node      2
  node            1
`, table(view("a", "b")))
}

func TestChanges(t *testing.T) {
	t.Parallel()
	require.Empty(t, changes(view("a"), view("a")))
	require.Equal(t, "pod 1 → 3, relations 1 → 3", changes(view("a"), view("a", "b", "c")))
	require.Equal(t, "pod 1 → 0, relations 1 → 0", changes(view("a"), view()))
}
