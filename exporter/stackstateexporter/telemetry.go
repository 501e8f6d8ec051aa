package stackstateexporter

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelcol-stackstate/otelcol-stackstate/exporter/stackstateexporter/internal/metadata"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
)

// Keys and values of the attributes that metadata.yaml declares.
const (
	attrKind    = "kind"
	attrOutcome = "outcome"
	attrReason  = "reason"

	reasonRefused      = "refused"
	reasonTooLarge     = "too_large"
	reasonNotEncodable = "not_encodable"
	reasonNotTopology  = "not_topology"
	reasonMalformed    = "malformed"
)

// outcome is what became of a request, or of a payload.
type outcome string

const (
	accepted outcome = "accepted"
	refused  outcome = "refused" // for good
	failed   outcome = "failed"  // sent again later
	unneeded outcome = ""        // no request was made: there was nothing to say
)

// kinds names the sections of a payload by what they hold.
var kinds = map[intake.Section]string{
	intake.Components: "component",
	intake.Relations:  "relation",
	intake.Deletes:    "delete",
}

// telemetry counts what the exporter does.
type telemetry struct {
	builder *metadata.TelemetryBuilder
}

// request records one request.
func (t telemetry) request(ctx context.Context, size int, took time.Duration, result outcome) {
	t.builder.ExporterStackstatePayloadSize.Record(ctx, int64(size))
	t.builder.ExporterStackstateRequestDuration.Record(ctx, took.Seconds(), with(attrOutcome, string(result)))
}

// settled records what became of the content of a payload that will not be sent again.
func (t telemetry) settled(ctx context.Context, p *payload, result outcome) {
	count(ctx, t.builder.ExporterStackstateElementsTrimmed, p.trimmed.tooLarge, attrReason, reasonTooLarge)
	count(ctx, t.builder.ExporterStackstateElementsTrimmed, p.trimmed.notEncodable, attrReason, reasonNotEncodable)
	count(ctx, t.builder.ExporterStackstateElementsDropped, p.dropped.tooLarge, attrReason, reasonTooLarge)
	count(ctx, t.builder.ExporterStackstateElementsDropped, p.dropped.notEncodable, attrReason, reasonNotEncodable)
	t.skipped(ctx, p.malformed, reasonMalformed)
	if result == refused {
		count(ctx, t.builder.ExporterStackstateElementsDropped, int64(len(p.operations)), attrReason, reasonRefused)
		return
	}
	sent := map[intake.Section]int64{}
	for _, op := range p.operations {
		sent[op.element.Section]++
	}
	for section, n := range sent {
		count(ctx, t.builder.ExporterStackstateElementsSent, n, attrKind, kinds[section])
	}
}

func (t telemetry) skipped(ctx context.Context, n int64, reason string) {
	count(ctx, t.builder.ExporterStackstateRecordsSkipped, n, attrReason, reason)
}

func (t telemetry) snapshotAbandoned(ctx context.Context) {
	t.builder.ExporterStackstateSnapshotsAbandoned.Add(ctx, 1)
}

func count(ctx context.Context, counter metric.Int64Counter, n int64, key, value string) {
	if n > 0 {
		counter.Add(ctx, n, with(key, value))
	}
}

func with(key, value string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))
}
