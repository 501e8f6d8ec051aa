package stackstateexporter

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// snapshotOf is a snapshot of components a, b, …
func snapshotOf(id string, components ...string) []topology.Record {
	records := []topology.Record{start(id)}
	for _, c := range components {
		records = append(records, upsert(c))
	}
	return append(records, stop(id))
}

func unsentOf(t *testing.T, err error) plog.Logs {
	t.Helper()
	var unsent consumererror.Logs
	require.ErrorAs(t, err, &unsent)
	return unsent.Data()
}

func TestFailureInTheMiddleResumesAfterTheLastAcceptedPayload(t *testing.T) {
	t.Parallel()
	fake := newFakeIntake(t, answers(200, 503, 503, 200, 429))
	e, _ := startExporter(t, testConfig(fake.URL, narrowed(2)), nopSettings())
	logs := joined(foreign(1), logsOf(t, prod, snapshotOf("1", "a", "b", "c", "d", "e")...), foreign(1))
	logs.MarkReadOnly()

	var left []int
	for err := e.push(t.Context(), logs); err != nil; err = e.push(t.Context(), logs) {
		assert.False(t, consumererror.IsPermanent(err))
		logs = unsentOf(t, err)
		left = append(left, logs.LogRecordCount())
	}
	assert.Equal(t, []int{5, 5, 3}, left)
	assert.Equal(t, []string{
		"prod-eu-1: start +a +b",
		"[prod-eu-1: +c +d]", "[prod-eu-1: +c +d]", "prod-eu-1: +c +d",
		"[prod-eu-1: +e stop]", "prod-eu-1: +e stop",
	}, fake.take(t))
}

func TestOrderIsKeptThroughQueueAndRetry(t *testing.T) {
	t.Parallel()
	fake := newFakeIntake(t, answers(200, 503, 500, 404, 403))
	e := startPipeline(t, testConfig(fake.URL, narrowed(2)), nopSettings())
	consume(t, e, logsOf(t, prod, snapshotOf("1", "a", "b", "c", "d")...))
	consume(t, e, logsOf(t, prod, upsert("e")))
	consume(t, e, logsOf(t, staging, upsert("f")))
	consume(t, e, logsOf(t, prod, removed("e")))

	var got []string
	for range 9 {
		got = append(got, fake.next(t).summary(t))
	}
	require.NoError(t, e.Shutdown(context.Background()))
	const retried = "[prod-eu-1: +c +d stop]"
	assert.Equal(t, []string{
		"prod-eu-1: start +a +b", retried, retried, retried, retried, "prod-eu-1: +c +d stop",
		"prod-eu-1: +e", "staging: +f", "prod-eu-1: -e",
	}, got)
}

func TestRefusedPayloadIsDroppedAndItsSnapshotNotClosed(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.ErrorLevel)
	set := nopSettings()
	set.Logger = zap.New(core)
	fake := newFakeIntake(t, answers(200, 400, 200, 422))
	e, _ := startExporter(t, testConfig(fake.URL, narrowed(2)), set)

	require.NoError(t, e.push(t.Context(), logsOf(t, prod, snapshotOf("1", "a", "b", "c", "d", "e", "f", "g", "h", "i")...)))
	require.Equal(t, 1, logged.Len())
	assert.Equal(t, "The intake refused a part of the topology, which is dropped", logged.All()[0].Message)
	assert.Equal(t, map[string]any{
		"dropped_elements": int64(4),
		"error":            "2 payloads refused, the first: Permanent error: intake answered 400 Bad Request: as the test wants, [REDACTED]",
	}, logged.All()[0].ContextMap())
	require.NoError(t, e.push(t.Context(), logsOf(t, prod, snapshotOf("2", "a")...)))
	assert.Equal(t, []string{
		"prod-eu-1: start +a +b", "[prod-eu-1: +c +d]", "prod-eu-1: +e +f", "[prod-eu-1: +g +h]", "prod-eu-1: +i",
		"prod-eu-1: start +a stop",
	}, fake.take(t))
}

