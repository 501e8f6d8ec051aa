package stackstateexporter

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-stackstate/otelcol-stackstate/exporter/stackstateexporter/internal/metadatatest"
)

func TestTelemetry(t *testing.T) {
	t.Parallel()
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, telemetry.Shutdown(context.Background())) })
	fake := newFakeIntake(t, answers(200, 503, 400))
	e, _ := startExporter(t, testConfig(fake.URL, narrowed(5)), metadatatest.NewSettings(telemetry))

	huge, odd, hopeless := upsert("huge"), upsert("odd"), upsert("hopeless")
	huge.Component.SourceProperties = map[string]any{"text": strings.Repeat("x", 2<<20)}
	odd.Component.Data = map[string]any{"x": math.NaN()}
	hopeless.Component.Name = strings.Repeat("x", 2<<20)
	logs := joined(
		foreign(2),
		logsOf(t, prod, upsert("a", uses("a", "b"), uses("a", "c")), removed("d", uses("d", "a"))),
		malformed(t, prod),
		foreign(1),
		logsOf(t, prod, huge, odd, hopeless, upsert("b", uses("b", "a"))),
		logsOf(t, staging, start("1"), stop("2")),
		foreign(1),
	)
	err := e.push(t.Context(), logs)
	require.ErrorContains(t, err, "503")
	metadatatest.AssertEqualExporterStackstateElementsSent(t, telemetry, []metricdata.DataPoint[int64]{
		point("kind", "component", 1), point("kind", "relation", 2), point("kind", "delete", 2),
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualExporterStackstateRecordsSkipped(t, telemetry, []metricdata.DataPoint[int64]{
		point("reason", "malformed", 1), point("reason", "not_topology", 3),
	}, metricdatatest.IgnoreTimestamp())

	rest := unsentOf(t, err)
	require.NoError(t, e.push(t.Context(), rest), "a refusal, but of a part only")
	metadatatest.AssertEqualExporterStackstateElementsTrimmed(t, telemetry, []metricdata.DataPoint[int64]{
		point("reason", "too_large", 1), point("reason", "not_encodable", 1),
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualExporterStackstateElementsDropped(t, telemetry, []metricdata.DataPoint[int64]{
		point("reason", "too_large", 1), point("reason", "refused", 4),
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualExporterStackstateRecordsSkipped(t, telemetry, []metricdata.DataPoint[int64]{
		point("reason", "malformed", 1), point("reason", "not_topology", 4),
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualExporterStackstateSnapshotsAbandoned(t, telemetry,
		[]metricdata.DataPoint[int64]{{Value: 1}}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualExporterStackstatePayloadSize(t, telemetry,
		[]metricdata.HistogramDataPoint[int64]{{}}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreValue())
	metadatatest.AssertEqualExporterStackstateRequestDuration(t, telemetry, []metricdata.HistogramDataPoint[float64]{
		{Attributes: attributes("outcome", "accepted")},
		{Attributes: attributes("outcome", "failed")},
		{Attributes: attributes("outcome", "refused")},
	}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreValue())
}

func point(key, value string, n int64) metricdata.DataPoint[int64] {
	return metricdata.DataPoint[int64]{Attributes: attributes(key, value), Value: n}
}

func attributes(key, value string) attribute.Set {
	return attribute.NewSet(attribute.String(key, value))
}
