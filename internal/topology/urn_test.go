package topology

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// arn is the name of a cluster as some clouds have it.
const arn = "arn:aws:eks:eu-west-1:123456789012:cluster/prod-eu-1"

// makeURN makes the URN that the parts belong to.
func makeURN(p Parts) URN {
	switch p.Type {
	case TypeCluster:
		return p.ClusterURN()
	case TypeContainer:
		return p.ContainerURN(p.Namespace, p.Pod, p.Name)
	default:
		return p.ObjectURN(p.Type, p.Namespace, p.Name)
	}
}

func TestMakeAndParse(t *testing.T) {
	t.Parallel()
	prod := Naming{Flavour: FlavourKubernetes, Cluster: "prod-eu-1"}
	tests := []struct {
		urn   URN
		parts Parts
	}{
		{"urn:cluster:/kubernetes:prod-eu-1", Parts{Naming: prod, Type: TypeCluster, Name: "prod-eu-1"}},
		{"urn:kubernetes:/prod-eu-1:node/n1", Parts{Naming: prod, Type: TypeNode, Name: "n1"}},
		{"urn:kubernetes:/prod-eu-1:namespace/shop", Parts{Naming: prod, Type: TypeNamespace, Name: "shop"}},
		{"urn:kubernetes:/prod-eu-1:persistent-volume/pv-1", Parts{Naming: prod, Type: TypePersistentVolume, Name: "pv-1"}},
		{"urn:kubernetes:/prod-eu-1:shop:pod/cart-0", Parts{Naming: prod, Type: TypePod, Namespace: "shop", Name: "cart-0"}},
		{
			"urn:kubernetes:/prod-eu-1:shop:persistent-volume-claim/data",
			Parts{Naming: prod, Type: TypePersistentVolumeClaim, Namespace: "shop", Name: "data"},
		},
		{
			"urn:kubernetes:/prod-eu-1:shop:pod/cart-0:container/app",
			Parts{Naming: prod, Type: TypeContainer, Namespace: "shop", Pod: "cart-0", Name: "app"},
		},
		{
			"urn:openshift:/Prod:shop:service/cart",
			Parts{Naming: Naming{FlavourOpenShift, "Prod"}, Type: TypeService, Namespace: "shop", Name: "cart"},
		},
		{
			"urn:cluster:/openshift:" + arn,
			Parts{Naming: Naming{FlavourOpenShift, arn}, Type: TypeCluster, Name: arn},
		},
		{
			"urn:kubernetes:/" + arn + ":node/ip-10-0-0-1.ec2.internal",
			Parts{Naming: Naming{FlavourKubernetes, arn}, Type: TypeNode, Name: "ip-10-0-0-1.ec2.internal"},
		},
		{
			"urn:kubernetes:/" + arn + ":shop:deployment/cart",
			Parts{Naming: Naming{FlavourKubernetes, arn}, Type: TypeDeployment, Namespace: "shop", Name: "cart"},
		},
		{
			"urn:kubernetes:/" + arn + ":shop:pod/cart-0:container/app",
			Parts{Naming: Naming{FlavourKubernetes, arn}, Type: TypeContainer, Namespace: "shop", Pod: "cart-0", Name: "app"},
		},
		{ // a cluster named as if it were a container
			"urn:kubernetes:/c:ns:pod/p:container/x:shop:pod/cart-0:container/app",
			Parts{Naming: Naming{FlavourKubernetes, "c:ns:pod/p:container/x"}, Type: TypeContainer, Namespace: "shop", Pod: "cart-0", Name: "app"},
		},
		{ // names of some kinds may hold colons
			"urn:kubernetes:/c:shop:pod/a:b",
			Parts{Naming: Naming{FlavourKubernetes, "c"}, Type: TypePod, Namespace: "shop", Name: "a:b"},
		},
	}
	for _, tt := range tests {
		t.Run(string(tt.urn), func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.urn, makeURN(tt.parts))
			parts, err := Parse(tt.urn)
			require.NoError(t, err)
			assert.Equal(t, tt.parts, parts)
		})
	}
}

