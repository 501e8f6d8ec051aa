package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/harness"
)

const (
	nodes = 3
	// patience bounds every wait for something that takes a second or two on an idle machine.
	patience = time.Minute
	// stopTime bounds the orderly end of a collector, also while its intake hangs.
	stopTime = 20 * time.Second
)

// long makes the tests that wait do so for as long as in real life.
var long = flag.Bool("long", false, "longer outages and more random operations")

// suite is what the tests share; set once, before the first one runs.
var suite struct {
	root       string
	kube       *harness.Kube
	collectors *harness.Collectors
	processes  sync.Map // the *harness.Process that run now, as keys
}

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintf(os.Stderr, "e2e: %v\n", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// run prepares binary and cluster, runs the tests and removes the cluster again. There is no
// skipping: what cannot be prepared fails the package.
func run(m *testing.M) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, timeout(), errors.New("the time for tests is over"))
	defer cancel()
	if suite.root, err = filepath.Abs(filepath.Join("..", "..")); err != nil {
		return 1, err
	}
	binary, err := build(ctx)
	if err != nil {
		return 1, err
	}
	suite.collectors = &harness.Collectors{Root: suite.root, Binary: binary, Ports: &harness.Ports{}}

	if dir := os.Getenv("TEST_CLUSTER_DIR"); dir != "" {
		if suite.kube, err = (harness.Cluster{Root: suite.root, Dir: below(suite.root, dir)}).Access(); err != nil {
			return 1, fmt.Errorf("TEST_CLUSTER_DIR: %w", err)
		}
		defer endWith(ctx, func() error { return nil })()
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "e2e-cluster-")
	if err != nil {
		return 1, err
	}
	cluster := harness.Cluster{Root: suite.root, Dir: dir, Out: os.Stderr}
	// Not the context from above: an interrupted run cleans up too.
	down := func() error { return errors.Join(cluster.Down(context.WithoutCancel(ctx)), os.RemoveAll(dir)) }
	defer func() { err = errors.Join(err, down()) }()
	if suite.kube, err = cluster.Up(ctx, nodes); err != nil {
		return 1, err
	}
	defer endWith(ctx, down)()
	return m.Run(), nil
}

// timeout leaves time to clean up before the test binary panics.
func timeout() time.Duration {
	if value, ok := flag.Lookup("test.timeout").Value.(flag.Getter); ok {
		if limit, ok := value.Get().(time.Duration); ok && limit > 0 {
			return max(limit-time.Minute, limit/2)
		}
	}
	return 24 * time.Hour
}

// endWith ends the test binary when the context ends, without leaving processes behind: the
// testing package runs no cleanup then. The returned function calls that off.
func endWith(ctx context.Context, down func() error) (callOff func() bool) {
	return context.AfterFunc(ctx, func() {
		suite.processes.Range(func(process, _ any) bool {
			_ = process.(*harness.Process).Stop(stopTime)
			return true
		})
		fmt.Fprintf(os.Stderr, "e2e: %v\n", errors.Join(context.Cause(ctx), down()))
		os.Exit(1)
	})
}

// startProcess starts a program that will not outlive the tests.
func startProcess(t *testing.T, program harness.Program) *harness.Process {
	t.Helper()
	process, err := harness.Start(program)
	require.NoError(t, err)
	suite.processes.Store(process, nil)
	t.Cleanup(func() { suite.processes.Delete(process) })
	return process
}

// build returns the collector to test: the given one, else what `make build` makes.
func build(ctx context.Context) (string, error) {
	if binary := os.Getenv("OTELCOL_BINARY"); binary != "" {
		return below(suite.root, binary), nil
	}
	cmd := exec.CommandContext(ctx, "make", "-C", suite.root, "--no-print-directory", "build")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("make build: %w", err)
	}
	return filepath.Join(suite.root, "bin", "otelcol-stackstate"), nil
}

// below resolves a relative path.
func below(root, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}
