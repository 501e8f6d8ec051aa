package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/harness"
)

const (
	// standInAddress is where the stand-in listens if nobody else does.
	standInAddress = "127.0.0.1:7077"
	// readyTime and stopTime bound the start and the end of a collector.
	readyTime, stopTime = time.Minute, 20 * time.Second
	// snapshotTime is how long the first complete picture may take before we say so.
	snapshotTime = time.Minute
)

// runner is one run: what it has started, and how to stop that.
type runner struct {
	options
	out        io.Writer
	collectors *harness.Collectors
	stops      []func() error // in the order of starting

	kube      *harness.Kube
	sample    bool             // the sample is on the cluster
	standIn   *harness.Process // nil: we send to a server
	standLog  string
	file      string // what arrived, or was sent
	collector harness.Collector
	process   *harness.Process
}

// run starts everything, prints what arrived, and stays until the context ends. Whatever happens
// it stops what it has started, last things first.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	unlock, err := claim(o.dir)
	if err != nil {
		return err
	}
	defer unlock()
	r := &runner{options: o, out: out, collectors: &harness.Collectors{Root: o.root, Binary: o.binary, Ports: &harness.Ports{}}}
	defer func() { err = errors.Join(err, r.stop()) }()
	for _, step := range []func(context.Context) error{r.startCluster, r.startIntake, r.startCollector, r.show} {
		if err := step(ctx); err != nil {
			if ctx.Err() != nil {
				return nil // Ctrl-C in the middle of it
			}
			return err
		}
	}
	return nil
}

// claim makes the folder ours alone and empties it of an earlier run.
func claim(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another run uses %s", dir), lock.Close())
	}
	for _, old := range []string{"collector", "intake"} {
		if err := os.RemoveAll(filepath.Join(dir, old)); err != nil {
			return nil, errors.Join(err, lock.Close())
		}
	}
	return func() { _ = lock.Close() }, nil
}

// say prints a line. A terminal that has gone is no reason to stop.
func (r *runner) say(format string, args ...any) { _, _ = fmt.Fprintf(r.out, format+"\n", args...) }

func (r *runner) onStop(stop func() error) { r.stops = append(r.stops, stop) }

func (r *runner) stop() error {
	var errs []error
	for i := len(r.stops) - 1; i >= 0; i-- {
		errs = append(errs, r.stops[i]())
	}
	return errors.Join(errs...)
}

// startCluster takes the user's cluster, else the local one, which it starts if it does not run
// and then also stops.
func (r *runner) startCluster(ctx context.Context) (err error) {
	if r.kubeconfig != "" {
		if r.kube, err = harness.NewKube(r.kubeconfig, "kubectl"); err != nil {
			return fmt.Errorf("KUBECONFIG: %w", err)
		}
		r.say("Cluster: the one of KUBECONFIG=%s", r.kubeconfig)
		return nil
	}
	cluster := harness.Cluster{Root: r.root, Dir: r.clusterDir, Out: r.out}
	r.kube, err = cluster.Access()
	if err == nil && r.kube.Reachable() == nil {
		r.say("Cluster: the local one, which runs already and will go on")
	} else {
		r.onStop(func() error {
			r.say("stopping the cluster")
			return cluster.Down(context.Background()) // also after Ctrl-C
		})
		if r.kube, err = cluster.Up(ctx, r.nodes); err != nil {
			return err
		}
	}
	r.sample = true
	return r.kube.Apply(ctx, filepath.Join(r.root, "test", "local", "sample"))
}

// startIntake starts the stand-in, unless there is a server to send to.
func (r *runner) startIntake(ctx context.Context) error {
	if r.url != "" {
		r.say("Intake: %s", r.url)
		return nil
	}
	address := standInAddress
	if listener, err := net.Listen("tcp", address); err == nil {
		_ = listener.Close()
	} else if address, err = r.collectors.Ports.Address(); err != nil {
		return err
	}
	standIn, err := r.collectors.StandIn(filepath.Join(r.dir, "intake"), address)
	if err != nil {
		return err
	}
	r.say("Intake: the stand-in at %s", standIn.URL)
	r.url, r.file, r.standLog = standIn.URL, standIn.File, standIn.Log
	r.standIn, err = r.start(ctx, "stand-in", standIn.Program)
	return err
}

// startCollector starts the collector proper. If it sends to a server, it writes what it sends to
// a file as well.
func (r *runner) startCollector(ctx context.Context) (err error) {
	dir := filepath.Join(r.dir, "collector")
	source := harness.Source{Cluster: r.clusterName, Kubeconfig: r.kube.Kubeconfig, URL: r.url, Key: r.key}
	if r.standIn == nil {
		r.file = filepath.Join(dir, "sent.jsonl")
		also := filepath.Join(dir, "also-to-file.yaml")
		if err := writeAlsoToFile(also, r.file); err != nil {
			return err
		}
		source.More = []string{also}
	}
	if r.collector, err = r.collectors.Standalone(dir, source); err != nil {
		return err
	}
	r.process, err = r.start(ctx, "collector", r.collector.Program)
	return err
}

// alsoToFile is merged into the shipped configuration.
const alsoToFile = `exporters:
  file/sent: {path: %q, flush_interval: 50ms}
service:
  pipelines:
    logs:
      exporters: [stackstate, file/sent]
`

func writeAlsoToFile(config, file string) error {
	if err := os.MkdirAll(filepath.Dir(config), 0o755); err != nil {
		return err
	}
	return os.WriteFile(config, fmt.Appendf(nil, alsoToFile, file), 0o644)
}

func (r *runner) start(ctx context.Context, name string, program harness.Program) (*harness.Process, error) {
	process, err := harness.Start(program)
	if err != nil {
		return nil, err
	}
	r.onStop(func() error {
		r.say("stopping the %s", name)
		if err := process.Stop(stopTime); err != nil {
			return fmt.Errorf("%s: %w; its log is %s", name, err, program.Log)
		}
		return nil
	})
	return process, process.WaitReady(ctx, readyTime)
}