// An error that is permanent makes the Collector count all records of a push as lost.
func TestRefusalIsAnErrorOnlyIfNothingWasAccepted(t *testing.T) {
	t.Parallel()
	const lost, retried = true, false
	for name, tt := range map[string]struct {
		answers []int
		want    []any // of each push until the last: an error that is permanent or not, or none
	}{
		"all accepted":                      {[]int{200, 200, 200}, []any{nil}},
		"all refused":                       {[]int{400, 413, 422}, []any{lost}},
		"first refused":                     {[]int{400, 200, 200}, []any{nil}},
		"last refused":                      {[]int{200, 200, 400}, []any{nil}},
		"refused and retried":               {[]int{400, 503, 200, 200}, []any{retried, nil}},
		"accepted before the retry":         {[]int{200, 503, 400, 400}, []any{retried, nil}},
		"accepted before the second retry":  {[]int{200, 503, 503, 400, 400}, []any{retried, retried, nil}},
		"nothing accepted before the retry": {[]int{400, 503, 400, 400}, []any{retried, lost}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newFakeIntake(t, answers(tt.answers...))
			e, _ := startExporter(t, testConfig(fake.URL, narrowed(1)), nopSettings())
			// The snapshot's end alone is sent only if all before was accepted, and is no acceptance otherwise.
			logs := logsOf(t, prod, upsert("a"), upsert("b"), upsert("c"), stop("unknown"))
			var got []any
			for range tt.want {
				err := e.push(t.Context(), logs)
				if err == nil {
					got = append(got, nil)
					continue
				}
				got = append(got, consumererror.IsPermanent(err))
				if !consumererror.IsPermanent(err) {
					logs = unsentOf(t, err)
				}
			}
			assert.Equal(t, tt.want, got)
			assert.Len(t, fake.take(t), len(tt.answers))
		})
	}
}

func TestAcceptanceCountsForItsOwnPushOnly(t *testing.T) {
	t.Parallel()
	fake := newFakeIntake(t, answers(200, 503, 400))
	e, _ := startExporter(t, testConfig(fake.URL, narrowed(1)), nopSettings())
	require.Error(t, e.push(t.Context(), logsOf(t, prod, upsert("a"), upsert("b"))))
	err := e.push(t.Context(), logsOf(t, prod, upsert("c"))) // the retry gave up
	require.True(t, consumererror.IsPermanent(err), err)
}

func TestRefusalBeforeAFailureIsLogged(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.ErrorLevel)
	set := nopSettings()
	set.Logger = zap.New(core)
	fake := newFakeIntake(t, answers(413, 503))
	e, _ := startExporter(t, testConfig(fake.URL, narrowed(1)), set)

	err := e.push(t.Context(), logsOf(t, prod, upsert("a"), upsert("b")))
	assert.False(t, consumererror.IsPermanent(err))
	require.Equal(t, 1, logged.Len())
	assert.Contains(t, logged.All()[0].ContextMap()["error"], "413")
	require.NoError(t, e.push(t.Context(), unsentOf(t, err)))
	assert.Equal(t, 1, logged.Len(), "once")
}

func TestSnapshotStaysOpenWhenTheRetryGaveUp(t *testing.T) {
	t.Parallel()
	fake := newFakeIntake(t, answers(200, 503))
	e := startPipeline(t, testConfig(fake.URL, narrowed(1), func(cfg *Config) {
		cfg.RetryConfig.Enabled = false
		cfg.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()
	}), nopSettings())
	require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(t, prod, start("1"), upsert("a"))))
	require.Error(t, e.ConsumeLogs(t.Context(), logsOf(t, prod, upsert("b"))))
	require.NoError(t, e.ConsumeLogs(t.Context(), logsOf(t, prod, upsert("c"), stop("1"))))
	require.NoError(t, e.Shutdown(context.Background()))
	assert.Equal(t, []string{"prod-eu-1: start +a", "[prod-eu-1: +b]", "prod-eu-1: +c"}, fake.take(t))
}

func TestConcurrentPushesTakeTurns(t *testing.T) {
	t.Parallel()
	fake := newFakeIntake(t, nil) // demands one request at a time
	e, _ := startExporter(t, testConfig(fake.URL), nopSettings())
	var pushes sync.WaitGroup
	for range 10 {
		pushes.Go(func() { assert.NoError(t, e.push(t.Context(), logsOf(t, prod, upsert("a")))) })
	}
	pushes.Wait()
	assert.Len(t, fake.take(t), 10)
}

func TestPushEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	fake := newFakeIntake(t, func(int, http.ResponseWriter) int {
		cancel()
		<-release
		return http.StatusOK
	})
	e, _ := startExporter(t, testConfig(fake.URL), nopSettings())
	err := e.push(ctx, logsOf(t, prod, upsert("a")))
	close(release)
	require.ErrorIs(t, err, context.Canceled)
	assert.False(t, consumererror.IsPermanent(err))

	e.sending <- struct{}{} // as another push would
	assert.ErrorIs(t, e.push(ctx, logsOf(t, prod, upsert("a"))), context.Canceled)
}

