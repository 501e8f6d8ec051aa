package stackstateexporter

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/exporter/stackstateexporter/internal/metadata"
)

func TestShutdownEndsAHangingPushAfterTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pushing := make(chan struct{})
		push, end := hurry(func(ctx context.Context, _ plog.Logs) error {
			close(pushing)
			<-ctx.Done() // an intake that never answers
			return ctx.Err()
		})
		cfg := createDefaultConfig().(*Config)
		inner, err := exporterhelper.NewLogs(t.Context(), exportertest.NewNopSettings(metadata.Type), cfg, push,
			exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{}),
			exporterhelper.WithRetry(cfg.RetryConfig), exporterhelper.WithQueue(cfg.QueueConfig))
		require.NoError(t, err)
		exporter := &hurried{Logs: inner, grace: shutdownGrace, end: end}
		require.NoError(t, exporter.Start(t.Context(), componenttest.NewNopHost()))
		logs := plog.NewLogs()
		logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		require.NoError(t, exporter.ConsumeLogs(t.Context(), logs))
		<-pushing

		began := time.Now()
		require.NoError(t, exporter.Shutdown(t.Context()))
		assert.Equal(t, shutdownGrace, time.Since(began))
	})
}
