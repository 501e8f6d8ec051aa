package k8stopologyreceiver

import (
	"context"
	"fmt"
	"sync"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/k8sleaderelector"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"k8s.io/client-go/kubernetes"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topologylog"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/metadata"
)

// instanceType is the type of the topology instance; its URL is the cluster name.
const instanceType = "kubernetes"

// topologyReceiver starts and stops sessions: one for its whole life, or one per term of office
// where a leader elector is configured.
type topologyReceiver struct {
	set       receiver.Settings
	config    *Config
	next      consumer.Logs
	newClient func() (kubernetes.Interface, error)
	obsreport *receiverhelper.ObsReport
	telemetry *metadata.TelemetryBuilder

	mu      sync.Mutex // guards the fields below
	host    component.Host
	client  kubernetes.Interface
	stop    context.CancelFunc // ends the running session; nil if there is none
	stopped chan struct{}      // closed when that session has ended
	closed  bool               // no session is to start any more
}

func newTopologyReceiver(
	set receiver.Settings, config *Config, next consumer.Logs, newClient func() (kubernetes.Interface, error),
) (*topologyReceiver, error) {
	obsreport, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: set.ID, Transport: transport, ReceiverCreateSettings: set,
	})
	if err != nil {
		return nil, err
	}
	telemetry, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	return &topologyReceiver{
		set: set, config: config, next: next, newClient: newClient, obsreport: obsreport, telemetry: telemetry,
	}, nil
}

// Start begins to watch, or waits to be elected. It fails if there is no way to the API server, not
// if that server does not answer.
func (r *topologyReceiver) Start(_ context.Context, host component.Host) error {
	client, err := r.newClient()
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.host, r.client = host, client
	r.mu.Unlock()
	if r.config.K8sLeaderElector == nil {
		r.lead(context.Background())
		return nil
	}
	id := *r.config.K8sLeaderElector
	elector, ok := host.GetExtensions()[id].(k8sleaderelector.LeaderElection)
	if !ok {
		return fmt.Errorf("k8s_leader_elector: no leader elector extension %q is configured", id)
	}
	elector.SetCallBackFuncs(r.lead, r.follow)
	return nil
}

// Shutdown ends the session and waits for it until the context ends.
func (r *topologyReceiver) Shutdown(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	stopped := r.end()
	r.mu.Unlock()
	defer r.telemetry.Shutdown()
	if stopped == nil {
		return nil
	}
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lead starts a session. It does not use the elector's context, which ends with the call on some
// paths; follow and Shutdown end the session.
func (r *topologyReceiver) lead(context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.stop != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	r.stop, r.stopped = cancel, stopped
	s := newSession(r.config, r.newEmitter(), &reporter{host: r.host, logger: r.set.Logger, telemetry: r.telemetry})
	client := r.client
	go func() {
		defer close(stopped)
		s.run(ctx, client)
	}()
}

// follow ends the session and waits for it, so that nothing is sent once another replica may lead.
func (r *topologyReceiver) follow() {
	r.mu.Lock()
	stopped := r.end()
	r.mu.Unlock()
	if stopped != nil {
		<-stopped
	}
}

// end tells the running session to stop and returns the channel that closes when it has; nil if
// there is no session.
func (r *topologyReceiver) end() <-chan struct{} {
	if r.stop == nil {
		return nil
	}
	r.stop()
	r.stop = nil
	return r.stopped
}

func (r *topologyReceiver) newEmitter() *emitter {
	return &emitter{
		next: r.next,
		source: topologylog.Source{
			Instance:       topology.Instance{Type: instanceType, URL: r.config.ClusterName},
			Cluster:        r.config.ClusterName,
			ReportInterval: r.config.SnapshotInterval,
			Scope:          metadata.ScopeName,
			Version:        r.set.BuildInfo.Version,
		},
		obsreport: r.obsreport,
		telemetry: r.telemetry,
		logger:    r.set.Logger,
	}
}