func TestStatusIsReportedOnChange(t *testing.T) {
	t.Parallel()
	fake := newFakeIntake(t, answers(200, 503, 503, 400, 200, 200, 401))
	e, host := startExporter(t, testConfig(fake.URL), nopSettings())
	for range 7 {
		_ = e.push(t.Context(), logsOf(t, prod, upsert("a")))
	}
	assert.Equal(t, []string{"StatusRecoverableError", "StatusOK", "StatusRecoverableError"}, host.statuses())
	assert.ErrorContains(t, host.events[0].Err(), "503")
}

func TestProblemsAreLoggedOncePerKind(t *testing.T) {
	t.Parallel()
	core, logged := observer.New(zap.DebugLevel)
	set := nopSettings()
	set.Logger = zap.New(core)
	fake := newFakeIntake(t, nil)
	e, _ := startExporter(t, testConfig(fake.URL), set)
	huge, hopeless := upsert("huge"), upsert("hopeless")
	huge.Component.SourceProperties = map[string]any{"text": strings.Repeat("x", 2<<20)}
	hopeless.Component.Name = strings.Repeat("x", 2<<20)
	for range 3 {
		logs := joined(malformed(t, prod), malformed(t, prod), logsOf(t, prod, huge, hopeless, upsert("a")))
		require.NoError(t, e.push(t.Context(), logs))
	}
	var messages []string
	for _, entry := range logged.All() {
		messages = append(messages, entry.Message)
	}
	assert.Equal(t, []string{
		"A topology record cannot be read and is skipped; further ones are only counted",
		"An element is too large and is sent without some of its fields; further ones are only counted",
		"An element is dropped because it cannot be sent even without most of its fields; further ones are only counted",
	}, messages)
	assert.Equal(t, "huge", logged.All()[1].ContextMap()["external_id"])
	assert.Equal(t, []string{"prod-eu-1: +huge +a", "prod-eu-1: +huge +a", "prod-eu-1: +huge +a"}, fake.take(t))
}

func TestStartFailsOnAMissingCertificate(t *testing.T) {
	t.Parallel()
	cfg := testConfig("https://127.0.0.1:7077", func(cfg *Config) { cfg.ClientConfig.TLS.CAFile = "testdata/no-such-ca.pem" })
	e, err := NewFactory().CreateLogs(t.Context(), nopSettings(), cfg)
	require.NoError(t, err)
	assert.ErrorContains(t, e.Start(t.Context(), componenttest.NewNopHost()), "no-such-ca.pem")
	assert.NoError(t, e.Shutdown(context.Background()))
}

func TestResumedLogsKeepTheirResourcesAndScopes(t *testing.T) {
	t.Parallel()
	logs := joined(logsOf(t, prod, upsert("a"), upsert("b"), upsert("c")), logsOf(t, staging, upsert("d")))
	logs.ResourceLogs().At(0).SetSchemaUrl("resource")
	logs.ResourceLogs().At(0).ScopeLogs().At(0).SetSchemaUrl("scope")
	second := logs.ResourceLogs().At(0).ScopeLogs().AppendEmpty()
	logs.ResourceLogs().At(1).ScopeLogs().At(0).CopyTo(second)

	var positions []plog.Logs
	for p := range (assembler{maxBytes: 4 << 20, maxElements: 1}).payloads(logs) {
		positions = append(positions, from(logs, p.first))
	}
	require.Len(t, positions, 5)
	assert.Equal(t, logs, positions[0])
	for i, want := range []int{5, 4, 3, 2, 1} {
		assert.Equal(t, want, positions[i].LogRecordCount())
	}
	resource := positions[2].ResourceLogs().At(0)
	assert.Equal(t, "resource", resource.SchemaUrl())
	assert.Equal(t, "scope", resource.ScopeLogs().At(0).SchemaUrl())
	assert.Equal(t, map[string]any{"k8s.cluster.name": "prod-eu-1"}, resource.Resource().Attributes().AsRaw())
	assert.Equal(t, []string{"prod-eu-1: +c", "staging: +d"}, summaries(t, wide, positions[2]))
	assert.Equal(t, 5, logs.LogRecordCount(), "the original stays")
}
