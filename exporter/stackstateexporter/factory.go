package stackstateexporter

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/otelcol-stackstate/otelcol-stackstate/exporter/stackstateexporter/internal/metadata"
)

// NewFactory returns the factory of the exporter.
func NewFactory() exporter.Factory {
	return exporter.NewFactory(
		metadata.Type,
		createDefaultConfig,
		exporter.WithLogs(createLogs, metadata.LogsStability),
	)
}

func createDefaultConfig() component.Config {
	client := confighttp.NewDefaultClientConfig()
	client.Timeout = 30 * time.Second
	// The encoding that all versions of the intake are known to read.
	client.Compression = configcompression.TypeDeflate

	queue := exporterhelper.NewDefaultQueueConfig()
	queue.NumConsumers = 1
	// Topology that finds no room waits at its source, which then sends the newest state instead of all that were
	// between. Refusing it would lose it wherever a part of the pipeline does not repeat what was refused.
	queue.BlockOnOverflow = true

	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = 0 // never give up

	return &Config{
		ClientConfig: client,
		QueueConfig:  configoptional.Some(queue),
		RetryConfig:  retry,
		APIKeyIn:     KeyInBoth,
		// The bound that the intake's own clients keep before compression. Topology shrinks at least tenfold, so
		// that this also passes proxies that accept a megabyte, as many do unless told otherwise.
		MaxPayloadBytes: 4 << 20,
		MaxElements:     10_000, // the batch size of the intake's own clients
	}
}

func createLogs(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Logs, error) {
	cfg := config.(*Config)
	e, err := newExporter(cfg, set)
	if err != nil {
		return nil, err
	}
	push, end := hurry(e.push)
	logs, err := exporterhelper.NewLogs(ctx, set, cfg, push,
		exporterhelper.WithStart(e.start),
		exporterhelper.WithShutdown(e.shutdown),
		// A push may take many requests; each has the client's timeout.
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}),
		exporterhelper.WithRetry(cfg.RetryConfig),
		exporterhelper.WithQueue(cfg.QueueConfig))
	if err != nil {
		return nil, err
	}
	return &hurried{Logs: logs, grace: shutdownGrace, end: end}, nil
}
