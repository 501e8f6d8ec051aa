package stackstateexporter

import (
	"iter"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topologylog"
)

// payload is what one request carries: consecutive records of one instance.
type payload struct {
	first    topologylog.Position // of the record it begins with; sending is resumed there
	instance topology.Instance
	hostname string

	starts, stops   bool // a snapshot begins before, ends after the operations
	startID, stopID string

	operations []operation
	index      map[elementID]int // place in operations
	frame      int               // bytes of a body without operations
	bytes      int               // upper bound of the body's size

	records          int // that end in this payload
	trimmed, dropped losses
	malformed        int64
	malformedErr     error // the first
	// incomplete: something that belongs to the instance is missing in the operations.
	incomplete bool
}

// put adds an operation in place of an earlier one on the same element: in a body all updates act before all
// deletions, so that only the last word on an element may be in it.
func (p *payload) put(op operation) {
	if i, ok := p.index[op.elementID]; ok {
		p.bytes += op.element.Size() - p.operations[i].element.Size()
		p.operations[i] = op
		return
	}
	p.index[op.elementID] = len(p.operations)
	p.operations = append(p.operations, op)
	p.bytes += op.element.Size()
}

// body writes the payload. Whether it closes the snapshot it stops is the caller's decision.
func (p *payload) body(closes bool, at time.Time) []byte {
	chunk := intake.NewChunk(p.hostname, intake.Instance(p.instance))
	chunk.StartSnapshot, chunk.StopSnapshot = p.starts, closes
	for _, op := range p.operations {
		chunk.Add(op.element)
	}
	return chunk.Bytes(at.Unix())
}

// assembler makes payloads of records, within limits.
type assembler struct {
	hostname              string // empty: one per instance
	maxBytes, maxElements int
}

// payloads yields the payloads that the topology records of the logs make, in order. Nothing is encoded ahead of the
// payload asked for.
func (a assembler) payloads(logs plog.Logs) iter.Seq[*payload] {
	return func(yield func(*payload) bool) {
		w := assembly{assembler: a, yield: yield}
		for entry, err := range topologylog.Entries(logs) {
			if w.add(entry, err); w.stopped {
				return
			}
		}
		w.flush()
	}
}

// assembly is a run of the assembler.
type assembly struct {
	assembler
	yield   func(*payload) bool
	stopped bool     // the consumer wants no more
	current *payload // nil between payloads
}

func (a *assembly) add(entry topologylog.Entry, err error) {
	known := entry.Instance.Type != "" && entry.Instance.URL != ""
	if a.current != nil && known && a.current.instance != entry.Instance {
		a.flush()
	}
	p := a.at(entry)
	switch {
	case err != nil:
		if p.malformed++; p.malformedErr == nil {
			p.malformedErr = err
		}
		p.incomplete = p.incomplete || known
		p.records++
	case entry.Record.Op == topology.SnapshotStart:
		if p.starts || len(p.operations) > 0 {
			a.flush()
			p = a.at(entry)
		}
		p.starts, p.startID = true, entry.Record.SnapshotID
		p.records++
	case entry.Record.Op == topology.SnapshotStop:
		p.stops, p.stopID = true, entry.Record.SnapshotID
		p.records++
		a.flush()
	default:
		a.addElements(entry)
	}
}

// addElements keeps the elements of a record in one payload if one can hold them.
func (a *assembly) addElements(entry topologylog.Entry) {
	p := a.at(entry)
	record := encoder{min(intake.MaxElementBytes, a.maxBytes-p.frame)}.record(entry.Record)
	if len(p.operations) > 0 && !a.fits(p, record.size(), len(record.operations)) {
		a.flush()
	}
	for _, op := range record.operations {
		if p = a.at(entry); !a.fits(p, op.element.Size(), 1) {
			a.flush()
			p = a.at(entry)
		}
		p.put(op)
	}
	p = a.at(entry)
	p.records++
	p.trimmed.add(record.trimmed)
	p.dropped.add(record.dropped)
	p.incomplete = p.incomplete || record.dropped.total() > 0
}

func (a *assembly) fits(p *payload, bytes, elements int) bool {
	return p.bytes+bytes <= a.maxBytes && len(p.operations)+elements <= a.maxElements
}

// at returns the payload being made, a new one that begins with the entry if there is none.
func (a *assembly) at(entry topologylog.Entry) *payload {
	if a.current == nil {
		a.current = &payload{
			first:    entry.Position,
			instance: entry.Instance,
			hostname: a.hostname,
			index:    map[elementID]int{},
		}
		if a.hostname == "" {
			a.current.hostname = producer(entry.Instance)
		}
		a.current.frame = intake.NewChunk(a.current.hostname, intake.Instance(entry.Instance)).Size()
		a.current.bytes = a.current.frame
	}
	return a.current
}

func (a *assembly) flush() {
	if a.current == nil || a.stopped {
		return
	}
	p := a.current
	a.current = nil
	a.stopped = !a.yield(p)
}
