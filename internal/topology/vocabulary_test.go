package topology

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEntityTypes(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // component type → entity type
		TypeCluster:               "k8s.cluster",
		TypePod:                   "k8s.pod",
		TypeContainer:             "k8s.container",
		TypePersistentVolumeClaim: "k8s.persistentvolumeclaim",
		TypeVolumeSource:          "k8s.volumesource",
		TypeExternalService:       "k8s.externalservice",
		"host":                    "stackstate.host",
		"persistentvolume":        "stackstate.persistentvolume",
		"k8s.pod":                 "stackstate.k8s.pod",
		"stackstate.host":         "stackstate.stackstate.host",
		"Größe (m)":               "stackstate.Größe (m)",
	}
	for componentType, entityType := range tests {
		assert.Equal(t, entityType, EntityType(componentType))
		assert.Equal(t, componentType, ComponentType(entityType))
	}
}

func TestEntityTypeOfEveryKnownTypeIsItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, typ := range types {
		entityType := EntityType(typ.name)
		assert.Equal(t, typ.name, ComponentType(entityType))
		assert.True(t, strings.HasPrefix(entityType, "k8s."), entityType)
		assert.NotContains(t, entityType, "-")
		assert.Empty(t, seen[entityType], "%s and %s share an entity type", typ.name, seen[entityType])
		seen[entityType] = typ.name
	}
}

func TestEntityTypeOfSomebodyElse(t *testing.T) {
	t.Parallel()
	for _, entityType := range []string{"host", "service.instance", "k8s.widget", "k8s.persistent-volume", "k8s.", "k8s", ""} {
		assert.Equal(t, entityType, ComponentType(entityType))
		assert.False(t, Known(ComponentType(entityType)), entityType)
	}
}

func FuzzEntityType(f *testing.F) {
	f.Add("pod")
	f.Add("stackstate.k8s.pod")
	f.Fuzz(func(t *testing.T, componentType string) {
		assert.Equal(t, componentType, ComponentType(EntityType(componentType)))
	})
}

func TestRank(t *testing.T) {
	t.Parallel()
	for i, typ := range types {
		assert.Equal(t, i, Rank(typ.name), "a type is listed twice")
		assert.True(t, Known(typ.name))
	}
	assert.Equal(t, len(types), Rank("host"))
	assert.False(t, Known("host"))
	assert.Less(t, Rank(TypeCluster), Rank(TypeNode))
	assert.Less(t, Rank(TypePod), Rank(TypeContainer))
}

func TestWord(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "pod", Word(TypePod))
	assert.Equal(t, "persistentvolumeclaim", Word(TypePersistentVolumeClaim))
}
