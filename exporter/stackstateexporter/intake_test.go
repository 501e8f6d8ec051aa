package stackstateexporter

import (
	"compress/gzip"
	"compress/zlib"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/exporter/stackstateexporter/internal/metadata"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
)

// testKey needs escaping in a URL.
const testKey = "s3cret/key&more"

// received is a request as the fake intake got it.
type received struct {
	request *http.Request
	body    []byte // decoded
	status  int    // of the answer
}

// fakeIntake answers requests as the test says and keeps them.
type fakeIntake struct {
	*httptest.Server
	got chan received
}

// newFakeIntake starts an intake that answers the n-th request (from 0) as the function says, which may have written a
// body or headers before; nil accepts everything. It demands one request at a time.
func newFakeIntake(t testing.TB, answer func(n int, w http.ResponseWriter) int) *fakeIntake {
	t.Helper()
	fake := &fakeIntake{got: make(chan received, 100)}
	var requests, running atomic.Int32
	streams := map[intake.Instance]*intake.Stream{}
	fake.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.EqualValues(t, 1, running.Add(1), "requests must not overlap")
		defer running.Add(-1)
		body := decoded(t, r)
		n, status := int(requests.Add(1))-1, http.StatusOK
		if answer != nil {
			status = answer(n, w)
		}
		fake.got <- received{r, body, status}
		if status == http.StatusOK {
			checkSequence(t, streams, body)
		}
		if status != http.StatusOK {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "as the test wants, "+r.Header.Get(keyHeader))
		}
	}))
	t.Cleanup(fake.Close)
	return fake
}

func decoded(t testing.TB, r *http.Request) []byte {
	reader := io.Reader(r.Body)
	var err error
	switch r.Header.Get("Content-Encoding") {
	case "gzip":
		reader, err = gzip.NewReader(reader)
	case "deflate":
		reader, err = zlib.NewReader(reader)
	}
	if assert.NoError(t, err) {
		body, err := io.ReadAll(reader)
		assert.NoError(t, err)
		_, findings := intake.Check(body, intake.Arrival{Time: time.Now()})
		assert.Empty(t, findings)
		return body
	}
	return nil
}

// checkSequence demands that an accepted payload may follow those before it.
func checkSequence(t testing.TB, streams map[intake.Instance]*intake.Stream, body []byte) {
	content, _ := intake.Check(body, intake.Arrival{})
	for i, entry := range content.Topologies {
		if streams[entry.Instance] == nil {
			streams[entry.Instance] = &intake.Stream{}
		}
		trial := streams[entry.Instance].Try(content.InternalHostname, time.Now())
		trial.Add(i, entry)
		assert.Empty(t, intake.Refusal(trial.Findings()))
		trial.Commit()
	}
}

// next waits for a request.
func (f *fakeIntake) next(t testing.TB) received {
	t.Helper()
	select {
	case got := <-f.got:
		return got
	case <-time.After(10 * time.Second):
		require.FailNow(t, "no request arrived")
		return received{}
	}
}

// take returns what has arrived so far, in short; refused requests in brackets.
func (f *fakeIntake) take(t testing.TB) []string {
	t.Helper()
	var all []string
	for len(f.got) > 0 {
		all = append(all, f.next(t).summary(t))
	}
	return all
}

func (r received) summary(t testing.TB) string {
	text := summary(t, r.body)
	if r.status != http.StatusOK {
		text = "[" + text + "]"
	}
	return text
}

// answers is for newFakeIntake: one status per request, then 200.
func answers(statuses ...int) func(int, http.ResponseWriter) int {
	return func(n int, _ http.ResponseWriter) int {
		if n < len(statuses) {
			return statuses[n]
		}
		return http.StatusOK
	}
}

// statusHost is a host that keeps the statuses reported to it.
type statusHost struct {
	component.Host
	events []*componentstatus.Event
}

func (h *statusHost) Report(event *componentstatus.Event) { h.events = append(h.events, event) }

func (h *statusHost) statuses() (all []string) {
	for _, event := range h.events {
		all = append(all, event.Status().String())
	}
	return all
}

// testConfig is the default configuration for an intake, with retries that do not make a test wait.
func testConfig(endpoint string, changes ...func(*Config)) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.ClientConfig.Endpoint = endpoint
	cfg.APIKey = testKey
	cfg.RetryConfig.InitialInterval = time.Millisecond
	cfg.RetryConfig.MaxInterval = time.Millisecond
	for _, change := range changes {
		change(cfg)
	}
	return cfg
}

// narrowed makes payloads hold few elements.
func narrowed(elements int) func(*Config) {
	return func(cfg *Config) { cfg.MaxElements = elements }
}

// startExporter starts the exporter without queue and retry around it.
func startExporter(t testing.TB, cfg *Config, set exporter.Settings) (*stackstateExporter, *statusHost) {
	t.Helper()
	e, err := newExporter(cfg, set)
	require.NoError(t, err)
	host := &statusHost{Host: componenttest.NewNopHost()}
	require.NoError(t, e.start(t.Context(), host))
	t.Cleanup(func() { assert.NoError(t, e.shutdown(context.Background())) })
	return e, host
}

// startPipeline starts the exporter as the Collector does. The result of its shutdown is the caller's.
func startPipeline(t testing.TB, cfg *Config, set exporter.Settings) exporter.Logs {
	t.Helper()
	require.NoError(t, cfg.Validate())
	e, err := NewFactory().CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), &statusHost{Host: componenttest.NewNopHost()}))
	return e
}

func consume(t testing.TB, e exporter.Logs, logs plog.Logs) {
	t.Helper()
	require.NoError(t, e.ConsumeLogs(t.Context(), logs))
}

func nopSettings() exporter.Settings { return exportertest.NewNopSettings(metadata.Type) }
