package intake

import (
	"maps"
	"time"
)

// handover is how long a producer that takes an instance over waits, in the vendor's own exporter, before its first
// snapshot. A start sooner than this after the last chunk of another host looks like two producers competing.
const handover = time.Minute

// Stream is what the rules over time (T7, T8, T9, T15 to T19) need to know of one topology instance: the ids of its
// components and, while a snapshot is open, those of its relations. The zero Stream is an instance nobody has sent yet.
//
// A payload is tried first and committed once it was accepted, so that a payload that is refused for another reason
// can be sent again and is judged as before. A Stream is not safe for concurrent use.
type Stream struct {
	position
	// Ids with the round they were last sent in.
	components, relations map[string]round
}

// round counts snapshots: it grows with every start. Ids sent in an earlier round are those of an earlier picture.
type round uint64

const deleted round = 0

// position is where in the sequence of payloads an instance stands.
type position struct {
	round    round // of the open snapshot, or of the last one
	floor    round // ids of an earlier round are gone
	open     bool
	host     string // that sends the snapshot
	started  time.Time
	interval time.Duration // between the last two starts
	overdue  bool          // T18 was reported for the open snapshot
	lastHost string
	lastSent time.Time
}

// Trial is a tentative continuation of a [Stream] by one payload. The stream must not change before it is committed or dropped.
type Trial struct {
	stream                *Stream
	now                   time.Time
	host                  string
	position              position
	components, relations changes
	findings              collector
	stopping              bool // the entry at hand ends a snapshot
	completed, abandoned  int  // snapshots
}

// changes are the ids a trial adds or removes.
type changes map[string]round

// Try starts a trial for a payload of a host.
func (s *Stream) Try(host string, now time.Time) *Trial {
	trial := &Trial{stream: s, now: now, host: host, position: s.position, components: changes{}, relations: changes{}}
	if trial.position.round == deleted {
		trial.position.round, trial.position.floor = deleted+1, deleted+1
	}
	return trial
}

// Add continues the trial with an entry of the payload's topologies. All entries of a trial are of the stream's instance.
func (t *Trial) Add(index int, entry Topology) {
	at := (*path)(nil).member("topologies").item(index)
	t.stopping = entry.StopSnapshot
	t.flags(at, entry)
	t.elements(at, entry)
	t.deletes(at, entry)
	if entry.StopSnapshot && t.position.open {
		t.completed++
		t.position.open = false
		t.position.floor = t.position.round
		clear(t.relations)
	}
	t.position.lastHost, t.position.lastSent = t.host, t.now
}

// Findings are those of the entries added so far, those that call for rejection first.
func (t *Trial) Findings() []Finding { return t.findings.sorted() }

// Snapshots is the number of snapshots that the entries added so far complete and abandon.
func (t *Trial) Snapshots() (completed, abandoned int) { return t.completed, t.abandoned }

// flags applies the rules on starts and stops and opens the snapshot that the entry starts.
func (t *Trial) flags(at *path, entry Topology) {
	p := &t.position
	if p.open && !p.overdue && p.interval > 0 && t.now.Sub(p.started) > 2*p.interval {
		t.findings.add("T18", Warning, at, "The open snapshot was not closed within two intervals")
		p.overdue = true
	}
	switch {
	case entry.StartSnapshot:
		t.start(at.member("start_snapshot"))
	case entry.StopSnapshot && (!p.open || p.host != t.host):
		t.findings.add("T15", Reject, at.member("stop_snapshot"), "Stop of a snapshot that this host did not start")
	case p.open && p.host != t.host:
		t.findings.add("T17", Warning, at, "Chunk of another host within a snapshot")
	}
}

func (t *Trial) start(at *path) {
	p := &t.position
	if p.open {
		t.abandoned++
		t.findings.add("T16", Warning, at, "Start while a snapshot is open; the open one is abandoned")
	}
	if p.lastHost != "" && p.lastHost != t.host && t.now.Sub(p.lastSent) < handover {
		t.findings.add("T19", Warning, at, "Another host sent to this instance less than a minute ago")
	}
	if !p.started.IsZero() {
		p.interval = t.now.Sub(p.started)
	}
	p.open, p.host, p.started, p.overdue = true, t.host, t.now, false
	p.round++
	clear(t.relations)
}

// elements applies the rules on ids. Components come before relations, whatever their order in the body.
func (t *Trial) elements(at *path, entry Topology) {
	components := at.member("components")
	for i, component := range entry.Components {
		t.unique(components.item(i), t.stream.components, t.components, component.ExternalID)
	}
	relations := at.member("relations")
	for i, relation := range entry.Relations {
		t.unique(relations.item(i), t.stream.relations, t.relations, relation.ExternalID)
		t.end(relations.item(i), "sourceId", relation.SourceID)
		t.end(relations.item(i), "targetId", relation.TargetID)
	}
}

// unique notes an id and reports one that the snapshot, or outside of snapshots the payload, holds already. A chunk
// without flags that repeats an id of an earlier payload may as well be an increment after a snapshot that its sender
// gave up, which nothing on the wire tells: refusing it would lose a change, taking it does no harm.
func (t *Trial) unique(at *path, committed map[string]round, pending changes, id string) {
	p := &t.position
	inPayload := pending[id] == p.round
	switch {
	case p.open && (inPayload || t.stopping && pending.lastSent(committed, id) == p.round):
		t.findings.add("T7", Reject, at.member("externalId"), "External id is used twice in one snapshot")
	case p.open && pending.lastSent(committed, id) == p.round:
		t.findings.add("T7", Warning, at.member("externalId"), "External id is sent again while a snapshot is open")
	case inPayload:
		t.findings.add("T7", Warning, at.member("externalId"), "External id is used twice in one payload")
	}
	pending[id] = p.round
}

// end reports an end of a relation that the server would not find.
func (t *Trial) end(at *path, name, id string) {
	oldest := t.position.floor
	if t.position.open {
		oldest = t.position.round
	}
	if t.components.lastSent(t.stream.components, id) < oldest {
		t.findings.add("T8", Warning, at.member(name), "No component with this external id was sent before")
	}
}

func (t *Trial) deletes(at *path, entry Topology) {
	if t.position.open && len(entry.DeleteIDs) > 0 {
		t.findings.add("T9", Warning, at.member("delete_ids"), "Deletes within a snapshot")
	}
	for _, id := range entry.DeleteIDs {
		t.components[id] = deleted
		t.relations[id] = deleted
	}
}

// lastSent is the round in which an id was last sent.
func (c changes) lastSent(committed map[string]round, id string) round {
	if sent, changed := c[id]; changed {
		return sent
	}
	return committed[id]
}

// Commit makes the trial the state of its stream. The trial must not be used afterwards.
func (t *Trial) Commit() {
	s := t.stream
	s.position = t.position
	s.components = t.components.commit(s.components, s.floor)
	if s.open {
		s.relations = t.relations.commit(s.relations, s.round)
	} else {
		s.relations = nil
	}
}

// commit merges changes into the committed ids and drops those that are older than the floor.
func (c changes) commit(committed map[string]round, floor round) map[string]round {
	if committed == nil {
		committed = make(map[string]round, len(c))
	}
	maps.Copy(committed, c)
	maps.DeleteFunc(committed, func(_ string, sent round) bool { return sent < floor })
	return committed
}
