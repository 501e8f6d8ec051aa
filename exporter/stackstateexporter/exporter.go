package stackstateexporter

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelcol-stackstate/otelcol-stackstate/exporter/stackstateexporter/internal/metadata"
)

// stackstateExporter sends the topology in logs to the intake, strictly in order.
type stackstateExporter struct {
	cfg       *Config
	set       exporter.Settings
	telemetry telemetry
	now       func() time.Time

	host   component.Host // of Start, as is client
	client *client

	// sending holds a value while a push runs; it guards what follows.
	sending     chan struct{}
	snapshots   *snapshots
	interrupted progress        // of the push that waits for its retry
	failing     bool            // as last reported
	warned      map[string]bool // kinds of problems logged already
}

func newExporter(cfg *Config, set exporter.Settings) (*stackstateExporter, error) {
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &stackstateExporter{
		cfg:       cfg,
		set:       set,
		telemetry: telemetry{builder},
		now:       time.Now,
		sending:   make(chan struct{}, 1),
		snapshots: newSnapshots(),
		warned:    map[string]bool{},
	}, nil
}

func (e *stackstateExporter) start(ctx context.Context, host component.Host) error {
	client, err := newClient(ctx, e.cfg, e.set, host)
	if err != nil {
		return err
	}
	e.host, e.client = host, client
	return nil
}

// shutdown is called when no push runs any more.
func (e *stackstateExporter) shutdown(context.Context) error {
	if e.client != nil {
		e.client.close()
	}
	e.telemetry.builder.Shutdown()
	return nil
}

// push sends the topology in the logs. If the intake cannot take a payload now, the error holds the records from that
// payload on: sending goes on with them, and what was accepted is not sent again. What the intake refuses for good is an
// error only if it accepted nothing else: the error would make the caller count all of the logs as lost.
func (e *stackstateExporter) push(ctx context.Context, logs plog.Logs) error {
	select {
	case e.sending <- struct{}{}:
		defer func() { <-e.sending }()
	case <-ctx.Done():
		return ctx.Err()
	}
	before := progress{}
	if e.snapshots.receive(logs) {
		before = e.interrupted
	}
	done := e.deliver(ctx, logs, before)
	e.telemetry.skipped(ctx, int64(logs.LogRecordCount()-done.unsent.LogRecordCount()-done.records), reasonNotTopology)
	if done.failure == nil && !done.accepted {
		return done.refused()
	}
	if err := done.refused(); err != nil {
		e.set.Logger.Error("The intake refused a part of the topology, which is dropped",
			zap.Int64("dropped_elements", done.refusedElements), zap.Error(err))
	}
	if done.failure == nil {
		return nil
	}
	e.snapshots.awaitRetry(done.unsent)
	e.interrupted = done.progress
	return consumererror.NewLogs(done.failure, done.unsent)
}

// progress is what a push that cannot go on leaves to its retry.
type progress struct {
	// at is the collection time of the payload to begin with. It stays the same, and with it all bytes of the payload:
	// by them the intake may see that it has the payload already and only the answer was lost.
	at       time.Time
	accepted bool // the intake has accepted a payload
}

// delivery is how far a push has come.
type delivery struct {
	progress
	records         int // of topology that need not be sent any more
	refusals        []error
	refusedElements int64
	failure         error     // why it stopped before the end
	unsent          plog.Logs // what was left then
}

// refused is the error for what the intake refused for good; nil if nothing.
func (d *delivery) refused() error {
	if len(d.refusals) <= 1 {
		return errors.Join(d.refusals...)
	}
	return fmt.Errorf("%d payloads refused, the first: %w", len(d.refusals), d.refusals[0])
}

// deliver sends payload after payload until one fails that is worth another try.
func (e *stackstateExporter) deliver(ctx context.Context, logs plog.Logs, before progress) delivery {
	assembler := assembler{hostname: e.cfg.Hostname, maxBytes: e.cfg.MaxPayloadBytes, maxElements: e.cfg.MaxElements}
	done := delivery{progress: before, unsent: plog.NewLogs()}
	begun := false
	for p := range assembler.payloads(logs) {
		if begun || done.at.IsZero() {
			done.at = e.now()
		}
		result, err := e.send(ctx, p, done.at)
		switch result {
		case failed:
			done.failure, done.unsent = err, logs
			if begun {
				done.unsent = from(logs, p.first)
			}
			return done
		case refused:
			done.refusals = append(done.refusals, err)
			done.refusedElements += int64(len(p.operations))
		case accepted:
			done.accepted = true
		}
		done.records += p.records
		begun = true
	}
	return done
}

// send sends one payload and takes note of what became of it.
func (e *stackstateExporter) send(ctx context.Context, p *payload, at time.Time) (outcome, error) {
	closes := e.snapshots.mayClose(p)
	result := unneeded
	var err error
	if p.starts || closes || len(p.operations) > 0 {
		if result, err = e.request(ctx, p.body(closes, at)); result == failed {
			return result, err
		}
	}
	e.snapshots.settle(p, result != refused)
	e.telemetry.settled(ctx, p, result)
	e.warn(p)
	if p.stops && (!closes || result == refused) {
		e.telemetry.snapshotAbandoned(ctx)
		e.set.Logger.Warn("A snapshot is not closed because not all of it arrived at the intake; nothing is deleted until the next one",
			zap.String("topology.instance.type", p.instance.Type), zap.String("topology.instance.url", p.instance.URL))
	}
	return result, err
}

// request makes one request and reports the intake's state when it changes.
func (e *stackstateExporter) request(ctx context.Context, body []byte) (outcome, error) {
	began := e.now()
	err := e.client.post(ctx, body)
	result := accepted
	switch {
	case err == nil:
	case consumererror.IsPermanent(err):
		result = refused
	default:
		result = failed
	}
	e.telemetry.request(ctx, len(body), e.now().Sub(began), result)
	if failing := err != nil; failing != e.failing {
		e.failing = failing
		e.report(err)
	}
	return result, err
}

func (e *stackstateExporter) report(err error) {
	if err != nil {
		componentstatus.ReportStatus(e.host, componentstatus.NewRecoverableErrorEvent(err))
		return
	}
	componentstatus.ReportStatus(e.host, componentstatus.NewEvent(componentstatus.StatusOK))
}

// warn logs the first of each kind of problem in the records; the counters have all of them.
func (e *stackstateExporter) warn(p *payload) {
	e.warnOnce(reasonMalformed, p.malformed, "A topology record cannot be read and is skipped", zap.Error(p.malformedErr))
	trimmed := zap.String("external_id", p.trimmed.example)
	e.warnOnce("trimmed "+reasonTooLarge, p.trimmed.tooLarge, "An element is too large and is sent without some of its fields", trimmed)
	e.warnOnce("trimmed "+reasonNotEncodable, p.trimmed.notEncodable, "An element cannot be written as JSON and is sent without some of its fields", trimmed)
	e.warnOnce("dropped", p.dropped.total(), "An element is dropped because it cannot be sent even without most of its fields",
		zap.String("external_id", p.dropped.example))
}

func (e *stackstateExporter) warnOnce(kind string, n int64, message string, field zap.Field) {
	if n == 0 || e.warned[kind] {
		return
	}
	e.warned[kind] = true
	e.set.Logger.Warn(message+"; further ones are only counted", field)
}
