package stackstateexporter

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// snapshots decides whether a snapshot may be closed. Closing one deletes at the server whatever it did not contain; so
// it is closed only if this process has seen every payload from its start on accepted. It follows that a snapshot whose
// start was sent before a restart stays open: a queue on disk brings back first what was not yet in flight. An open
// snapshot deletes nothing, and the next one replaces it.
type snapshots struct {
	open map[topology.Instance]string // id of the snapshot that is complete so far
	// unsent is what the retry has to bring next; if it brings something else, it has given up on this.
	unsent    plog.Logs
	isWaiting bool
}

func newSnapshots() *snapshots { return &snapshots{open: map[topology.Instance]string{}} }

// receive takes note of logs before they are sent. It reports whether they are the retry that was awaited.
func (s *snapshots) receive(logs plog.Logs) bool {
	retried := s.isWaiting && logs == s.unsent
	if s.isWaiting && !retried {
		clear(s.open)
	}
	s.isWaiting, s.unsent = false, plog.Logs{}
	return retried
}

// awaitRetry says that sending goes on with exactly these logs, or not at all.
func (s *snapshots) awaitRetry(unsent plog.Logs) { s.isWaiting, s.unsent = true, unsent }

// mayClose reports whether the payload may close the snapshot that it stops, given that it is accepted.
func (s *snapshots) mayClose(p *payload) bool {
	if !p.stops || p.incomplete {
		return false
	}
	if p.starts {
		return p.startID == p.stopID
	}
	id, ok := s.open[p.instance]
	return ok && id == p.stopID
}

// settle takes note of what became of a payload.
func (s *snapshots) settle(p *payload, accepted bool) {
	switch {
	case !accepted || p.incomplete || p.stops:
		delete(s.open, p.instance)
	case p.starts:
		s.open[p.instance] = p.startID
	}
}
