package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Severity says what follows from a broken rule.
type Severity string

const (
	// Reject: the payload is unusable, the server would refuse it.
	Reject Severity = "E"
	// Warning: accepted, but documented as wrong, late or likely to be lost.
	Warning Severity = "W"
	// Advice: accepted, could be better.
	Advice Severity = "I"
)

// Finding is a rule that a payload breaks. Breaking it the same way in the same member of several elements is one
// finding, so that the findings of a payload do not grow with it.
type Finding struct {
	Rule     string // such as "T5"
	Severity Severity
	Path     string // the first place, such as "topologies[0].components[3].externalId"; empty for the whole body
	Message  string // holds nothing of the payload's values
	Count    int    // number of places
}

// String is the finding in the words in which the server refuses a payload.
func (f Finding) String() string {
	text := fmt.Sprintf("Failed to deserialize JSON on fields: %s, with message: %s [%s]", f.Path, f.Message, f.Rule)
	if f.Count > 1 {
		text += fmt.Sprintf(" (%d times)", f.Count)
	}
	return text
}

// maxRefusals is the number of findings an answer names; more would not help a reader.
const maxRefusals = 10

// Refusal is the text to answer a payload with: its first findings that call for rejection, one a line.
// It is empty when nothing calls for rejection.
func Refusal(findings []Finding) string {
	var lines []string
	for _, finding := range findings {
		if finding.Severity == Reject && len(lines) < maxRefusals {
			lines = append(lines, finding.String())
		}
	}
	return strings.Join(lines, "\n")
}

// collector gathers findings in the order in which they are first met.
type collector struct {
	index    map[findingKey]int
	findings []Finding
	rejects  bool // one of them calls for rejection
}

type findingKey struct {
	rule     string
	severity Severity
	member   string
	message  string
}

func (c *collector) add(rule string, severity Severity, at *path, message string) {
	c.rejects = c.rejects || severity == Reject
	key := findingKey{rule, severity, at.nearest(), message}
	if i, known := c.index[key]; known {
		c.findings[i].Count++
		return
	}
	if c.index == nil {
		c.index = map[findingKey]int{}
	}
	c.index[key] = len(c.findings)
	c.findings = append(c.findings, Finding{Rule: rule, Severity: severity, Path: at.String(), Message: message, Count: 1})
}

// Rejects reports whether a finding calls for rejection.
func Rejects(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Reject })
}

// sorted puts what calls for rejection first and otherwise keeps the order of the payload.
func (c *collector) sorted() []Finding {
	slices.SortStableFunc(c.findings, func(a, b Finding) int { return cmp.Compare(rank(a.Severity), rank(b.Severity)) })
	c.index = nil
	return c.findings
}

func rank(severity Severity) int {
	return strings.Index(string(Reject+Warning+Advice), string(severity))
}

// path is a place in a payload. It is a list of its parents, written out only when a finding needs it. Nil is the whole body.
type path struct {
	parent *path
	name   string // of a member; empty for an item of a list
	index  int
}

func (p *path) member(name string) *path { return &path{parent: p, name: name} }

func (p *path) item(index int) *path { return &path{parent: p, index: index} }

// nearest is the name of the member that the place is, or is an item of.
func (p *path) nearest() string {
	for p != nil && p.name == "" {
		p = p.parent
	}
	if p == nil {
		return ""
	}
	return p.name
}

func (p *path) String() string {
	switch {
	case p == nil:
		return ""
	case p.name == "":
		return p.parent.String() + "[" + strconv.Itoa(p.index) + "]"
	case p.parent == nil:
		return p.name
	default:
		return p.parent.String() + "." + p.name
	}
}
