// Package controlplane runs a Kubernetes control plane with fake nodes on the loopback address of
// this host: it starts what does not run, waits until all of it is ready, and ends it.
package controlplane

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/build"
	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/filelock"
	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/process"
)

// stopGrace is how long each part may take to end by itself. Five parts end within ten seconds,
// and nothing is lost by ending them the hard way: the data goes too.
const stopGrace = 2 * time.Second

// Cluster is one control plane: its folder is its name.
type Cluster struct {
	// Dir is the absolute path of the state folder.
	Dir string
	// Locks is a folder that all clusters of this user share.
	Locks string
	// Out gets the progress.
	Out io.Writer
}

// Access is how to use a cluster.
type Access struct {
	Kubeconfig string
	Kubectl    string
}

// Up brings the cluster to the state where all parts and as many fake nodes are ready. What
// runs already stays, unless it would be started differently today.
func (c *Cluster) Up(ctx context.Context, binaries build.Binaries, nodes int) (Access, error) {
	lock, err := c.lock(ctx)
	if err != nil {
		return Access{}, err
	}
	defer func() { _ = lock.Unlock() }()

	l := layout{c.Dir}
	current, release, err := c.prepare(l)
	if err != nil {
		return Access{}, err
	}
	defer release()
	if err := ensurePKI(l, apiServerURL(current.Ports)); err != nil {
		return Access{}, err
	}
	if err := writeAccess(l, binaries.Path("kubectl")); err != nil {
		return Access{}, err
	}
	client, err := newClient(l, current.Ports)
	if err != nil {
		return Access{}, err
	}
	defer client.Close()
	run := &run{layout: l, state: current, binaries: binaries, client: client, out: c.Out, started: time.Now()}
	if err := run.up(ctx, nodes); err != nil {
		return Access{}, err
	}
	return Access{Kubeconfig: l.kubeconfig(), Kubectl: binaries.Path("kubectl")}, nil
}

// prepare makes folder and state, or finds them from an earlier run. New ports stay reserved until
// release.
func (c *Cluster) prepare(l layout) (_ *state, release func(), _ error) {
	if err := l.claim(); err != nil {
		return nil, nil, err
	}
	current, err := loadState(l.state())
	if err != nil {
		return nil, nil, err
	}
	if current != nil {
		return current, func() {}, nil
	}
	reserved, lock, err := reservePorts(c.Locks)
	if err != nil {
		return nil, nil, err
	}
	current = &state{Format: stateFormat, Ports: reserved}
	if err := current.save(l.state()); err != nil {
		return nil, nil, errors.Join(err, lock.Remove())
	}
	return current, func() { _ = lock.Remove() }, nil
}

// Down ends all parts, and removes the state. A cluster that does not exist is down.
func (c *Cluster) Down(ctx context.Context) error {
	lock, err := c.lock(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Remove() }()

	l := layout{c.Dir}
	ours, err := l.isOurs()
	if err != nil {
		return err
	}
	if !ours {
		return fmt.Errorf("%s holds no cluster: nothing was stopped or removed", c.Dir)
	}
	started := time.Now()
	var stopped []string
	var errs []error
	for _, name := range slices.Backward(startOrder) {
		record := process.Load(l.pid(name))
		if !record.Alive() {
			continue
		}
		errs = append(errs, record.Stop(ctx, stopGrace))
		stopped = append(stopped, name)
	}
	if err := errors.Join(errs...); err != nil {
		return err // the records are needed for the next try
	}
	if len(stopped) > 0 {
		elapsed := time.Since(started).Round(100 * time.Millisecond)
		fmt.Fprintf(c.Out, "stopped %s in %s\n", strings.Join(stopped, ", "), elapsed)
	} else {
		fmt.Fprintln(c.Out, "nothing to stop")
	}
	return l.remove()
}

// lock lets one command at a time work on a cluster. The lock is not in the state folder, because
// that comes and goes.
func (c *Cluster) lock(ctx context.Context) (*filelock.Lock, error) {
	sum := sha256.Sum256([]byte(filepath.Clean(c.Dir)))
	path := filepath.Join(c.Locks, "cluster-"+hex.EncodeToString(sum[:8]))
	return filelock.Acquire(ctx, path, func(holder int) {
		fmt.Fprintf(c.Out, "waiting for pid %d, which works on this cluster\n", holder)
	})
}
