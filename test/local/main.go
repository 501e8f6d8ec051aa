// Command local runs the built collector on this machine: against the cluster of $KUBECONFIG or
// a local one, sending to $STACKSTATE_URL or to a stand-in. `make run` calls it.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
)

// options is what the command line and the environment say.
type options struct {
	root       string // folder of the repository
	binary     string // the collector
	dir        string // what the run leaves: logs, what arrived, what was not sent
	clusterDir string // the local cluster
	nodes      int    // of the local cluster
	once       bool   // end after the table

	kubeconfig  string // empty: the local cluster
	clusterName string
	url, key    string // of the intake; no URL: the stand-in
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	opts, err := parse(os.Args[1:])
	if err == nil {
		err = run(ctx, opts, os.Stdout)
	}
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "run: %v\n", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	o := options{
		kubeconfig:  os.Getenv("KUBECONFIG"),
		clusterName: cmp.Or(os.Getenv("CLUSTER_NAME"), "local"),
		url:         os.Getenv("STACKSTATE_URL"),
		key:         os.Getenv("STACKSTATE_API_KEY"),
	}
	flags := flag.NewFlagSet("local", flag.ExitOnError)
	flags.StringVar(&o.root, "root", ".", "`folder` of the repository")
	flags.StringVar(&o.binary, "binary", "bin/otelcol-stackstate", "the built collector, a `file` below the root")
	flags.StringVar(&o.dir, "dir", ".run/local", "`folder` below the root for logs and for what arrived; emptied at the start")
	flags.StringVar(&o.clusterDir, "cluster-dir", ".cluster", "`folder` below the root of the local cluster")
	flags.BoolVar(&o.once, "once", false, "print the table and stop everything")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.nodes, err = strconv.Atoi(cmp.Or(os.Getenv("NODES"), "3")); err != nil {
		return o, fmt.Errorf("NODES must be a number, got %q", os.Getenv("NODES"))
	}
	if o.url != "" && o.key == "" {
		return o, fmt.Errorf("STACKSTATE_API_KEY must be set to send to %s", o.url)
	}
	if o.root, err = filepath.Abs(o.root); err != nil {
		return o, err
	}
	for _, path := range []*string{&o.binary, &o.dir, &o.clusterDir} {
		if !filepath.IsAbs(*path) {
			*path = filepath.Join(o.root, *path)
		}
	}
	if _, err := os.Stat(o.binary); err != nil {
		return o, fmt.Errorf("no collector, `make build` makes one: %w", err)
	}
	return o, nil
}
