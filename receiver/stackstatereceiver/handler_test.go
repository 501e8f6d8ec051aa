package stackstatereceiver

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
)

const emptyPayload = `{"internalHostname":"collector-0"}`

func compressed(t *testing.T, text string, open func(io.Writer) io.WriteCloser) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := open(&buf)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return buf.Bytes()
}

func toGzip(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }

func toZlib(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }

func toFlate(w io.Writer) io.WriteCloser {
	fw, err := flate.NewWriter(w, flate.DefaultCompression)
	if err != nil {
		panic(err)
	}
	return fw
}

func TestRequests(t *testing.T) {
	t.Parallel()
	const limit = 1 << 16
	encoded := func(encoding string) map[string]string { return map[string]string{"Content-Encoding": encoding} }
	bomb := `{"internalHostname":"` + strings.Repeat("x", 10*limit) + `"}`
	tests := []struct {
		name string
		call call
		want int
		text string
	}{
		{"intake", call{body: []byte(emptyPayload)}, 200, `{"status":"ok"}`},
		{"intake with prefix", call{path: "/receiver/stsAgent/intake?api_key=" + key, body: []byte(emptyPayload)}, 200, ""},
		{"intake with trailing slash", call{path: "/stsAgent/intake/?api_key=" + key, body: []byte(emptyPayload)}, 200, ""},
		{"intake with doubled slash", call{path: "/receiver//stsAgent//intake/?api_key=" + key, body: []byte(emptyPayload)}, 200, ""},
		{"intake of metrics", call{path: "/stsAgent/intake/metrics?api_key=" + key, body: []byte(emptyPayload)}, 200, ""},
		{"intake of metadata", call{path: "/receiver/stsAgent/intake/metadata/?api_key=" + key, body: []byte(emptyPayload)}, 200, ""},
		{"features", call{method: http.MethodGet, path: "/stsAgent/features?api_key=" + key}, 200, `{"expose-kubernetes-status":true}`},
		{"features with prefix", call{method: http.MethodGet, path: "/receiver/stsAgent/features/?api_key=" + key}, 200, ""},
		{"validate", call{method: http.MethodGet, path: "/stsAgent/api/v1/validate?api_key=" + key}, 200, `{"valid":true}`},
		{"validate a wrong key", call{method: http.MethodGet, path: "/stsAgent/api/v1/validate?api_key=wrong"}, 403, "not valid"},
		{"health needs no key", call{method: http.MethodGet, path: "/health"}, 200, `{"status":"ok"}`},

		{"unknown path", call{path: "/stsAgent/api/v1/series?api_key=" + key}, 404, "No such path"},
		{"root", call{method: http.MethodGet, path: "/"}, 404, ""},
		{"longer path", call{path: "/stsAgent/intake/other?api_key=" + key}, 404, ""},
		{"prefix alone", call{path: "/receiver"}, 404, ""},
		{"get intake", call{method: http.MethodGet}, 405, "not allowed"},
		{"post features", call{path: "/stsAgent/features?api_key=" + key}, 405, ""},
		{"delete health", call{method: http.MethodDelete, path: "/health"}, 405, ""},

		{"no key", call{path: "/stsAgent/intake", body: []byte(emptyPayload)}, 401, "API key is missing"},
		{"empty key", call{path: "/stsAgent/intake?api_key=", body: []byte(emptyPayload)}, 401, ""},
		{"wrong key", call{path: "/stsAgent/intake?api_key=wrong", body: []byte(emptyPayload)}, 403, "not valid"},
		{"key in the header", call{path: "/stsAgent/intake", header: map[string]string{"sts-api-key": " " + key + " "}, body: []byte(emptyPayload)}, 200, ""},
		{"another valid key", call{path: "/stsAgent/intake", header: map[string]string{"sts-api-key": "key-2"}, body: []byte(emptyPayload)}, 200, ""},
		{"key in both", call{header: map[string]string{"sts-api-key": key}, body: []byte(emptyPayload)}, 200, ""},
		{"keys differ", call{header: map[string]string{"sts-api-key": "key-2"}, body: []byte(emptyPayload)}, 403, "differ"},
		{"key as authorization", call{method: http.MethodGet, path: "/stsAgent/features", header: map[string]string{"Authorization": "ApiKey " + key}}, 200, ""},
		{"key of another scheme", call{method: http.MethodGet, path: "/stsAgent/features", header: map[string]string{"Authorization": "Basic " + key}}, 401, ""},
		{"key is checked before the body", call{path: "/stsAgent/intake?api_key=wrong", header: encoded("zstd")}, 403, ""},

		{"identity", call{header: encoded("identity"), body: []byte(emptyPayload)}, 200, ""},
		{"gzip", call{header: encoded("GZIP"), body: compressed(t, emptyPayload, toGzip)}, 200, ""},
		{"deflate", call{header: encoded("deflate"), body: compressed(t, emptyPayload, toZlib)}, 200, ""},
		{"bare deflate", call{header: encoded("deflate"), body: compressed(t, emptyPayload, toFlate)}, 200, ""},
		{"zstd", call{header: encoded("zstd"), body: []byte(emptyPayload)}, 415, "content encoding must be one of"},
		{"two encodings", call{header: encoded("gzip, deflate"), body: []byte(emptyPayload)}, 415, ""},
		{"not gzip", call{header: encoded("gzip"), body: []byte(emptyPayload)}, 400, "cannot be read"},
		{"not deflate", call{header: encoded("deflate"), body: []byte(emptyPayload)}, 400, "cannot be read"},
		{"empty deflate", call{header: encoded("deflate")}, 400, "cannot be read"},
		{"cut off gzip", call{header: encoded("gzip"), body: compressed(t, emptyPayload, toGzip)[:20]}, 400, "cannot be read"},

		{"body at the limit", call{body: []byte(emptyPayload + strings.Repeat(" ", limit-len(emptyPayload)))}, 200, ""},
		{"body over the limit", call{body: []byte(emptyPayload + strings.Repeat(" ", limit-len(emptyPayload)+1))}, 413, "larger than 65536 bytes"},
		{"gzip bomb", call{header: encoded("gzip"), body: compressed(t, bomb, toGzip)}, 413, ""},
		{"deflate bomb", call{header: encoded("deflate"), body: compressed(t, bomb, toZlib)}, 413, ""},
		{"bare deflate bomb", call{header: encoded("deflate"), body: compressed(t, bomb, toFlate)}, 413, ""},

		{"no JSON", call{body: []byte("hello")}, 400, "Body is not a JSON object [R5]"},
		{"no host", call{body: []byte("{}")}, 400, "Failed to deserialize JSON on fields: , with message: Object is missing required member 'internalHostname'"},
		{"rule broken", call{body: []byte(payloadOf(`"components":null,"relations":[]`))}, 400, "topologies[0].components, with message: Expected a list [T3]"},
		{"stop without start", call{body: []byte(payloadOf(`"components":[],"relations":[],"stop_snapshot":true`))}, 400, "[T15]"},
	}
	r := start(t, settings{config: func(cfg *Config) {
		cfg.APIKeys = []configopaque.String{key, "key-2 "}
		cfg.ServerConfig.MaxRequestBodySize = limit
	}})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { // one after the other: the receiver ends with the test around them
			resp, text := (&running{t: t, receiver: r.receiver, client: r.client}).do(tt.call)
			assert.Equal(t, tt.want, resp.StatusCode, text)
			assert.Contains(t, text, tt.text)
			if tt.want == http.StatusMethodNotAllowed {
				assert.NotEmpty(t, resp.Header.Get("Allow"))
			}
		})
	}
}

