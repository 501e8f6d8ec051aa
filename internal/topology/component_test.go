package topology

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNewEntityID(t *testing.T) {
	t.Parallel()
	id := NewEntityID(Attribute{"b", "2"}, Attribute{"a", "0"}, Attribute{"a", "1"})
	assert.Equal(t, EntityID{{"a", "1"}, {"b", "2"}}, id)
	assert.Empty(t, NewEntityID())
}

func TestEntityIDEqual(t *testing.T) {
	t.Parallel()
	id := NewEntityID(Attribute{"a", "1"}, Attribute{"b", "2"})
	assert.True(t, id.Equal(NewEntityID(Attribute{"b", "2"}, Attribute{"a", "1"})))
	assert.True(t, EntityID(nil).Equal(NewEntityID()))
	for _, other := range []EntityID{nil, {{"a", "1"}}, {{"a", "1"}, {"b", "3"}}, {{"a", "1"}, {"c", "2"}}} {
		assert.False(t, id.Equal(other))
		assert.False(t, other.Equal(id))
	}
}

func TestRelationExternalID(t *testing.T) {
	t.Parallel()
	r := Relation{Type: Encloses, Source: "urn:a", Target: "urn:b"}
	assert.Equal(t, "urn:a->urn:b", r.ExternalID())
	r.ID = "from elsewhere"
	assert.Equal(t, "from elsewhere", r.ExternalID())
}
