package stackstateexporter

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/otelcol-stackstate/otelcol-stackstate/exporter/stackstateexporter/internal/metadatatest"
)

func TestRequest(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		path, wantPath          string
		place                   KeyPlacement
		compression             configcompression.Type
		header, query, encoding string
	}{
		"both":   {"", "/stsAgent/intake", KeyInBoth, "deflate", testKey, testKey, "deflate"},
		"header": {"/stsAgent/", "/stsAgent/intake", KeyInHeader, "gzip", testKey, "", "gzip"},
		"query":  {"/receiver/stsAgent", "/receiver/stsAgent/intake", KeyInQuery, "none", "", testKey, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := newFakeIntake(t, nil)
			set := nopSettings()
			set.BuildInfo.Command, set.BuildInfo.Version = "otelcol-stackstate", "1.2.3"
			e, _ := startExporter(t, testConfig(fake.URL+tt.path, func(cfg *Config) {
				cfg.APIKey = " " + cfg.APIKey + "\n"
				cfg.APIKeyIn = tt.place
				cfg.ClientConfig.Compression = tt.compression
			}), set)
			require.NoError(t, e.push(t.Context(), logsOf(t, prod, upsert("a"))))
			got := fake.next(t)
			assert.Equal(t, "prod-eu-1: +a", got.summary(t))
			assert.Equal(t, http.MethodPost, got.request.Method)
			assert.Equal(t, tt.wantPath, got.request.URL.Path)
			assert.Equal(t, tt.header, got.request.Header.Get("sts-api-key"))
			assert.Equal(t, tt.query, got.request.URL.Query().Get("api_key"))
			assert.Equal(t, tt.encoding, got.request.Header.Get("Content-Encoding"))
			assert.Equal(t, "application/json", got.request.Header.Get("Content-Type"))
			assert.Equal(t, "otelcol-stackstate/1.2.3", got.request.Header.Get("User-Agent"))
			assert.Empty(t, got.request.Header.Get("sts-time-format"), "times are in seconds")
		})
	}
}

func TestPauseThatTheIntakeAsksForReachesTheRetry(t *testing.T) {
	t.Parallel()
	fake := newFakeIntake(t, func(_ int, w http.ResponseWriter) int {
		w.Header().Set("Retry-After", "7")
		return http.StatusServiceUnavailable
	})
	e, _ := startExporter(t, testConfig(fake.URL), nopSettings())
	err := e.push(t.Context(), logsOf(t, prod, upsert("a")))
	assert.ErrorContains(t, err, "Throttle (7s), error: intake answered 503") // the type is private to exporterhelper
}

func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := newFakeIntake(t, nil)
	fake := newFakeIntake(t, func(_ int, w http.ResponseWriter) int {
		w.Header().Set("Location", elsewhere.URL+"/login?api_key="+url.QueryEscape(testKey))
		return http.StatusTemporaryRedirect
	})
	e, _ := startExporter(t, testConfig(fake.URL), nopSettings())
	err := e.push(t.Context(), logsOf(t, prod, upsert("a")))
	assert.True(t, consumererror.IsPermanent(err))
	assert.ErrorContains(t, err, "307 Temporary Redirect to "+elsewhere.URL+"/login (endpoint must be where the intake itself is)")
	assertNoKey(t, err.Error())
	assert.Empty(t, elsewhere.take(t))
}

func TestKeyIsInNoErrorAndNoSpan(t *testing.T) {
	t.Parallel()
	telemetry := componenttest.NewTelemetry()
	t.Cleanup(func() { assert.NoError(t, telemetry.Shutdown(context.Background())) })
	release := make(chan struct{})
	fake := newFakeIntake(t, func(n int, _ http.ResponseWriter) int {
		switch n {
		case 0:
			return http.StatusForbidden // its text repeats the key
		case 1:
			panic(http.ErrAbortHandler) // closes the connection
		default:
			<-release
			return http.StatusOK
		}
	})
	t.Cleanup(func() { close(release) })
	e, host := startExporter(t, testConfig(fake.URL), metadatatest.NewSettings(telemetry))
	push := func(want string) {
		err := e.push(t.Context(), logsOf(t, prod, upsert("a")))
		require.ErrorContains(t, err, want)
		assert.False(t, consumererror.IsPermanent(err))
		assertNoKey(t, err.Error())
	}
	push("intake answered 403 Forbidden (check api_key): as the test wants, [REDACTED]")
	push("send to " + fake.URL + "/stsAgent/intake: EOF")
	e.client.http.Timeout = 10 * time.Millisecond
	push("deadline exceeded")
	e.client.http.Timeout = time.Minute
	e.client.url = "http://127.0.0.1:1/stsAgent/intake"
	push("connection refused")

	assertNoKey(t, host.events[0].Err().Error())
	require.NotEmpty(t, telemetry.SpanRecorder.Ended())
	for _, span := range telemetry.SpanRecorder.Ended() {
		assertNoKey(t, span.Name(), span.Status().Description)
		for _, attribute := range span.Attributes() {
			assertNoKey(t, attribute.Value.Emit())
		}
	}
}

func TestShutdownWithoutStartAndTwice(t *testing.T) {
	t.Parallel()
	e, err := newExporter(testConfig("http://127.0.0.1:7077"), nopSettings())
	require.NoError(t, err)
	assert.NoError(t, e.shutdown(t.Context()))
	assert.NoError(t, e.shutdown(t.Context()))
}

func assertNoKey(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		assert.NotContains(t, text, testKey)
		assert.NotContains(t, text, url.QueryEscape(testKey))
		assert.NotContains(t, text, "s3cret")
	}
}
