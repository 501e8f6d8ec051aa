package stackstatereceiver

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/stackstatereceiver/internal/metadata"
)

const (
	// finishTime is how long Shutdown lets requests go on as if nothing were; then it tells them to give up.
	finishTime = 5 * time.Second
	// giveUpTime is how long Shutdown waits for them to do so. The Collector sets no bound, and one that is stuck in
	// here is not stopped but killed, at the cost of what other components have yet to do.
	giveUpTime = 2 * time.Second
)

// intakeReceiver is the lifecycle: it listens, and stops when the requests under way are answered or have given up.
type intakeReceiver struct {
	cfg       *Config
	settings  receiver.Settings
	telemetry *metadata.TelemetryBuilder
	acceptor  *acceptor
	handler   *handler
	consumer  condition

	finishTime, giveUpTime time.Duration

	server  *http.Server // nil unless started
	address net.Addr
	giveUp  context.CancelFunc // ends the contexts of all requests
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
	r := &intakeReceiver{cfg: cfg, settings: settings, telemetry: telemetry, finishTime: finishTime, giveUpTime: giveUpTime}
	report := newReporter(settings.Logger, telemetry)
	r.acceptor = &acceptor{
		next:      next,
		obs:       obs,
		report:    report,
		outcome:   r.consumer.set,
		version:   settings.BuildInfo.Version,
		seed:      maphash.MakeSeed(),
		running:   newUnderWay(),
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
	requests, giveUp := context.WithCancel(context.Background()) // Start's context ends with Start
	server.BaseContext = func(net.Listener) context.Context { return requests }
	r.server, r.address, r.giveUp = server, listener.Addr(), giveUp
	r.settings.Logger.Info("Accepting payloads", zap.Stringer("endpoint", r.address))
	r.wg.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
		}
	})
	return nil
}

// Shutdown lets the requests under way finish; those that do not within finishTime, or while ctx lasts, are told to give
// up and get 503 for an answer. Once it returns the next consumer is not called any more.
func (r *intakeReceiver) Shutdown(ctx context.Context) error {
	defer r.telemetry.Shutdown()
	if r.server == nil {
		return nil
	}
	finish, cancelFinish := context.WithTimeout(ctx, r.finishTime)
	defer cancelFinish()
	context.AfterFunc(finish, r.giveUp)
	answered, cancelAnswered := context.WithTimeout(ctx, r.finishTime+r.giveUpTime)
	defer cancelAnswered()
	err := r.server.Shutdown(answered)
	if err != nil {
		err = errors.Join(fmt.Errorf("cut off requests: %w", err), r.server.Close())
	}
	r.wg.Wait()
	r.server = nil
	return errors.Join(err, r.awaitPayloads())
}

// awaitPayloads waits for what is processed still although its connection is closed. It has been told to give up: where
// the next consumer does not listen to that, nothing calls it again when it returns at last.
func (r *intakeReceiver) awaitPayloads() error {
	r.giveUp()
	select {
	case <-r.acceptor.running.end():
		return nil
	case <-time.After(r.giveUpTime):
		return errors.New("the next consumer holds on to a payload")
	}
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
