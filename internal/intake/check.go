package intake

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits the intake's documentation gives; a payload beyond them is accepted and at risk.
const (
	MaxElements     = 10_000
	MaxBodyBytes    = 50_000_000
	MaxElementBytes = 1_000_000
)

const (
	maxHostname = 255
	// millisecondThreshold tells seconds from milliseconds: as seconds it is the year 5138, as milliseconds 1973.
	millisecondThreshold = 1e11
	// maxClockDistance is how far a timestamp may be from the time of arrival before it counts as far off.
	maxClockDistance = 24 * time.Hour
)

// localhostNames are names that do not tell one sender from another; the vendor's agents refuse them.
var localhostNames = []string{"localhost", "localhost.localdomain", "localhost6.localdomain6", "ip6-localhost"}

// Arrival is what the check of a body needs to know about its request.
type Arrival struct {
	// Time the request arrived. Zero: timestamps are not compared with the clock.
	Time time.Time
	// Milliseconds is true with the header `sts-time-format: ms`.
	Milliseconds bool
}

// Check reads a body and reports the rules it breaks, those that call for rejection first: R5 to R9 and T1 to T14 without
// those that [Stream] applies. It never fails; when a finding calls for rejection, what is returned of the payload is
// incomplete and must not be used. Names are matched exactly, unknown members are ignored.
func Check(body []byte, arrival Arrival) (Payload, []Finding) {
	c := &checker{}
	payload := c.payload(body, arrival)
	return payload, c.sorted()
}

// checker reads a payload; it goes on after a finding, so that one answer names everything that is wrong.
type checker struct {
	collector
	elements int
	types    [sections]map[string]string // by lower-case name, for names that differ by case only
}

func (c *checker) payload(body []byte, arrival Arrival) Payload {
	members := c.body(body)
	if members == nil {
		return Payload{}
	}
	payload := Payload{
		InternalHostname:    c.hostname(members),
		CollectionTimestamp: c.timestamp(members, arrival),
		Topologies:          c.topologies(members),
		Health:              listMember(c, members, "health"),
		Metrics:             listMember(c, members, "metrics"),
		ServiceChecks:       listMember(c, members, "service_checks"),
		Events:              c.events(members),
	}
	c.elements += len(payload.Metrics)
	if c.elements > MaxElements {
		c.add("R9", Warning, nil, "More than 10000 elements in one payload")
	}
	return payload
}

// body splits the body into its members; nil when it is no JSON object.
func (c *checker) body(body []byte) map[string]json.RawMessage {
	if len(body) >= MaxBodyBytes {
		c.add("R9", Warning, nil, "The decoded body is 50 MB or larger")
	}
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte{'{'}) {
		c.add("R5", Reject, nil, "Body is not a JSON object")
		return nil
	}
	if !utf8.Valid(body) {
		c.add("R5", Reject, nil, "Body is not valid UTF-8")
		return nil
	}
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(body, &members); err != nil {
		c.add("R5", Reject, nil, "Body is not one JSON object: "+err.Error())
		return nil
	}
	return members
}

func (c *checker) hostname(members map[string]json.RawMessage) string {
	const name = "internalHostname"
	raw, present := members[name]
	if !present {
		c.add("R6", Reject, nil, missing(name))
		return ""
	}
	var host *string
	at := (*path)(nil).member(name)
	if err := json.Unmarshal(raw, &host); err != nil || host == nil {
		c.add("R6", Reject, at, "Expected a string")
		return ""
	}
	switch {
	case *host == "":
		c.add("R6", Warning, at, "Host name is empty")
	case slices.Contains(localhostNames, strings.ToLower(*host)):
		c.add("R6", Warning, at, "Host name is a name of localhost")
	case utf8.RuneCountInString(*host) > maxHostname:
		c.add("R6", Warning, at, "Host name is longer than 255 characters")
	}
	return *host
}

func (c *checker) timestamp(members map[string]json.RawMessage, arrival Arrival) float64 {
	const name = "collection_timestamp"
	raw, present := members[name]
	if !present {
		return 0
	}
	var value *float64
	at := (*path)(nil).member(name)
	if err := json.Unmarshal(raw, &value); err != nil || value == nil {
		c.add("R7", Reject, at, "Expected a number")
		return 0
	}
	switch {
	case *value > millisecondThreshold && !arrival.Milliseconds:
		c.add("R7", Warning, at, "Timestamp looks like milliseconds, but the header sts-time-format: ms is missing")
	case *value < millisecondThreshold && arrival.Milliseconds:
		c.add("R7", Warning, at, "Timestamp looks like seconds, but the header says sts-time-format: ms")
	case farFrom(arrival, *value):
		c.add("R7", Warning, at, "Timestamp is more than a day from now")
	}
	return *value
}

func farFrom(arrival Arrival, timestamp float64) bool {
	if arrival.Time.IsZero() {
		return false
	}
	if arrival.Milliseconds {
		timestamp /= 1000
	}
	return math.Abs(timestamp-float64(arrival.Time.Unix())) > maxClockDistance.Seconds()
}

// listMember reads an optional list whose items are kept as they came.
func listMember(c *checker, members map[string]json.RawMessage, name string) []json.RawMessage {
	raw, present := members[name]
	if !present {
		return nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil || items == nil {
		c.add("R8", Reject, (*path)(nil).member(name), "Expected a list")
		return nil
	}
	return items
}

func (c *checker) events(members map[string]json.RawMessage) map[string]json.RawMessage {
	raw, present := members["events"]
	if !present {
		return nil
	}
	var events map[string]json.RawMessage
	if err := json.Unmarshal(raw, &events); err != nil || events == nil {
		c.add("R8", Reject, (*path)(nil).member("events"), "Expected an object")
		return nil
	}
	return events
}

func (c *checker) topologies(members map[string]json.RawMessage) []Topology {
	items := listMember(c, members, "topologies")
	topologies := make([]Topology, 0, len(items))
	for i, raw := range items {
		topologies = append(topologies, c.topology((*path)(nil).member("topologies").item(i), raw))
	}
	return topologies
}

// missing is the server's own sentence.
func missing(name string) string {
	return "Object is missing required member '" + name + "'"
}
