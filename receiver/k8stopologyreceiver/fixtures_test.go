package k8stopologyreceiver

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topologylog"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/metadata"
)

// running is a receiver with everything around it.
type running struct {
	config *Config
	client *fakeCluster
	sink   *sink
	host   *fakeHost
	logs   *observer.ObservedLogs
	core   *zap.Logger
	// telemetry collects the receiver's own metrics, if the test wants to see them.
	telemetry *componenttest.Telemetry
}

func newRunning(t *testing.T, objects ...runtime.Object) *running {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	config := createDefaultConfig().(*Config)
	config.ClusterName = "test"
	config.SnapshotInterval = time.Minute
	return &running{
		config: config,
		client: newFakeCluster(objects...),
		sink:   &sink{picture: topology.NewPicture()},
		host:   &fakeHost{},
		logs:   logs,
		core:   zap.New(core),
	}
}

func (r *running) receiver(t *testing.T) component.Component {
	t.Helper()
	set := receivertest.NewNopSettings(metadata.Type)
	if r.telemetry != nil {
		set.TelemetrySettings = r.telemetry.NewTelemetrySettings()
	}
	set.Logger = r.core
	receiver, err := newTopologyReceiver(set, r.config, r.sink, func() (kubernetes.Interface, error) { return r.client, nil })
	require.NoError(t, err)
	return receiver
}

// start starts the receiver until the end of the test.
func (r *running) start(t *testing.T) {
	t.Helper()
	receiver := r.receiver(t)
	require.NoError(t, receiver.Start(t.Context(), r.host))
	t.Cleanup(func() { require.NoError(t, receiver.Shutdown(context.Background())) })
}

func start(t *testing.T, objects ...runtime.Object) *running {
	t.Helper()
	r := newRunning(t, objects...)
	r.start(t)
	return r
}

func (r *running) withElector() *fakeElector {
	id := component.MustNewID("k8s_leader_elector")
	elector := &fakeElector{}
	r.config.K8sLeaderElector = &id
	r.host.extensions = map[component.ID]component.Component{id: elector}
	return elector
}

// fakeElector lets the test decide who leads.
type fakeElector struct {
	component.StartFunc
	component.ShutdownFunc
	lead   func(context.Context)
	follow func()
}

func (e *fakeElector) SetCallBackFuncs(lead func(context.Context), follow func()) {
	e.lead, e.follow = lead, follow
}

// fakeHost remembers the statuses reported.
type fakeHost struct {
	extensions map[component.ID]component.Component
	mu         sync.Mutex
	events     []*componentstatus.Event
}

func (h *fakeHost) GetExtensions() map[component.ID]component.Component { return h.extensions }

func (h *fakeHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event)
}

func (h *fakeHost) statuses() []*componentstatus.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.events)
}

// sink is a next consumer that folds what it accepts into a picture, and refuses when told to.
type sink struct {
	mu       sync.Mutex
	picture  *topology.Picture
	started  int
	stopped  int
	refusal  error
	patience int // batches still accepted before it refuses
	once     error
	seen     int // records accepted
	blocking bool
}

func (s *sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *sink) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocking {
		<-ctx.Done()
		return ctx.Err()
	}
	if s.refusal != nil {
		if s.patience == 0 {
			return s.refusal
		}
		s.patience--
	}
	if err := s.once; err != nil {
		s.once = nil
		return err
	}
	s.seen += logs.LogRecordCount()
	for entry, err := range topologylog.Entries(logs) {
		if err != nil {
			return err
		}
		if entry.Instance != (topology.Instance{Type: "kubernetes", URL: "test"}) {
			return errors.New("wrong instance")
		}
		switch entry.Record.Op {
		case topology.SnapshotStart:
			s.started++
		case topology.SnapshotStop:
			s.stopped++
		}
		s.picture.Apply(entry.Record)
	}
	return nil
}

func (s *sink) refuse(err error) { s.refuseAfter(0, err) }

func (s *sink) refuseAfter(batches int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal, s.patience = err, batches
}

func (s *sink) refuseOnce(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.once = err
}

func (s *sink) records() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func (s *sink) block() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blocking = true
}

func (s *sink) starts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started
}

func (s *sink) snapshots() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

func (s *sink) components() []topology.URN {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []topology.URN
	for id := range s.picture.Components() {
		ids = append(ids, id)
	}
	return ids
}

// relations lists type, source and target, without the part every URN has.
func (s *sink) relations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	short := strings.NewReplacer("urn:kubernetes:/test:", "", "urn:", "")
	var out []string
	for _, r := range s.picture.Relations() {
		out = append(out, short.Replace(r.Type+" "+string(r.Source)+" "+string(r.Target)))
	}
	return out
}
