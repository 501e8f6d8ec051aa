package stackstatereceiver

import (
	"context"
	"encoding/json"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/stackstatereceiver/internal/metadata"
)

// maxSender bounds what is logged of a name that clients choose.
const maxSender = 255

// reporter counts what happens and logs each broken rule the first time it is broken.
type reporter struct {
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder

	mu     sync.Mutex
	logged map[string]bool // guarded by mu
}

func newReporter(logger *zap.Logger, telemetry *metadata.TelemetryBuilder) *reporter {
	return &reporter{logger: logger, telemetry: telemetry, logged: map[string]bool{}}
}

func (r *reporter) answered(ctx context.Context, status int) {
	r.telemetry.ReceiverStackstateRequests.Add(ctx, 1, metric.WithAttributes(attribute.Int("status_code", status)))
}

// finding counts a broken rule about the request itself.
func (r *reporter) finding(ctx context.Context, rule string, severity intake.Severity) {
	r.count(ctx, intake.Finding{Rule: rule, Severity: severity, Count: 1})
}

// findings counts the rules a payload breaks.
func (r *reporter) findings(ctx context.Context, sender string, findings []intake.Finding) {
	for _, finding := range findings {
		r.count(ctx, finding)
		if finding.Severity != intake.Advice && r.first(finding) {
			r.logger.Warn("A payload breaks a rule of the intake API; further ones are only counted",
				zap.String("rule", finding.Rule),
				zap.Bool("rejected", finding.Severity == intake.Reject),
				zap.String("path", finding.Path),
				zap.String("finding", finding.Message),
				zap.String("sender", sender[:min(len(sender), maxSender)]))
		}
	}
}

func (r *reporter) count(ctx context.Context, finding intake.Finding) {
	r.telemetry.ReceiverStackstateFindings.Add(ctx, int64(finding.Count), metric.WithAttributes(
		attribute.String("rule", finding.Rule), attribute.String("severity", string(finding.Severity))))
}

func (r *reporter) first(finding intake.Finding) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := finding.Rule + string(finding.Severity)
	if r.logged[key] {
		return false
	}
	r.logged[key] = true
	return true
}

func (r *reporter) refused(ctx context.Context, permanent bool) {
	kind := "retryable"
	if permanent {
		kind = "permanent"
	}
	r.telemetry.ReceiverStackstateRefusals.Add(ctx, 1, metric.WithAttributes(attribute.String("kind", kind)))
}

// accepted counts what a payload held.
func (r *reporter) accepted(ctx context.Context, payload intake.Payload) {
	var components, relations, deletes int
	for _, topology := range payload.Topologies {
		components += len(topology.Components)
		relations += len(topology.Relations)
		deletes += len(topology.DeleteIDs)
	}
	counter := r.telemetry.ReceiverStackstateElements
	addKind(ctx, counter, "component", components)
	addKind(ctx, counter, "relation", relations)
	addKind(ctx, counter, "delete", deletes)
	counter = r.telemetry.ReceiverStackstateElementsIgnored
	addKind(ctx, counter, "health", len(payload.Health))
	addKind(ctx, counter, "event", eventCount(payload))
	addKind(ctx, counter, "metric", len(payload.Metrics))
	addKind(ctx, counter, "service_check", len(payload.ServiceChecks))
}

func eventCount(payload intake.Payload) int {
	count := 0
	for _, raw := range payload.Events {
		var events []json.RawMessage
		if json.Unmarshal(raw, &events) == nil {
			count += len(events)
		}
	}
	return count
}

func addKind(ctx context.Context, counter metric.Int64Counter, kind string, count int) {
	if count > 0 {
		counter.Add(ctx, int64(count), metric.WithAttributes(attribute.String("kind", kind)))
	}
}

// snapshots counts the snapshots that a payload completed or abandoned.
func (r *reporter) snapshots(ctx context.Context, trial *intake.Trial) {
	completed, abandoned := trial.Snapshots()
	for outcome, count := range map[string]int{"completed": completed, "abandoned": abandoned} {
		if count > 0 {
			r.telemetry.ReceiverStackstateSnapshots.Add(ctx, int64(count), metric.WithAttributes(attribute.String("outcome", outcome)))
		}
	}
}

func (r *reporter) repeated(ctx context.Context) { r.telemetry.ReceiverStackstateRepeats.Add(ctx, 1) }