func TestMakeAndParseEveryType(t *testing.T) {
	t.Parallel()
	for _, typ := range types {
		for _, cluster := range []string{"c", arn, ":", "/", "a:/b", "pod/x:", "Ünïcode 名"} {
			want := validParts(FlavourKubernetes, cluster, typ.name, "ns", "name.with-dots", "pod-0")
			parts, err := Parse(makeURN(want))
			require.NoError(t, err)
			assert.Equal(t, want, parts)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		urn  URN
		want string
	}{
		{"", "want it to start with"},
		{"pod", "want it to start with"},
		{"urn:", "want it to start with"},
		{"kubernetes:/c:node/n", "want it to start with"},
		{"urn:mesos:/c:node/n", "want it to start with"},
		{"URN:kubernetes:/c:node/n", "want it to start with"},
		{"urn:kubernetes:c:node/n", "want it to start with"},
		{"urn:host:/n1-prod-eu-1", "want it to start with"},
		{"urn:kubernetes:external-volume:nfs/server/path", "want it to start with"},
		{"urn:cluster:/", "want urn:cluster:/<flavour>:<cluster>"},
		{"urn:cluster:/kubernetes", "want urn:cluster:/<flavour>:<cluster>"},
		{"urn:cluster:/kubernetes:", "want urn:cluster:/<flavour>:<cluster>"},
		{"urn:cluster:/mesos:c", "want urn:cluster:/<flavour>:<cluster>"},
		{"urn:kubernetes:/", "want …:<type>/<name>"},
		{"urn:kubernetes:/c", "want …:<type>/<name>"},
		{"urn:kubernetes:/c:node", "want …:<type>/<name>"},
		{"urn:kubernetes:/c:node/", "want …:<type>/<name>"},
		{"urn:kubernetes:/node/n", "want …:<type>/<name>"},
		{"urn:kubernetes:/:node/n", "no cluster name"},
		{"urn:kubernetes:/:shop:pod/p", "no cluster name"},
		{"urn:kubernetes:/c:ns:widget/w", `unknown component type "widget"`},
		{"urn:kubernetes:/c:ns:/w", `unknown component type ""`},
		{"urn:kubernetes:/c:Node/n", `unknown component type "Node"`},
		{"urn:kubernetes:/c:cluster/c", `unknown component type "cluster"`},
		{"urn:kubernetes:/c:pod/p", "a pod has a namespace"},
		{"urn:kubernetes:/c::pod/p", "a pod has a namespace"},
		{"urn:kubernetes:/c:a/b:pod/p", `namespace "a/b" holds a slash`},
		{"urn:kubernetes:/c:ns:container/app", "want …:<type>/<name>"},
		{"urn:kubernetes:/c:ns:service/s:container/app", "a container belongs to a pod"},
		{"urn:kubernetes:/c:ns:pod/a:b:container/app", "a container belongs to a pod"},
		{"urn:kubernetes:/c:ns:pod/:container/app", "want …:<type>/<name>"},
		{"urn:kubernetes:/c:pod/p:container/app", "a container has a namespace"},
	}
	for _, tt := range tests {
		t.Run(string(tt.urn), func(t *testing.T) {
			t.Parallel()
			parts, err := Parse(tt.urn)
			require.ErrorContains(t, err, tt.want)
			assert.ErrorContains(t, err, strconv.Quote(string(tt.urn)), "an error names the URN")
			assert.Zero(t, parts)
		})
	}
}

func TestHostName(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "n1-prod-eu-1", Naming{FlavourKubernetes, "prod-eu-1"}.HostName("n1"))
}

// FuzzParse: Parse takes any string, and what it accepts is exactly what Naming makes.
func FuzzParse(f *testing.F) {
	for _, urn := range []string{
		"urn:cluster:/kubernetes:" + arn,
		"urn:kubernetes:/" + arn + ":node/n1",
		"urn:openshift:/c:ns:pod/p:container/app",
		"urn:kubernetes:/c:empty-dir:volume/ns/pod/tmp",
		"urn:kubernetes:/", "urn::/", "/:", ":/", "",
	} {
		f.Add(urn)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parts, err := Parse(URN(s))
		if err != nil {
			require.ErrorContains(t, err, strconv.Quote(s))
			return
		}
		require.Equal(t, URN(s), makeURN(parts))
	})
}

// FuzzMake: Parse gives back the parts of whatever Naming makes of valid ones.
func FuzzMake(f *testing.F) {
	f.Add(false, "prod-eu-1", byte(0), "shop", "cart-0", "pod-0")
	f.Add(true, arn, byte(len(types)-1), "shop", "app", "cart-0")
	f.Add(false, ":/", byte(2), "ns", "a:b", "p")
	f.Fuzz(func(t *testing.T, openshift bool, cluster string, typeIndex byte, namespace, name, pod string) {
		flavour := FlavourKubernetes
		if openshift {
			flavour = FlavourOpenShift
		}
		componentType := types[int(typeIndex)%len(types)].name
		want := validParts(flavour, cluster, componentType, namespace, name, pod)
		if !possible(want) {
			t.Skip("there is no such object")
		}
		parts, err := Parse(makeURN(want))
		require.NoError(t, err)
		require.Equal(t, want, parts)
	})
}

// validParts leaves out the parts that the type does not have.
func validParts(flavour, cluster, componentType, namespace, name, pod string) Parts {
	parts := Parts{Naming: Naming{flavour, cluster}, Type: componentType, Name: name}
	if componentType == TypeCluster {
		parts.Name = cluster
	}
	if namespaced(componentType) {
		parts.Namespace = namespace
	}
	if componentType == TypeContainer {
		parts.Pod = pod
	}
	return parts
}

// possible reports whether Kubernetes can have an object with these parts; a cluster may be called
// anything.
func possible(p Parts) bool {
	if p.Cluster == "" || p.Type == TypeCluster {
		return p.Cluster != ""
	}
	segment := func(s string) bool { return s != "" && !strings.ContainsAny(s, ":/") }
	return p.Name != "" && !strings.Contains(p.Name, "/") &&
		(!namespaced(p.Type) || segment(p.Namespace)) &&
		(p.Type != TypeContainer || segment(p.Pod))
}
