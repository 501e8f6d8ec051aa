package controlplane

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/build"
	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/process"
)

// newCluster is taken down at the end of the test, if it is up then.
func newCluster(t *testing.T) (*Cluster, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	root := t.TempDir()
	cluster := &Cluster{Dir: filepath.Join(root, "state"), Locks: filepath.Join(root, "locks"), Out: &out}
	t.Cleanup(func() {
		if ours, err := (layout{cluster.Dir}).isOurs(); !ours || err != nil {
			return
		}
		if err := cluster.Down(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return cluster, &out
}

func up(t *testing.T, cluster *Cluster, binaries build.Binaries, nodes int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), plenty)
	defer cancel()
	access, err := cluster.Up(ctx, binaries, nodes)
	if err != nil {
		t.Fatal(err)
	}
	want := Access{Kubeconfig: filepath.Join(cluster.Dir, "kubeconfig"), Kubectl: binaries.Path("kubectl")}
	if access != want {
		t.Errorf("got %+v, want %+v", access, want)
	}
}

// records are those of all parts, which must be alive.
func records(t *testing.T, cluster *Cluster) map[string]process.Record {
	t.Helper()
	found := map[string]process.Record{}
	for _, name := range startOrder {
		found[name] = process.Load(layout{cluster.Dir}.pid(name))
		if !found[name].Alive() {
			t.Fatalf("%s is not alive", name)
		}
	}
	return found
}

// restarted are the names of the parts that have another pid now.
func restarted(before, after map[string]process.Record) []string {
	var names []string
	for name := range after {
		if before[name].PID != after[name].PID {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func kill(t *testing.T, record process.Record) {
	t.Helper()
	if err := syscall.Kill(record.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the killed process is gone", func() bool { return !record.Alive() })
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(plenty)
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("never happened: %s", what)
		}
	}
}

func currentState(t *testing.T, cluster *Cluster) state {
	t.Helper()
	current, err := loadState(layout{cluster.Dir}.state())
	if err != nil || current == nil {
		t.Fatalf("got %v, %v", current, err)
	}
	return *current
}

func TestUpStartsAllAndDownEndsAll(t *testing.T) {
	t.Parallel()
	cluster, _ := newCluster(t)
	binaries := programs(t, "bin")
	up(t, cluster, binaries, 3)
	env, err := os.ReadFile(filepath.Join(cluster.Dir, "env"))
	want := "KUBECONFIG=" + cluster.Dir + "/kubeconfig\nKUBECTL=" + binaries.Dir + "/kubectl\n"
	if string(env) != want || err != nil {
		t.Errorf("env is %q, %v, want %q", env, err, want)
	}
	if info, err := os.Stat(filepath.Join(cluster.Dir, "kubeconfig")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("kubeconfig: %v, %v; want it for the owner only", info, err)
	}
	running := records(t, cluster)

	for range 2 { // a cluster that is down stays so
		if err := cluster.Down(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for name, record := range running {
		if record.Alive() {
			t.Errorf("%s still runs", name)
		}
	}
	if _, err := os.Stat(cluster.Dir); !os.IsNotExist(err) {
		t.Errorf("state folder is still there: %v", err)
	}
	if left, err := os.ReadDir(cluster.Locks); err != nil || len(left) > 0 {
		t.Errorf("locks left: %v, %v", left, err)
	}
}

func TestUpAgainStartsNothing(t *testing.T) {
	t.Parallel()
	cluster, out := newCluster(t)
	binaries := programs(t, "bin")
	up(t, cluster, binaries, 1)
	before, state := records(t, cluster), currentState(t, cluster)
	out.Reset()
	up(t, cluster, binaries, 4) // nodes are no reason to restart
	if names := restarted(before, records(t, cluster)); names != nil {
		t.Errorf("restarted %v", names)
	}
	if after := currentState(t, cluster); after != state {
		t.Errorf("state is %+v, was %+v", after, state)
	}
	if strings.Contains(out.String(), "started") {
		t.Errorf("claims to have started something: %s", out)
	}
}

func TestUpRestartsWhatIsDead(t *testing.T) {
	t.Parallel()
	for _, dead := range [][]string{{etcd}, {apiServer}, {controllerManager, scheduler}, startOrder} {
		t.Run(strings.Join(dead, "+"), func(t *testing.T) {
			t.Parallel()
			cluster, _ := newCluster(t)
			binaries := programs(t, "bin")
			up(t, cluster, binaries, 1)
			before, ports := records(t, cluster), currentState(t, cluster).Ports
			for _, name := range dead {
				kill(t, before[name])
			}
			up(t, cluster, binaries, 1)
			want := slices.Sorted(slices.Values(dead))
			if got := restarted(before, records(t, cluster)); !slices.Equal(got, want) {
				t.Errorf("restarted %v, want %v", got, want)
			}
			if after := currentState(t, cluster).Ports; after != ports {
				t.Errorf("ports are %+v, were %+v", after, ports)
			}
		})
	}
}

func TestKWOKThatStartsAgainGetsNewAddresses(t *testing.T) {
	t.Parallel()
	cluster, _ := newCluster(t)
	binaries := programs(t, "bin")
	up(t, cluster, binaries, 1)
	before := records(t, cluster)
	kill(t, before[kwok])
	up(t, cluster, binaries, 1)
	after := records(t, cluster)
	if !slices.Contains(before[kwok].Command, "--cidr=10.245.0.1/16") || !slices.Contains(after[kwok].Command, "--cidr=10.244.0.1/16") {
		t.Errorf("commands were %q and then %q", before[kwok].Command, after[kwok].Command)
	}
	up(t, cluster, binaries, 1)
	if names := restarted(after, records(t, cluster)); names != nil {
		t.Errorf("restarted %v though nothing was dead", names)
	}
}

func TestOtherBinariesRestartAll(t *testing.T) {
	t.Parallel()
	cluster, _ := newCluster(t)
	up(t, cluster, programs(t, "bin"), 1)
	before := records(t, cluster)
	up(t, cluster, programs(t, "bin"), 1)
	if got := restarted(before, records(t, cluster)); len(got) != len(startOrder) {
		t.Errorf("restarted only %v", got)
	}
}

func TestClustersSideBySideAreApart(t *testing.T) {
	t.Parallel()
	one, _ := newCluster(t)
	other, _ := newCluster(t)
	other.Locks = one.Locks
	binaries := programs(t, "bin")
	var wg sync.WaitGroup
	for _, cluster := range []*Cluster{one, other} {
		wg.Go(func() { up(t, cluster, binaries, 1) })
	}
	wg.Wait()
	ofOther := currentState(t, other).Ports.all()
	for _, port := range currentState(t, one).Ports.all() {
		if slices.Contains(ofOther, port) {
			t.Errorf("both have port %d", port)
		}
	}
	if err := one.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	records(t, other) // all alive
}

func TestTwoUpsOfOneClusterStartItOnce(t *testing.T) {
	t.Parallel()
	cluster, _ := newCluster(t)
	cluster.Out = &lockedBuffer{}
	binaries := programs(t, "bin")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { up(t, cluster, binaries, 1) })
	}
	wg.Wait()
	if started := strings.Count(cluster.Out.(*lockedBuffer).String(), " started"); started != len(startOrder) {
		t.Errorf("%d parts started, want %d", started, len(startOrder))
	}
}

type lockedBuffer struct {
	mu     sync.Mutex // guards buffer
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(content []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(content)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func TestUpSaysWhichPartIsNotReadyAndWhy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		folder string
		// program is replaced by target.
		program, target string
		timeout         time.Duration
		want            []string
	}{
		{"ends at once", "bin", scheduler, "/bin/false", plenty, []string{"kube-scheduler is not ready", "has ended (exit status 1)", "kube-scheduler.log"}},
		{"ends with a message", "bin", apiServer, "/bin/cat", plenty, []string{"kube-apiserver is not ready", "the end of", "unrecognized option"}},
		{"does not exist", "bin", controllerManager, "/does/not/exist", plenty, []string{"kube-controller-manager: start"}},
		{"never answers", mute, "", "", time.Second, []string{"etcd is not ready after", "connection refused", "\n    etcd runs"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cluster, _ := newCluster(t)
			binaries := programs(t, test.folder)
			if test.program != "" {
				replace(t, binaries, test.program, test.target)
			}
			ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
			defer cancel()
			_, err := cluster.Up(ctx, binaries, 1)
			if err == nil {
				t.Fatal("up succeeded")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in: %v", want, err)
				}
			}
		})
	}
}

func TestUpDoesNotStealAPort(t *testing.T) {
	t.Parallel()
	cluster, _ := newCluster(t)
	binaries := programs(t, "bin")
	up(t, cluster, binaries, 0)
	kill(t, records(t, cluster)[etcd])
	intruder, _, err := process.Start(process.Spec{
		Path: binaries.Path(etcd),
		Args: []string{"--listen-client-urls=http://" + address(currentState(t, cluster).Ports.Etcd)},
		Log:  filepath.Join(t.TempDir(), "log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = intruder.Stop(t.Context(), plenty) }()
	port := currentState(t, cluster).Ports.Etcd
	eventually(t, "the intruder listens", func() bool { return checkFree(port) != nil })
	if _, err := cluster.Up(t.Context(), binaries, 0); err == nil || !strings.Contains(err.Error(), "etcd: its port is taken") {
		t.Errorf("got %v", err)
	}
}

func TestFolderOfSomeoneElseIsLeftAlone(t *testing.T) {
	t.Parallel()
	cluster, _ := newCluster(t)
	if err := os.MkdirAll(cluster.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	precious := filepath.Join(cluster.Dir, "precious")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Up(t.Context(), programs(t, "bin"), 0); err == nil {
		t.Error("up took the folder")
	}
	if err := cluster.Down(t.Context()); err == nil {
		t.Error("down took the folder")
	}
	entries, err := os.ReadDir(cluster.Dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("folder holds %v, %v", entries, err)
	}
}

func TestDownKeepsWhatOthersPutThere(t *testing.T) {
	t.Parallel()
	cluster, _ := newCluster(t)
	up(t, cluster, programs(t, "bin"), 0)
	precious := filepath.Join(cluster.Dir, "precious")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(cluster.Dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "precious" {
		t.Errorf("folder holds %v, %v", entries, err)
	}
}

func TestDownNeverEndsAProcessThatIsNotOurs(t *testing.T) {
	t.Parallel()
	cluster, _ := newCluster(t)
	up(t, cluster, programs(t, "bin"), 0)
	running := records(t, cluster)
	ours := running[kwok]
	// As if the machine had given kwok's pid to another process: the record no longer fits.
	stale := ours
	stale.StartTime--
	if err := stale.Save(layout{cluster.Dir}.pid(kwok)); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !ours.Alive() {
		t.Error("down ended a process it has no record of")
	}
	if err := ours.Stop(t.Context(), plenty); err != nil {
		t.Fatal(err)
	}
	delete(running, kwok)
	for name := range maps.Keys(running) {
		if running[name].Alive() {
			t.Errorf("%s still runs", name)
		}
	}
}
