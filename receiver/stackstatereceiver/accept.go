package stackstatereceiver

import (
	"cmp"
	"context"
	"hash/maphash"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topologylog"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/stackstatereceiver/internal/assembly"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/stackstatereceiver/internal/metadata"
)

// maxRecords bounds the records handed over at once, so that a snapshot of a large instance is never in memory as a whole twice.
const maxRecords = 2000

const acceptedText = `{"status":"ok"}`

// acceptor takes payloads: checks them, turns their topology into records and hands these to the next consumer.
// A payload is accepted once the consumer has accepted all of it; until then nothing has changed.
type acceptor struct {
	next    consumer.Logs
	obs     *receiverhelper.ObsReport
	report  *reporter
	outcome func(error) // told what the consumer answers
	version string
	seed    maphash.Seed
	running *underWay

	mu        sync.Mutex
	instances map[intake.Instance]*instance // guarded by mu; none is ever removed
}

// instance is what is known of a topology instance. One payload at a time is processed and consumed, because the payloads
// of an instance must be consumed in the order in which they arrive.
type instance struct {
	turn     chan struct{} // holds a value while a payload is processed; it guards what follows
	stream   intake.Stream
	assembly *assembly.Assembly
	lastBody uint64 // hash of the last body accepted
}

func newInstance() *instance {
	return &instance{turn: make(chan struct{}, 1), assembly: assembly.New()}
}

// acquire waits for the payload's turn and reports whether it has come: a client that gives up must not wait on, or
// payloads would pile up behind a consumer that is stuck. If it has come, release must follow.
func (i *instance) acquire(ctx context.Context) bool {
	select {
	case i.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (i *instance) release() { <-i.turn }

// share is the part of a payload that is about one instance.
type share struct {
	*instance
	id      topology.Instance
	entries []intake.Topology
	indexes []int // of the entries in the payload
	trial   *intake.Trial
	records []topology.Record
}

func (a *acceptor) accept(ctx context.Context, req request) answer {
	if !a.running.enter() {
		return retry()
	}
	defer a.running.leave()
	payload, findings := intake.Check(req.body, intake.Arrival{Time: req.arrived, Milliseconds: req.milliseconds})
	a.report.findings(ctx, payload.InternalHostname, findings)
	if intake.Rejects(findings) {
		return refuse(http.StatusBadRequest, intake.Refusal(findings))
	}
	return a.take(ctx, req, payload)
}

// take processes a payload that is well-formed.
func (a *acceptor) take(ctx context.Context, req request, payload intake.Payload) answer {
	shares := a.shares(payload)
	for _, s := range shares { // in one order for all payloads, so that no two wait for each other
		if !s.acquire(ctx) {
			return retry()
		}
		defer s.release()
	}
	if ctx.Err() != nil { // its turn came, but too late: the client will send it again, or has done so
		return retry()
	}
	hash := maphash.Bytes(a.seed, req.body)
	if repeats(shares, hash) {
		a.report.repeated(ctx)
		return ok(acceptedText)
	}
	findings := try(shares, payload.InternalHostname, req.arrived)
	a.report.findings(ctx, payload.InternalHostname, findings)
	if intake.Rejects(findings) {
		return refuse(http.StatusBadRequest, intake.Refusal(findings))
	}
	if err := a.process(ctx, shares, req.arrived); err != nil {
		return a.refused(ctx, err)
	}
	for _, s := range shares {
		a.report.snapshots(ctx, s.trial)
		s.trial.Commit()
		s.lastBody = hash
	}
	a.report.accepted(ctx, payload)
	return ok(acceptedText)
}

// shares groups the topologies of a payload by instance.
func (a *acceptor) shares(payload intake.Payload) []*share {
	a.mu.Lock()
	defer a.mu.Unlock()
	byInstance := map[intake.Instance]*share{}
	for i, entry := range payload.Topologies {
		s := byInstance[entry.Instance]
		if s == nil {
			id := topology.Instance{Type: entry.Instance.Type, URL: entry.Instance.URL}
			known := a.instances[entry.Instance]
			if known == nil {
				known = newInstance()
				a.instances[entry.Instance] = known
			}
			s = &share{instance: known, id: id}
			byInstance[entry.Instance] = s
		}
		s.entries, s.indexes = append(s.entries, entry), append(s.indexes, i)
	}
	return slices.SortedFunc(maps.Values(byInstance), func(a, b *share) int {
		return cmp.Or(cmp.Compare(a.id.Type, b.id.Type), cmp.Compare(a.id.URL, b.id.URL))
	})
}

// repeats reports whether this body was the last one accepted, as part of a snapshot of several chunks: its client did
// not get the answer. Taking it again would break the snapshot's rules; a whole snapshot or an increment may be repeated.
func repeats(shares []*share, hash uint64) bool {
	partOfSnapshot := false
	for _, s := range shares {
		if s.lastBody != hash {
			return false
		}
		partOfSnapshot = partOfSnapshot || s.assembly.InSnapshot() || slices.ContainsFunc(s.entries, func(entry intake.Topology) bool {
			return entry.StartSnapshot != entry.StopSnapshot
		})
	}
	return partOfSnapshot
}

// try applies the rules that span payloads.
func try(shares []*share, sender string, at time.Time) []intake.Finding {
	var findings []intake.Finding
	for _, s := range shares {
		s.trial = s.stream.Try(sender, at)
		for i, entry := range s.entries {
			s.trial.Add(s.indexes[i], entry)
		}
		findings = append(findings, s.trial.Findings()...)
	}
	return findings
}

// process assembles and consumes the records of all shares. When that fails, for one of them, none has changed.
func (a *acceptor) process(ctx context.Context, shares []*share, at time.Time) error {
	consumed := false
	defer func() { // also when a consumer panics
		for _, s := range shares {
			if consumed {
				s.assembly.Commit()
			} else {
				s.assembly.Rollback()
			}
		}
	}()
	for _, s := range shares {
		s.records = s.assembly.Apply(s.entries, at)
	}
	for _, s := range shares {
		for records := range slices.Chunk(s.records, maxRecords) {
			if err := a.consume(ctx, s, records, at); err != nil {
				return err
			}
		}
	}
	consumed = true
	return nil
}

func (a *acceptor) consume(ctx context.Context, s *share, records []topology.Record, at time.Time) error {
	batch := topologylog.NewBatch(topologylog.Source{
		Instance: s.id,
		Cluster:  clusterName(s.id),
		Scope:    metadata.ScopeName,
		Version:  a.version,
	})
	for _, record := range records {
		if err := batch.Append(record, at, s.assembly.Resolve); err != nil {
			return consumererror.NewPermanent(err)
		}
	}
	if err := ctx.Err(); err != nil { // the parts of a payload are many; after Shutdown none may follow
		return err
	}
	ctx = a.obs.StartLogsOp(ctx)
	err := a.next.ConsumeLogs(ctx, batch.Logs())
	a.obs.EndLogsOp(ctx, metadata.Type.String(), len(records), err)
	a.outcome(err)
	return err
}

// clusterName is the cluster that an instance is about, which for clusters is how the instance is called.
func clusterName(id topology.Instance) string {
	if id.Type == topology.FlavourKubernetes || id.Type == topology.FlavourOpenShift {
		return id.URL
	}
	return ""
}

// refused answers a payload that the consumer did not take.
func (a *acceptor) refused(ctx context.Context, err error) answer {
	permanent := consumererror.IsPermanent(err)
	a.report.refused(ctx, permanent)
	if permanent {
		return refuse(http.StatusBadRequest, "The payload cannot be processed, now or later")
	}
	return retry()
}
