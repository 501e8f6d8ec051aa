package stackstateexporter

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	const pause = 7 * time.Second
	cause := errors.New("cause")
	retryable := map[int]bool{
		200: false, 201: false, 204: false,
		301: false, 302: false, 303: false, 304: false, 307: false, 308: false,
		400: false, 401: true, 402: false, 403: true, 404: true, 405: false, 406: false, 407: true, 408: true,
		409: false, 410: false, 411: false, 413: false, 415: false, 422: false, 429: true, 431: false,
		500: true, 501: true, 502: true, 503: true, 504: true, 507: true, 599: true,
	}
	for status, retryable := range retryable {
		plain, paused := classify(status, 0, cause), classify(status, pause, cause)
		switch {
		case status < 300:
			assert.NoError(t, plain, status)
			assert.NoError(t, paused, status)
		case retryable:
			assert.Equal(t, cause, plain, status)
			assert.Equal(t, exporterhelper.NewThrottleRetry(cause, pause), paused, status)
		default:
			for _, err := range []error{plain, paused} {
				assert.True(t, consumererror.IsPermanent(err), status)
				assert.ErrorIs(t, err, cause, status)
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                              0,
		"soon":                          0,
		"-1":                            0,
		"1.5":                           0,
		"0":                             0,
		"30":                            30 * time.Second,
		"86400":                         maxRetryAfter,
		"99999999999999999999":          0,
		"Fri, 02 Jan 2026 03:04:35 GMT": 30 * time.Second,
		"Fri, 02 Jan 2026 03:04:00 GMT": 0,
		"Sat, 02 Jan 2027 03:04:00 GMT": maxRetryAfter,
	} {
		assert.Equal(t, want, retryAfter(http.Header{"Retry-After": {value}}, now), value)
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	const key = "k&y/1 secret"
	for name, tt := range map[string]struct {
		status         int
		location, body string
		want           string
	}{
		"empty":          {status: 503, want: "intake answered 503 Service Unavailable"},
		"unknown status": {status: 599, body: "odd", want: "intake answered 599 : odd"},
		"several lines":  {status: 400, body: " a\n\tb\x00c \r\n", want: "intake answered 400 Bad Request: a b c"},
		"long": {
			status: 500, body: strings.Repeat("ä", 200),
			want: "intake answered 500 Internal Server Error: " + strings.Repeat("ä", 128) + "…",
		},
		"not text":  {status: 500, body: "a\xff\xfe", want: "intake answered 500 Internal Server Error: a"},
		"key":       {status: 403, body: "no key " + key, want: "intake answered 403 Forbidden (check api_key): no key [REDACTED]"},
		"query key": {status: 404, body: "/x?api_key=k%26y%2F1+secret", want: "intake answered 404 Not Found (check the path of endpoint): /x?api_key=[REDACTED]"},
		"key at the cut": {
			status: 500, body: strings.Repeat("a", 250) + key,
			want: "intake answered 500 Internal Server Error: " + strings.Repeat("a", 250) + "[REDAC…",
		},
		"redirect": {
			status: 301, location: "https://me:pw@login.example.com/in?api_key=k%26y%2F1+secret",
			want: "intake answered 301 Moved Permanently to https://login.example.com/in (endpoint must be where the intake itself is)",
		},
		"redirect nowhere": {status: 302, want: "intake answered 302 Found (endpoint must be where the intake itself is)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response := &http.Response{
				StatusCode: tt.status,
				Header:     http.Header{"Location": {tt.location}},
				Body:       io.NopCloser(strings.NewReader(tt.body)),
			}
			assert.EqualError(t, describe(response, newRedactor(key)), tt.want)
		})
	}
}

func TestRedactedErrorKeepsItsCauseUnlessItNamesTheKey(t *testing.T) {
	t.Parallel()
	redact := newRedactor("secret")
	assert.ErrorIs(t, redact.error(io.EOF), io.EOF)
	err := redact.error(errors.New("a secret b"))
	require.EqualError(t, err, "a [REDACTED] b")
}
