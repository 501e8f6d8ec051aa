package topology

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// ends returns the component types of the carrier and of the other end.
func (r Rule) ends() (carrierType, otherType string) {
	if r.Carrier == Target {
		return r.Target, r.Source
	}
	return r.Source, r.Target
}

func TestRulesJoinKnownTypes(t *testing.T) {
	t.Parallel()
	for _, rule := range Rules() {
		assert.True(t, Known(rule.Source), "%+v", rule)
		assert.True(t, Known(rule.Target), "%+v", rule)
		assert.NotEmpty(t, rule.Type, "%+v", rule)
		assert.NotEmpty(t, rule.Carried, "%+v", rule)
	}
}

// Components are reported by rank, so the far end of a relation is there before its carrier.
func TestCarrierIsNeverReportedBeforeOtherEnd(t *testing.T) {
	t.Parallel()
	for _, rule := range Rules() {
		carrier, other := rule.ends()
		assert.GreaterOrEqual(t, Rank(carrier), Rank(other), "%+v", rule)
	}
}

// Whoever reads a record must be able to tell which relation is meant from the name on it and the
// types of the two ends.
func TestCarriedNamesAreUnambiguous(t *testing.T) {
	t.Parallel()
	carried := map[[3]string]Rule{}
	declared := map[[3]string]Rule{}
	for _, rule := range Rules() {
		carrier, other := rule.ends()
		key := [3]string{rule.Carried, carrier, other}
		assert.NotContains(t, carried, key, "%+v", rule)
		carried[key] = rule
		key = [3]string{rule.Type, rule.Source, rule.Target}
		assert.NotContains(t, declared, key, "%+v", rule)
		declared[key] = rule
	}
}

func TestRuleForAndRuleCarriedAreInverse(t *testing.T) {
	t.Parallel()
	for _, rule := range Rules() {
		found, declared := RuleFor(rule.Type, rule.Source, rule.Target)
		assert.True(t, declared)
		assert.Equal(t, rule, found)

		carrier, other := rule.ends()
		back, declared := RuleCarried(rule.Carried, carrier, other)
		assert.True(t, declared)
		assert.Equal(t, rule, back)
	}
}

func TestUndeclaredRelationIsCarriedBySourceUnderItsOwnName(t *testing.T) {
	t.Parallel()
	for _, ends := range [][2]string{{"host", "process"}, {TypePod, TypeNamespace}, {TypePod, TypePod}, {"", ""}} {
		want := Rule{"talks_to", ends[0], ends[1], Source, "talks_to"}
		rule, declared := RuleFor("talks_to", ends[0], ends[1])
		assert.False(t, declared)
		assert.Equal(t, want, rule)
		rule, declared = RuleCarried("talks_to", ends[0], ends[1])
		assert.False(t, declared)
		assert.Equal(t, want, rule)
	}
	// Declared the other way round only.
	_, declared := RuleFor(Encloses, TypePod, TypeNamespace)
	assert.False(t, declared)
	_, declared = RuleCarried("part_of", TypePod, TypeContainer)
	assert.False(t, declared)
}

func TestRulesCannotBeChanged(t *testing.T) {
	t.Parallel()
	Rules()[0].Type = "changed"
	assert.NotEqual(t, "changed", Rules()[0].Type)
}
