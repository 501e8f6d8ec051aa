package stackstatereceiver

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/stackstatereceiver/internal/metadata"
)

// noon is when every payload arrives.
var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

const key = "key-1"

// running is a started receiver and a client of it.
type running struct {
	t        *testing.T
	receiver *intakeReceiver
	client   *http.Client
	status   *statusHost
}

type settings struct {
	config    func(*Config)
	telemetry *componenttest.Telemetry
	next      consumer.Logs
	receiver  func(*intakeReceiver) // before its start
}

func start(t *testing.T, s settings) *running {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	cfg.ServerConfig.NetAddr.Endpoint = "127.0.0.1:0"
	if s.config != nil {
		s.config(cfg)
	}
	if s.next == nil {
		s.next = consumertest.NewNop()
	}
	set := receivertest.NewNopSettings(metadata.Type)
	if s.telemetry != nil {
		set.TelemetrySettings = s.telemetry.NewTelemetrySettings()
	}
	set.BuildInfo.Version = "1.2.3"
	logs, err := NewFactory().CreateLogs(t.Context(), set, cfg, s.next)
	require.NoError(t, err)
	r := logs.(*intakeReceiver)
	r.handler.now = func() time.Time { return noon }
	if s.receiver != nil {
		s.receiver(r)
	}
	host := &statusHost{Host: componenttest.NewNopHost()}
	require.NoError(t, r.Start(t.Context(), host))
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		require.NoError(t, r.Shutdown(context.Background()))
	})
	return &running{t: t, receiver: r, client: client, status: host}
}

// statusHost remembers the status events it is told.
type statusHost struct {
	component.Host
	mu     sync.Mutex
	events []componentstatus.Status
}

func (h *statusHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event.Status())
}

func (h *statusHost) reported() []componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.events
}

// call is a request a test makes.
type call struct {
	method, path string // default POST /stsAgent/intake
	header       map[string]string
	body         []byte
}

func (r *running) do(c call) (*http.Response, string) {
	r.t.Helper()
	if c.method == "" {
		c.method = http.MethodPost
	}
	if c.path == "" {
		c.path = "/stsAgent/intake?api_key=" + key
	}
	req, err := http.NewRequestWithContext(r.t.Context(), c.method, "http://"+r.receiver.address.String()+c.path, bytes.NewReader(c.body))
	require.NoError(r.t, err)
	for name, value := range c.header {
		req.Header.Set(name, value)
	}
	resp, err := r.client.Do(req)
	require.NoError(r.t, err)
	defer func() { require.NoError(r.t, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	return resp, string(text)
}

// post sends a payload and returns the status.
func (r *running) post(body string) int {
	r.t.Helper()
	resp, _ := r.do(call{body: []byte(body), header: map[string]string{"Content-Type": "application/json"}})
	return resp.StatusCode
}

func TestStartFailsOnATakenPort(t *testing.T) {
	t.Parallel()
	first := start(t, settings{})
	cfg := createDefaultConfig().(*Config)
	cfg.ServerConfig.NetAddr.Endpoint = first.receiver.address.String()
	second, err := NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, second.Start(t.Context(), componenttest.NewNopHost()), "address already in use")
	require.NoError(t, second.Shutdown(t.Context()))
}

func TestStartFailsOnAMissingAuthenticator(t *testing.T) {
	t.Parallel()
	cfg := createDefaultConfig().(*Config)
	cfg.ServerConfig.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: component.MustNewID("basicauth")}})
	r, err := NewFactory().CreateLogs(t.Context(), receivertest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.Error(t, r.Start(t.Context(), componenttest.NewNopHost()))
}

func TestShutdownLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	next := newGate()
	r := start(t, settings{next: next})
	status := make(chan int)
	go func() { status <- r.post(payloadOf(`"components":[` + podJSON + `],"relations":[]`)) }()
	<-next.entered

	stopped := make(chan error)
	go func() { stopped <- r.receiver.Shutdown(t.Context()) }()
	// The port is closed before the request under way is answered.
	assert.EventuallyWithT(t, func(c *assert.CollectT) {
		conn, err := net.Dial("tcp", r.receiver.address.String())
		if err == nil {
			assert.NoError(c, conn.Close())
		}
		assert.Error(c, err)
	}, 10*time.Second, time.Millisecond)
	close(next.open)
	assert.Equal(t, http.StatusOK, <-status)
	require.NoError(t, <-stopped)
}

func TestShutdownClosesConnectionsWhenOutOfTime(t *testing.T) {
	t.Parallel()
	next := newGate()
	r := start(t, settings{next: next, receiver: func(r *intakeReceiver) { r.giveUpTime = time.Millisecond }})
	done := make(chan error)
	go func() {
		_, err := r.client.Post("http://"+r.receiver.address.String()+"/stsAgent/intake?api_key=a", "application/json",
			bytes.NewBufferString(payloadOf(`"components":[`+podJSON+`],"relations":[]`)))
		done <- err
	}()
	<-next.entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := r.receiver.Shutdown(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "holds on to a payload")
	require.Error(t, <-done)
	close(next.open)
	<-next.left
}

// gate is a consumer that lets a payload through when it is opened.
type gate struct {
	entered, open, left chan struct{}
}

func newGate() *gate {
	return &gate{entered: make(chan struct{}), open: make(chan struct{}), left: make(chan struct{}, 1)}
}

func (g *gate) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (g *gate) ConsumeLogs(context.Context, plog.Logs) error {
	g.entered <- struct{}{}
	<-g.open
	g.left <- struct{}{}
	return nil
}
