// Command cluster runs a real Kubernetes control plane with fake nodes on this host, for tests and
// for trying things out. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/api"
	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/build"
	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/controlplane"
)

const usage = `Runs a real Kubernetes control plane with fake nodes on this host.

  go -C test/cluster run . up --dir DIR [--nodes N] [--timeout DURATION]
        builds what is missing, starts what does not run, waits until all is ready
  go -C test/cluster run . down --dir DIR
        stops what up started, and removes its state
  go -C test/cluster run . build
        only builds the binaries

`

// errUsage means that the message is out already.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case err == nil:
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintf(os.Stderr, "cluster: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	options, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if runtime.GOOS != "linux" {
		return fmt.Errorf("the local cluster runs on Linux only, this is %s", runtime.GOOS)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return fmt.Errorf("find the cache folder: %w", err)
	}
	cache = filepath.Join(cache, "otelcol-stackstate", "cluster")
	cluster := &controlplane.Cluster{Dir: options.dir, Locks: filepath.Join(cache, "locks"), Out: stdout}
	builder := &build.Builder{Source: ".", Cache: cache, Out: stdout}
	switch options.command {
	case "up":
		return up(ctx, options, cluster, builder)
	case "down":
		ctx, cancel := context.WithTimeout(ctx, options.timeout)
		defer cancel()
		return cluster.Down(ctx)
	default:
		binaries, err := builder.Ensure(ctx)
		if err == nil {
			fmt.Fprintln(stdout, binaries.Dir)
		}
		return err
	}
}

func up(ctx context.Context, options options, cluster *controlplane.Cluster, builder *build.Builder) error {
	binaries, err := builder.Ensure(ctx)
	if err != nil {
		return err
	}
	started := time.Now()
	late := fmt.Errorf("--timeout %s is over", options.timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, options.timeout, late)
	defer cancel()
	access, err := cluster.Up(ctx, binaries, options.nodes)
	if err != nil {
		return fmt.Errorf("%w\nwhat was started still runs; `down --dir %s` stops it", err, cluster.Dir)
	}
	fmt.Fprintf(cluster.Out, "Kubernetes %s with %d fake nodes is ready after %.1fs\n\n", binaries.Version, options.nodes, time.Since(started).Seconds())
	fmt.Fprintf(cluster.Out, "  export KUBECONFIG=%s\n  %s get pods --all-namespaces\n", access.Kubeconfig, access.Kubectl)
	return nil
}

type options struct {
	command string
	dir     string
	nodes   int
	timeout time.Duration
}

// parse writes problems with the form of the command line to stderr, with the usage.
func parse(args []string, stderr io.Writer) (options, error) {
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprint(stderr, usage) }
	if len(args) == 0 {
		flags.Usage()
		return options{}, errUsage
	}
	parsed := options{command: args[0]}
	switch parsed.command {
	case "up":
		flags.IntVar(&parsed.nodes, "nodes", 3, "")
		fallthrough
	case "down":
		flags.StringVar(&parsed.dir, "dir", "", "")
		flags.DurationVar(&parsed.timeout, "timeout", 2*time.Minute, "")
	case "build":
	default:
		fmt.Fprintf(stderr, "no command %q\n", parsed.command)
		flags.Usage()
		return options{}, errUsage
	}
	if err := flags.Parse(args[1:]); err != nil {
		return options{}, errUsage
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("%s takes no arguments, got %q", parsed.command, flags.Args())
	}
	return parsed, parsed.validate()
}

func (o options) validate() error {
	if o.command == "build" {
		return nil
	}
	var errs []error
	switch {
	case o.dir == "":
		errs = append(errs, errors.New("--dir must be given"))
	case !filepath.IsAbs(o.dir):
		// `go -C` changes the working folder, so that a relative path would not lead where it seems to.
		errs = append(errs, fmt.Errorf("--dir must be an absolute path, got %q", o.dir))
	}
	if o.nodes < 0 || o.nodes > api.MaxNodes {
		errs = append(errs, fmt.Errorf("--nodes must be between 0 and %d, got %d", api.MaxNodes, o.nodes))
	}
	if o.timeout <= 0 {
		errs = append(errs, fmt.Errorf("--timeout must be positive, got %s", o.timeout))
	}
	return errors.Join(errs...)
}