func TestAnyKeyWillDoWhereNoneIsConfigured(t *testing.T) {
	t.Parallel()
	r := start(t, settings{})
	resp, _ := r.do(call{path: "/stsAgent/intake?api_key=whatever", body: []byte(emptyPayload)})
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	resp, _ = r.do(call{path: "/stsAgent/intake", body: []byte(emptyPayload)})
	assert.Equal(t, http.StatusUnauthorized, resp.StatusCode)
}

func TestEncodingsCanBeRestricted(t *testing.T) {
	t.Parallel()
	r := start(t, settings{config: func(cfg *Config) { cfg.ServerConfig.CompressionAlgorithms = []string{"gzip"} }})
	resp, _ := r.do(call{body: []byte(emptyPayload)})
	assert.Equal(t, http.StatusUnsupportedMediaType, resp.StatusCode)
	resp, _ = r.do(call{header: map[string]string{"Content-Encoding": "gzip"}, body: compressed(t, emptyPayload, toGzip)})
	assert.Equal(t, http.StatusOK, resp.StatusCode)
}

func TestFeaturesAreConfigurable(t *testing.T) {
	t.Parallel()
	r := start(t, settings{config: func(cfg *Config) { cfg.Features["max-components-per-agent"] = 5000 }})
	resp, text := r.do(call{method: http.MethodGet, path: "/stsAgent/features?api_key=" + key})
	assert.JSONEq(t, `{"expose-kubernetes-status":true,"max-components-per-agent":5000}`, text)
	assert.Equal(t, "application/json", resp.Header.Get("Content-Type"))
}
