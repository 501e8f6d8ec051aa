// Package build makes the binaries of the cluster from their Go modules, once for all clusters on
// this host.
package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/filelock"
)

const reportInterval = 15 * time.Second

// programs are what k8sall can be called as.
var programs = []string{
	"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet", "kube-proxy",
}

// Binaries are built and complete.
type Binaries struct {
	// Dir holds one file or link per program, by the program's usual name.
	Dir string
	// Version is that of Kubernetes.
	Version string
}

// Path returns where a program is.
func (b Binaries) Path(program string) string {
	return filepath.Join(b.Dir, program)
}

// Builder knows where from and where to.
type Builder struct {
	// Source is the folder of the cluster's module.
	Source string
	// Cache is shared by all checkouts and clusters of this user.
	Cache string
	// Out gets the progress.
	Out io.Writer

	// gobuild makes one binary; tests have their own.
	gobuild func(ctx context.Context, b *Builder, t target, out string) error
}

// target is one binary.
type target struct {
	name    string
	dir     string // of its module, below Source
	pkg     string
	ldflags string
	// expect tells a newcomer why nothing happens for a while.
	expect string
}

func targets(version string) []target {
	numbers := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(numbers) < 3 {
		numbers = []string{"", "", ""}
	}
	// Without them, nodes and the API server would call themselves v0.0.0-master.
	values := [][2]string{
		{"k8s.io/component-base/version.gitVersion", version},
		{"k8s.io/component-base/version.gitMajor", numbers[0]},
		{"k8s.io/component-base/version.gitMinor", numbers[1]},
		{"k8s.io/component-base/version.gitTreeState", "clean"},
		{"k8s.io/component-base/version.buildDate", "1970-01-01T00:00:00Z"},
		{"k8s.io/client-go/pkg/version.gitVersion", version},
	}
	ldflags := "-s -w"
	for _, value := range values {
		ldflags += " -X " + value[0] + "=" + value[1]
	}
	return []target{
		{
			name: "k8sall", dir: ".", pkg: "./k8sall", ldflags: ldflags,
			expect: "etcd and all of Kubernetes " + version + " in one binary: about 10 minutes on two free cores",
		},
		{
			name: "kwok", dir: "kwok", pkg: "sigs.k8s.io/kwok/cmd/kwok", ldflags: "-s -w",
			expect: "the fake nodes' kubelet: about 3 minutes on two free cores",
		},
	}
}

// Ensure returns the binaries, and builds those that are missing. Two at the same time, in any
// process, build once.
func (b *Builder) Ensure(ctx context.Context) (Binaries, error) {
	key, err := Key(b.Source)
	if err != nil {
		return Binaries{}, err
	}
	version, err := Version(b.Source)
	if err != nil {
		return Binaries{}, err
	}
	binaries := Binaries{Dir: filepath.Join(b.Cache, key), Version: version}
	wanted := targets(version)
	if complete(binaries, wanted) {
		return binaries, nil
	}
	lock, err := filelock.Acquire(ctx, filepath.Join(b.Cache, "build.lock"), func(holder int) {
		fmt.Fprintf(b.Out, "waiting for pid %d, which builds the cluster's binaries\n", holder)
	})
	if err != nil {
		return Binaries{}, err
	}
	defer func() { _ = lock.Unlock() }()
	if err := b.buildMissing(ctx, binaries, wanted); err != nil {
		return Binaries{}, err
	}
	return binaries, nil
}

// complete needs no lock: every file appears at once and whole.
func complete(binaries Binaries, wanted []target) bool {
	missing := func(name string) bool {
		_, err := os.Stat(binaries.Path(name))
		return err != nil
	}
	return !slices.ContainsFunc(programs, missing) &&
		!slices.ContainsFunc(wanted, func(t target) bool { return missing(t.name) })
}

func (b *Builder) buildMissing(ctx context.Context, binaries Binaries, wanted []target) error {
	if err := os.MkdirAll(binaries.Dir, 0o755); err != nil {
		return fmt.Errorf("cache folder: %w", err)
	}
	for _, target := range wanted {
		if _, err := os.Stat(binaries.Path(target.name)); err == nil {
			continue
		}
		if err := b.buildOne(ctx, target, binaries.Path(target.name)); err != nil {
			return err
		}
	}
	for _, program := range programs {
		err := os.Symlink("k8sall", binaries.Path(program))
		if err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("cache folder: %w", err)
		}
	}
	return nil
}

// buildOne lets the binary appear under its name when it is complete.
func (b *Builder) buildOne(ctx context.Context, t target, path string) error {
	fmt.Fprintf(b.Out, "building %s (%s; only once, kept in %s)\n", t.name, t.expect, filepath.Dir(path))
	started := time.Now()
	partial := path + ".partial" // the lock makes it ours
	gobuild := b.gobuild
	if gobuild == nil {
		gobuild = goBuild
	}
	if err := gobuild(ctx, b, t, partial); err != nil {
		return errors.Join(fmt.Errorf("build %s: %w", t.name, err), remove(partial))
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("build %s: %w", t.name, err)
	}
	fmt.Fprintf(b.Out, "built %s in %s\n", t.name, time.Since(started).Round(time.Second))
	return nil
}

func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// goBuild runs the go command twice: to learn what may have to be compiled, which also downloads
// the modules, and to compile.
func goBuild(ctx context.Context, b *Builder, t target, out string) error {
	listed, err := b.run(ctx, t, nil, "list", "-deps", t.pkg)
	if err != nil {
		return err
	}
	_, err = b.run(ctx, t, strings.Fields(listed),
		"build", "-v", "-buildvcs=false", "-trimpath", "-ldflags", t.ldflags, "-o", out, t.pkg)
	return err
}

// run returns what the go command wrote on stdout.
func (b *Builder) run(ctx context.Context, t target, packages []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join(b.Source, t.dir)
	// Static, and by nothing of the caller's environment different from one run to the next.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOOS=", "GOARCH=")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it ends its compilers
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	progress := newProgress(packages)
	stop := reportEvery(reportInterval, func(elapsed time.Duration) {
		fmt.Fprintf(b.Out, "  %s: %s, %s\n", t.name, progress, elapsed)
	})
	err = errors.Join(progress.follow(stderr), cmd.Wait())
	stop()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, progress.problems())
	}
	return stdout.String(), nil
}
