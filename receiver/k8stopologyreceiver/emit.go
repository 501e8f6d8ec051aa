package k8stopologyreceiver

import (
	"context"
	"iter"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topologylog"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/metadata"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/picture"
)

// maxBatchRecords bounds one call of the next consumer: large enough to make the call's cost small,
// small enough to not hold a large cluster's picture twice.
const maxBatchRecords = 1000

// Attributes of the internal telemetry, as metadata.yaml declares them.
var (
	opUpsert         = attribute.String("op", "upsert")
	opDelete         = attribute.String("op", "delete")
	outcomeCompleted = attribute.String("outcome", "completed")
	outcomeAbandoned = attribute.String("outcome", "abandoned")
	outcomeWithheld  = attribute.String("outcome", "withheld")
)

// transport names the way data came in for the receiver's standard telemetry.
const transport = "kubernetes"

// emitter hands records to the next consumer in batches, in order.
type emitter struct {
	next      consumer.Logs
	source    topologylog.Source
	obsreport *receiverhelper.ObsReport
	telemetry *metadata.TelemetryBuilder
	logger    *zap.Logger
	resolve   topologylog.Resolve

	batch    *topologylog.Batch
	accepted []func()              // to call when the batch is accepted
	ops      map[topology.Op]int64 // records of the batch by what they do
	since    time.Time             // of the oldest change that was not accepted yet; zero if none
	lost     error                 // why something since begin will never arrive
}

// waiting notes since when the oldest change waits to be sent.
func (e *emitter) waiting(since time.Time) {
	if e.since.IsZero() {
		e.since = since
	}
}

// changes sends the difference between what is wanted and what was accepted.
func (e *emitter) changes(ctx context.Context, p *picture.Picture) error {
	e.begin(p)
	if err := e.addAll(ctx, p.Changes()); err != nil {
		return err
	}
	return e.finish(ctx, p)
}

// repeat sends every state again, without saying that this is all there is.
func (e *emitter) repeat(ctx context.Context, p *picture.Picture) error {
	e.begin(p)
	if err := e.addAll(ctx, p.Corrections()); err != nil {
		return err
	}
	if err := e.addAll(ctx, p.All()); err != nil {
		return err
	}
	return e.finish(ctx, p)
}

// snapshot sends the complete picture between a start and a stop, after correcting what the consumer
// knows, which may know no snapshots. If part of it was refused, the stop stays out. An error means
// that it is worth another try, which begins a new snapshot.
func (e *emitter) snapshot(ctx context.Context, p *picture.Picture) error {
	err := e.bracketed(ctx, p)
	outcome := outcomeCompleted
	if err != nil || e.lost != nil {
		outcome = outcomeAbandoned
	}
	e.telemetry.ReceiverK8sTopologySnapshots.Add(ctx, 1, metric.WithAttributes(outcome))
	return err
}

func (e *emitter) bracketed(ctx context.Context, p *picture.Picture) error {
	e.begin(p)
	if err := e.addAll(ctx, p.Corrections()); err != nil {
		return err
	}
	id := uuid.NewString()
	if err := e.add(ctx, topology.Record{Op: topology.SnapshotStart, SnapshotID: id}, nil); err != nil {
		return err
	}
	if err := e.addAll(ctx, p.All()); err != nil {
		return err
	}
	if err := e.flush(ctx); err != nil {
		return err
	}
	if e.lost == nil {
		if err := e.add(ctx, topology.Record{Op: topology.SnapshotStop, SnapshotID: id}, nil); err != nil {
			return err
		}
	}
	return e.finish(ctx, p)
}

// begin drops what a refused batch left behind: the picture yields it again.
func (e *emitter) begin(p *picture.Picture) {
	e.resolve, e.lost = p.Resolve, nil
	e.reset()
}

func (e *emitter) addAll(ctx context.Context, changes iter.Seq[picture.Change]) error {
	for change := range changes {
		if err := e.add(ctx, change.Record, change.Accepted); err != nil {
			return err
		}
	}
	return nil
}

func (e *emitter) reset() {
	e.batch, e.accepted, e.ops = topologylog.NewBatch(e.source), nil, map[topology.Op]int64{}
}

func (e *emitter) add(ctx context.Context, record topology.Record, accepted func()) error {
	if err := e.batch.Append(record, time.Now(), e.resolve); err != nil {
		// A mistake in a kind's row. The rest of the picture must not wait for it, and no snapshot
		// may close without it.
		e.logger.Error("component cannot be sent", zap.Error(err))
		e.lost = err
		return nil
	}
	e.ops[record.Op]++
	if accepted != nil {
		e.accepted = append(e.accepted, accepted)
	}
	if e.batch.Len() < maxBatchRecords {
		return nil
	}
	return e.flush(ctx)
}

func (e *emitter) finish(ctx context.Context, p *picture.Picture) error {
	if err := e.flush(ctx); err != nil {
		return err
	}
	p.Settled()
	if !e.since.IsZero() {
		e.telemetry.ReceiverK8sTopologyFlushDelay.Record(ctx, time.Since(e.since).Seconds())
	}
	e.since = time.Time{}
	return nil
}

// flush hands the batch over. Only what the consumer has accepted counts as known to it, or what it
// will never accept: sending that again and again would keep everything else from going out. The
// next change of such an element, or the next snapshot, is its next chance.
func (e *emitter) flush(ctx context.Context) error {
	n := e.batch.Len()
	if n == 0 {
		return nil
	}
	op := e.obsreport.StartLogsOp(ctx)
	err := e.next.ConsumeLogs(op, e.batch.Logs())
	e.obsreport.EndLogsOp(op, transport, n, err)
	if err != nil {
		e.telemetry.ReceiverK8sTopologyRefusedBatches.Add(ctx, 1)
		if !consumererror.IsPermanent(err) {
			return err
		}
		e.logger.Error("batch refused for good, its changes are lost until the next snapshot", zap.Int("records", n), zap.Error(err))
		e.lost = err
	}
	for _, accept := range e.accepted {
		accept()
	}
	if err == nil {
		e.count(ctx, topology.Upsert, opUpsert)
		e.count(ctx, topology.Delete, opDelete)
	}
	e.reset()
	return nil
}

func (e *emitter) count(ctx context.Context, op topology.Op, attr attribute.KeyValue) {
	if n := e.ops[op]; n > 0 {
		e.telemetry.ReceiverK8sTopologyRecords.Add(ctx, n, metric.WithAttributes(attr))
	}
}
