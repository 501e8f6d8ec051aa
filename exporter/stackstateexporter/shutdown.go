package stackstateexporter

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
)

// shutdownGrace is how long a request that is under way at shutdown may still take. It leaves room in the 30 seconds
// that Kubernetes gives a pod to end.
const shutdownGrace = 5 * time.Second

// hurried ends pushes that hang while the exporter shuts down. The exporter helper waits for them, as long as a request
// may take, before it calls the exporter's own shutdown. What was not sent stays in a queue on disk.
type hurried struct {
	exporter.Logs
	grace time.Duration
	end   context.CancelFunc // ends all pushes
}

// hurry makes a push that ends early when the returned function is called.
func hurry(push func(context.Context, plog.Logs) error) (func(context.Context, plog.Logs) error, context.CancelFunc) {
	ending, end := context.WithCancel(context.Background())
	return func(ctx context.Context, logs plog.Logs) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(ending, cancel)()
		return push(ctx, logs)
	}, end
}

// Shutdown shuts the exporter down, ending after the grace what still runs.
func (h *hurried) Shutdown(ctx context.Context) error {
	defer h.end()
	timer := time.AfterFunc(h.grace, h.end)
	defer timer.Stop()
	return h.Logs.Shutdown(ctx)
}
