package build

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// newBuilder counts what it pretends to build.
func newBuilder(t *testing.T, source, cache string) (*Builder, *atomic.Int32) {
	t.Helper()
	var built atomic.Int32
	return &Builder{
		Source: source,
		Cache:  cache,
		Out:    &bytes.Buffer{},
		gobuild: func(_ context.Context, _ *Builder, t target, out string) error {
			built.Add(1)
			return os.WriteFile(out, []byte(t.name), 0o700)
		},
	}, &built
}

func TestEnsureBuildsOnce(t *testing.T) {
	t.Parallel()
	builder, built := newBuilder(t, newSource(t), t.TempDir())
	for range 2 {
		binaries, err := builder.Ensure(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if binaries.Version != "v1.2.3" {
			t.Errorf("version is %s", binaries.Version)
		}
		for program, want := range map[string]string{"kubectl": "k8sall", "etcd": "k8sall", "kwok": "kwok"} {
			if content, err := os.ReadFile(binaries.Path(program)); err != nil || string(content) != want {
				t.Errorf("%s is %q, %v", program, content, err)
			}
		}
	}
	if built.Load() != 2 {
		t.Errorf("built %d binaries, want 2", built.Load())
	}
}

func TestEnsureBuildsWhatIsMissingOnly(t *testing.T) {
	t.Parallel()
	builder, built := newBuilder(t, newSource(t), t.TempDir())
	binaries, err := builder.Ensure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(binaries.Path("kwok")); err != nil {
		t.Fatal(err)
	}
	if _, err := builder.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if built.Load() != 3 {
		t.Errorf("built %d binaries, want 2 and then 1", built.Load())
	}
}

func TestTwoRunsBuildOnce(t *testing.T) {
	t.Parallel()
	source, cache := newSource(t), t.TempDir()
	one, builtByOne := newBuilder(t, source, cache)
	other, builtByOther := newBuilder(t, source, cache)
	var wg sync.WaitGroup
	for _, builder := range []*Builder{one, other} {
		wg.Go(func() {
			if _, err := builder.Ensure(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if sum := builtByOne.Load() + builtByOther.Load(); sum != 2 {
		t.Errorf("built %d binaries, want 2", sum)
	}
}

func TestFailedBuildLeavesNothing(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	builder, _ := newBuilder(t, newSource(t), cache)
	broken := errors.New("broken")
	builder.gobuild = func(_ context.Context, _ *Builder, _ target, out string) error {
		return errors.Join(broken, os.WriteFile(out, nil, 0o700))
	}
	if _, err := builder.Ensure(t.Context()); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	left, err := filepath.Glob(filepath.Join(cache, "*", "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestGoBuildMakesABinary(t *testing.T) {
	t.Parallel()
	source := t.TempDir()
	write(t, filepath.Join(source, "go.mod"), "module test\n\ngo 1.26\n")
	write(t, filepath.Join(source, "good", "main.go"), "package main\n\nfunc main() {}\n")
	write(t, filepath.Join(source, "bad", "main.go"), "package main\n\nfunc main() { missing() }\n")
	builder := &Builder{Source: source, Out: &bytes.Buffer{}}
	out := filepath.Join(t.TempDir(), "out")
	if err := goBuild(t.Context(), builder, target{dir: ".", pkg: "./good"}, out); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(out); err != nil {
		t.Error(err)
	}
	err := goBuild(t.Context(), builder, target{dir: ".", pkg: "./bad"}, out)
	if err == nil || !strings.Contains(err.Error(), "undefined: missing") {
		t.Errorf("want the compiler's words, got %v", err)
	}
}

func TestTargetsCarryTheVersion(t *testing.T) {
	t.Parallel()
	flags := targets("v1.36.3")[0].ldflags
	for _, want := range []string{
		"-X k8s.io/component-base/version.gitVersion=v1.36.3 ",
		"-X k8s.io/component-base/version.gitMajor=1 ",
		"-X k8s.io/component-base/version.gitMinor=36 ",
	} {
		if !strings.Contains(flags, want) {
			t.Errorf("no %q in %s", want, flags)
		}
	}
}

func TestProgressCountsAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	progress := newProgress([]string{"a/b", "c"})
	const stderr = "go: downloading x v1\na/b\n# c\nc/file.go:1: oops\n"
	if err := progress.follow(strings.NewReader(stderr)); err != nil {
		t.Fatal(err)
	}
	if got, want := progress.String(), "1 modules downloaded, 1 of at most 2 packages compiled"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := progress.problems(), "# c\nc/file.go:1: oops"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := newProgress(nil).String(); got != "reading modules" {
		t.Errorf("got %q without anything known", got)
	}
}

func TestReportsComeRegularlyAndStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var reports []time.Duration
		stop := reportEvery(reportInterval, func(elapsed time.Duration) { reports = append(reports, elapsed) })
		<-time.After(40 * time.Second)
		stop()
		if len(reports) != 2 || reports[0] != 15*time.Second || reports[1] != 30*time.Second {
			t.Errorf("reports at %v", reports)
		}
	})
}
