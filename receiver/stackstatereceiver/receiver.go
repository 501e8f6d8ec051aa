package stackstatereceiver

import (
	"context"
	"errors"
	"hash/maphash"
	"net"
	"net/http"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/stackstatereceiver/internal/metadata"
)

// intakeReceiver is the lifecycle: it listens, and stops when the requests under way are answered.
type intakeReceiver struct {
	cfg       *Config
	settings  receiver.Settings
	telemetry *metadata.TelemetryBuilder
	acceptor  *acceptor
	handler   *handler
	consumer  condition

	server  *http.Server // nil unless started
	address net.Addr
	wg      sync.WaitGroup
}

func newReceiver(cfg *Config, settings receiver.Settings, next consumer.Logs) (*intakeReceiver, error) {
	telemetry, err := metadata.NewTelemetryBuilder(settings.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	obs, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: settings.ID, Transport: "http", ReceiverCreateSettings: settings,
	})
	if err != nil {
		return nil, err
	}
	r := &intakeReceiver{cfg: cfg, settings: settings, telemetry: telemetry}
	report := newReporter(settings.Logger, telemetry)
	r.acceptor = &acceptor{
		next:      next,
		obs:       obs,
		report:    report,
		outcome:   r.consumer.set,
		version:   settings.BuildInfo.Version,
		seed:      maphash.MakeSeed(),
		instances: map[intake.Instance]*instance{},
	}
	r.handler, err = newHandler(cfg, r.acceptor.accept, report)
	return r, err
}

// Start listens. A taken port or a bad certificate is an error here.
func (r *intakeReceiver) Start(ctx context.Context, host component.Host) error {
	r.consumer.start(host, r.settings.Logger)
	// The handler decodes bodies itself: it answers encodings it does not know with 415 and checks the key first.
	config := r.cfg.ServerConfig
	config.CompressionAlgorithms = []string{}
	server, err := config.ToServer(ctx, host.GetExtensions(), r.settings.TelemetrySettings, r.handler)
	if err != nil {
		return err
	}
	listener, err := config.ToListener(ctx)
	if err != nil {
		return err
	}
	r.server, r.address = server, listener.Addr()
	r.settings.Logger.Info("Accepting payloads", zap.Stringer("endpoint", r.address))
	r.wg.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
		}
	})
	return nil
}

// Shutdown lets the requests under way finish; when ctx ends first, their connections are closed.
func (r *intakeReceiver) Shutdown(ctx context.Context) error {
	defer r.telemetry.Shutdown()
	if r.server == nil {
		return nil
	}
	err := r.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, r.server.Close())
	}
	r.wg.Wait()
	r.server = nil
	return err
}

// condition is whether the next consumer takes what it is given; a change is reported as the component's status.
type condition struct {
	mu      sync.Mutex
	host    component.Host // guarded by mu, as are the others
	logger  *zap.Logger
	refuses bool
}

func (c *condition) start(host component.Host, logger *zap.Logger) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.host, c.logger = host, logger
}

// set is called with what the consumer returned.
func (c *condition) set(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if (err != nil) == c.refuses {
		return
	}
	c.refuses = err != nil
	if c.refuses {
		c.logger.Warn("The next consumer refuses; clients are told to send again", zap.Error(err))
		componentstatus.ReportStatus(c.host, componentstatus.NewRecoverableErrorEvent(err))
		return
	}
	c.logger.Info("The next consumer accepts again")
	componentstatus.ReportStatus(c.host, componentstatus.NewEvent(componentstatus.StatusOK))
}
