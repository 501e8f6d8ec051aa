package stackstateexporter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
)

// The names under which the intake looks for the API key.
const (
	keyHeader = "sts-api-key"
	keyQuery  = "api_key"
)

// client posts payloads to the intake.
type client struct {
	http      *http.Client
	key       *keyTransport
	url       string
	userAgent string
	redact    redactor
}

func newClient(ctx context.Context, cfg *Config, set exporter.Settings, host component.Host) (*client, error) {
	target, err := parseEndpoint(cfg.ClientConfig.Endpoint)
	if err != nil {
		return nil, err
	}
	key := &keyTransport{key: cfg.key(), place: cfg.APIKeyIn}
	settings := cfg.ClientConfig
	settings.Middlewares = append(slices.Clone(settings.Middlewares), configmiddleware.Config{ID: keyTransportID})
	extensions := maps.Clone(host.GetExtensions())
	if extensions == nil {
		extensions = map[component.ID]component.Component{}
	}
	extensions[keyTransportID] = key
	httpClient, err := settings.ToClient(ctx, extensions, set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	httpClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client{
		http:      httpClient,
		key:       key,
		url:       target.String(),
		userAgent: set.BuildInfo.Command + "/" + set.BuildInfo.Version,
		redact:    newRedactor(cfg.key()),
	}, nil
}

// post sends a payload. The error is classified and holds no key.
func (c *client) post(ctx context.Context, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return c.redact.error(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", c.userAgent)
	response, err := c.http.Do(request)
	if err != nil {
		if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return c.redact.error(fmt.Errorf("send to %s: %w", c.url, err))
	}
	defer drain(response)
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return nil
	}
	return classify(response.StatusCode, retryAfter(response.Header, time.Now()), describe(response, c.redact))
}

func (c *client) close() { c.key.closeIdleConnections() }

// keyTransportID is where a keyTransport is found among the extensions the client is made with; no other can be here.
var keyTransportID = component.MustNewIDWithName("stackstate", "api_key")

// keyTransport puts the API key into requests. As the innermost layer of the client it sees them last: the key is in no
// URL that another layer might put into an error or a span. It takes the form of a middleware because only a
// middleware gets there.
type keyTransport struct {
	component.StartFunc
	component.ShutdownFunc
	key   string
	place KeyPlacement
	base  http.RoundTripper
}

var _ extensionmiddleware.HTTPClient = (*keyTransport)(nil)

// GetHTTPRoundTripper is called once, with the transport that makes the connections.
func (t *keyTransport) GetHTTPRoundTripper(context.Context) (extensionmiddleware.WrapHTTPRoundTripperFunc, error) {
	return func(_ context.Context, base http.RoundTripper) (http.RoundTripper, error) {
		t.base = base
		return t, nil
	}, nil
}

// RoundTrip sends a request with the key in it.
func (t *keyTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	if t.place != KeyInQuery {
		request.Header.Set(keyHeader, t.key)
	}
	if t.place != KeyInHeader {
		request.URL.RawQuery = url.Values{keyQuery: {t.key}}.Encode()
	}
	return t.base.RoundTrip(request)
}

// closeIdleConnections does what the client's method of that name does not get through its layers to do.
func (t *keyTransport) closeIdleConnections() {
	if base, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}
