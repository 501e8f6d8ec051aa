package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/api"
	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/build"
	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/process"
)

// run is one Up.
type run struct {
	layout   layout
	state    *state
	binaries build.Binaries
	client   *api.Client
	out      io.Writer
	started  time.Time
}

// up starts one after the other what would give up without the one before: the API server without
// etcd, the controllers without the API server.
func (r *run) up(ctx context.Context, nodes int) error {
	l, p := r.layout, r.state.Ports
	storage, err := r.ensure(ctx, etcdPart(l, p))
	if err != nil {
		return err
	}
	if err := r.waitHealthy(ctx, storage); err != nil {
		return err
	}
	server, err := r.ensure(ctx, apiServerPart(l, p))
	if err != nil {
		return err
	}
	if err := r.waitHealthy(ctx, server); err != nil {
		return err
	}
	controllers, err := r.ensureAll(ctx, controllerManagerPart(l, p), schedulerPart(l, p))
	if err != nil {
		return err
	}
	kubelet, err := r.ensureKWOK(ctx)
	if err != nil {
		return err
	}
	if err := r.waitHealthy(ctx, controllers...); err != nil {
		return err
	}
	return r.waitUsable(ctx, server, kubelet, nodes)
}

// waitUsable waits until pods can be created and run.
func (r *run) waitUsable(ctx context.Context, server, kubelet daemon, nodes int) error {
	for _, condition := range []condition{
		{
			what:   "the set of fake nodes",
			daemon: server,
			probe:  func(ctx context.Context) error { return r.client.SetFakeNodes(ctx, nodes) },
			every:  pollInterval,
		},
		{
			what:   "the default ServiceAccount",
			daemon: server,
			probe: func(ctx context.Context) error {
				return r.client.Get(ctx, "/api/v1/namespaces/default/serviceaccounts/default", nil)
			},
			every: pollInterval,
		},
		{
			what:   "the last of the fake nodes",
			daemon: kubelet,
			probe:  func(ctx context.Context) error { return r.client.FakeNodesReady(ctx, nodes) },
			every:  pollInterval + time.Duration(nodes)*pollPerNode,
		},
	} {
		if err := wait(ctx, condition); err != nil {
			return err
		}
	}
	r.report("%d fake nodes ready", nodes)
	return nil
}

// waitHealthy waits until each of the daemons answers.
func (r *run) waitHealthy(ctx context.Context, daemons ...daemon) error {
	for _, daemon := range daemons {
		err := wait(ctx, condition{
			what:   daemon.name,
			daemon: daemon,
			probe:  func(ctx context.Context) error { return r.client.Probe(ctx, daemon.health) },
			every:  pollInterval,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) ensureAll(ctx context.Context, parts ...part) ([]daemon, error) {
	var daemons []daemon
	for _, part := range parts {
		daemon, err := r.ensure(ctx, part)
		if err != nil {
			return nil, err
		}
		daemons = append(daemons, daemon)
	}
	return daemons, nil
}

// ensure starts a part unless it runs as it would be started now.
func (r *run) ensure(ctx context.Context, p part) (daemon, error) {
	spec := p.spec(r.layout, r.binaries)
	path := r.layout.pid(p.name)
	record := process.Load(path)
	if record.Alive() {
		if slices.Equal(record.Command, spec.Command()) {
			return daemon{part: p, record: record, log: spec.Log}, nil
		}
		r.report("%s runs with another binary or other options: restarting it", p.name)
		if err := record.Stop(ctx, stopGrace); err != nil {
			return daemon{}, err
		}
	}
	for _, port := range p.ports {
		if err := checkFree(port); err != nil {
			return daemon{}, fmt.Errorf("%s: its port is taken (`down` and `up` choose others): %w", p.name, err)
		}
	}
	record, ended, err := process.Start(spec)
	if err != nil {
		return daemon{}, fmt.Errorf("%s: %w", p.name, err)
	}
	if err := record.Save(path); err != nil {
		return daemon{}, errors.Join(err, record.Stop(ctx, stopGrace)) // nobody could stop it later
	}
	r.report("%s started, pid %d", p.name, record.PID)
	return daemon{part: p, record: record, ended: ended, log: spec.Log}, nil
}

// ensureKWOK is ensure for the one part that keeps state outside etcd: the addresses it gave to
// pods. When it starts again, it gets new ones, and the nodes without waiting.
func (r *run) ensureKWOK(ctx context.Context) (daemon, error) {
	part := kwokPart(r.layout, r.state.PodRange)
	last := process.Load(r.layout.pid(kwok))
	startedBefore := last.PID != 0
	runs := last.Alive() && slices.Equal(last.Command, part.spec(r.layout, r.binaries).Command())
	if !startedBefore || runs {
		return r.ensure(ctx, part)
	}
	if err := last.Stop(ctx, stopGrace); err != nil {
		return daemon{}, err
	}
	if err := r.client.ReleaseFakeNodes(ctx); err != nil {
		return daemon{}, err
	}
	r.state.PodRange++
	if err := r.state.save(r.layout.state()); err != nil {
		return daemon{}, err
	}
	return r.ensure(ctx, kwokPart(r.layout, r.state.PodRange))
}

func (r *run) report(format string, args ...any) {
	fmt.Fprintf(r.out, "%5.1fs  %s\n", time.Since(r.started).Seconds(), fmt.Sprintf(format, args...))
}
