package kind

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/testutil/golden"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

//go:generate go test -run ^TestDerivedFiles$ . -update

// root is the repository's root as seen from this package.
const root = "../../../../"

// TestDerivedFiles keeps the files that say which kinds there are equal to the table.
func TestDerivedFiles(t *testing.T) {
	golden.Equal(t, root+"deploy/rbac/k8s_topology.yaml", []byte(clusterRole()))
	golden.Equal(t, root+"docs/kinds.md", []byte(kindsPage()))
}

// clusterRole grants what watching every kind takes, and nothing else.
func clusterRole() string {
	resources := map[string][]string{}
	for _, k := range All() {
		resources[k.Resource.Group] = append(resources[k.Resource.Group], k.Resource.Resource)
	}
	var b strings.Builder
	b.WriteString(`# Generated from the receiver's table of kinds by "make generate". DO NOT EDIT.
# The permissions of the k8s_topology receiver with all kinds enabled.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: otelcol-stackstate-topology
rules:
`)
	for _, group := range slices.Sorted(maps.Keys(resources)) {
		fmt.Fprintf(&b, "  - apiGroups: [%q]\n    resources: [%s]\n    verbs: [list, watch]\n",
			group, strings.Join(slices.Sorted(slices.Values(resources[group])), ", "))
	}
	return b.String()
}

func kindsPage() string {
	var b strings.Builder
	b.WriteString(`<!-- Generated from the receiver's table of kinds by "make generate". DO NOT EDIT. -->
# Kinds and relations

## Kinds

What the ` + "`k8s_topology`" + ` receiver watches. The name is the key under ` + "`kinds`" + ` in its configuration;
[deploy/rbac/k8s_topology.yaml](../deploy/rbac/k8s_topology.yaml) holds the permissions this takes.
The cluster itself is a component too; containers come with their pods. An EndpointSlice is no component: it
tells which services expose a pod.

| Name | API group | Resource |
| --- | --- | --- |
`)
	for _, k := range All() {
		group := k.Resource.Group
		if group == "" {
			group = "core"
		}
		fmt.Fprintf(&b, "| `%s` | %s/%s | %s |\n", k.Name, group, k.Resource.Version, k.Resource.Resource)
	}
	b.WriteString(`
## Relations

Read "source *type* target". The record of the carrier lists the relation under the name in the last column,
seen from the carrier.

| Source | Type | Target | Carrier | On the record |
| --- | --- | --- | --- | --- |
`)
	for _, r := range topology.Rules() {
		carrier := [2]string{r.Source, r.Target}[r.Carrier]
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | `%s` |\n", r.Source, r.Type, r.Target, carrier, r.Carried)
	}
	return b.String()
}
