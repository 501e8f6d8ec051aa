package topology

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"slices"
)

// Fingerprint is a hash over everything an Upsert record says, the identities of the entities its
// relations point at included. Equal records have equal fingerprints; values are comparable within
// one process and one seed only.
func Fingerprint(seed maphash.Seed, c Component, relations []Relation, resolve func(URN) (Ref, bool)) uint64 {
	var h hasher
	h.SetSeed(seed)
	for _, s := range []string{string(c.ID), c.Type, c.Name, c.Cluster, c.Namespace} {
		h.str(s)
	}
	h.entity(c.Entity)
	h.strs(c.Labels)
	h.strs(c.Tags)
	h.list(c.Identifiers)
	h.value(c.Data)
	h.value(c.SourceProperties)
	h.num(uint64(len(relations)))
	for _, r := range relations {
		for _, s := range []string{r.Type, string(r.Source), string(r.Target), r.ID} {
			h.str(s)
		}
		for _, end := range [2]URN{r.Source, r.Target} {
			ref, _ := resolve(end)
			h.entity(ref.Entity)
		}
		h.value(r.Data)
	}
	return h.Sum64()
}

// hasher writes values such that different sequences of values give different bytes: every string
// and every collection with its length, every value with its kind.
type hasher struct {
	maphash.Hash
}

// Kinds of value.
const (
	kindNil byte = iota
	kindString
	kindBool
	kindInt
	kindFloat
	kindList
	kindMap
	kindOther
)

func (h *hasher) num(n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	_, _ = h.Write(b[:])
}

func (h *hasher) str(s string) {
	h.num(uint64(len(s)))
	_, _ = h.WriteString(s)
}

func (h *hasher) entity(id EntityID) {
	h.num(uint64(len(id)))
	for _, a := range id {
		h.str(a.Key)
		h.str(a.Value)
	}
}

func (h *hasher) strs(m map[string]string) {
	h.presence(m != nil, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		h.str(key)
		h.str(m[key])
	}
}

func (h *hasher) list(l []string) {
	h.presence(l != nil, len(l))
	for _, s := range l {
		h.str(s)
	}
}

func (h *hasher) presence(present bool, length int) {
	if !present {
		_ = h.WriteByte(kindNil)
		return
	}
	_ = h.WriteByte(kindList)
	h.num(uint64(length))
}

func (h *hasher) value(v any) {
	switch v := v.(type) {
	case string:
		_ = h.WriteByte(kindString)
		h.str(v)
	case bool:
		_ = h.WriteByte(kindBool)
		if v {
			h.num(1)
		} else {
			h.num(0)
		}
	case int64:
		_ = h.WriteByte(kindInt)
		h.num(uint64(v)) //nolint:gosec // the bits are what counts
	case float64:
		_ = h.WriteByte(kindFloat)
		h.num(math.Float64bits(v))
	case []any:
		_ = h.WriteByte(kindList)
		h.num(uint64(len(v)))
		for _, item := range v {
			h.value(item)
		}
	case map[string]any:
		_ = h.WriteByte(kindMap)
		h.presence(v != nil, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			h.str(key)
			h.value(v[key])
		}
	case nil:
		_ = h.WriteByte(kindNil)
	default: // not a value Data may hold; still, a change of it must not go unnoticed
		_ = h.WriteByte(kindOther)
		h.str(fmt.Sprintf("%T %v", v, v))
	}
}
