package process

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	roleVariable = "PROCESS_TEST_ROLE"
	// plenty is never reached by a test that passes.
	plenty = time.Minute
)

// TestMain lets the test binary play the daemon.
func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "fail":
		fmt.Println("no way")
		os.Exit(3)
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	}
	fmt.Println("ready")
	<-time.After(plenty) // should a failed test forget it
}

func spec(t *testing.T, role string) Spec {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Spec{Path: path, Env: []string{roleVariable + "=" + role}, Log: filepath.Join(t.TempDir(), "log")}
}

func start(t *testing.T, spec Spec) (Record, <-chan error) {
	t.Helper()
	record, ended, err := Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if record.Alive() {
			_ = record.signal(syscall.SIGKILL)
		}
	})
	return record, ended
}

// waitReady waits until the daemon has set up its signals.
func waitReady(t *testing.T, spec Spec) {
	t.Helper()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	deadline := time.After(plenty)
	for {
		if content, err := os.ReadFile(spec.Log); err == nil && len(content) > 0 {
			return
		}
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatal("daemon did not start")
		}
	}
}

func TestStopEndsTheDaemon(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"polite", "stubborn"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			spec := spec(t, role)
			record, ended := start(t, spec)
			if !record.Alive() {
				t.Fatal("daemon is not alive after its start")
			}
			waitReady(t, spec)
			grace := plenty
			if role == "stubborn" {
				grace = 10 * pollInterval
			}
			if err := record.Stop(t.Context(), grace); err != nil {
				t.Fatal(err)
			}
			<-ended
			if record.Alive() {
				t.Error("daemon is alive after its end")
			}
			if err := record.Stop(t.Context(), grace); err != nil {
				t.Errorf("stopping twice: %v", err)
			}
		})
	}
}

func TestDaemonHasItsOwnSession(t *testing.T) {
	t.Parallel()
	record, _ := start(t, spec(t, "polite"))
	group, err := syscall.Getpgid(record.PID)
	if err != nil {
		t.Fatal(err)
	}
	if group != record.PID {
		t.Errorf("process group is %d, want its own, %d", group, record.PID)
	}
}

func TestEndOfDaemonIsReported(t *testing.T) {
	t.Parallel()
	spec := spec(t, "fail")
	_, ended := start(t, spec)
	if err := <-ended; err == nil {
		t.Error("exit code 3 was not reported")
	}
	content, err := os.ReadFile(spec.Log)
	if err != nil || !strings.HasPrefix(string(content), "no way\n") {
		t.Errorf("log holds %q, %v", content, err)
	}
}

func TestStartFailsWithoutProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, _, err := Start(Spec{Path: filepath.Join(dir, "none"), Log: filepath.Join(dir, "log")}); err == nil {
		t.Error("a missing program was started")
	}
	if _, _, err := Start(Spec{Path: "/bin/true", Log: filepath.Join(dir, "no", "log")}); err == nil {
		t.Error("started without a log")
	}
}

// TestForeignProcessIsLeftAlone: the pid of a record may belong to anyone by now.
func TestForeignProcessIsLeftAlone(t *testing.T) {
	t.Parallel()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(path)
	child.Env = []string{roleVariable + "=polite"}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	ours, err := identify(child.Process.Pid, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !ours.Alive() {
		t.Fatal("the true record is not alive")
	}

	for name, foreign := range map[string]Record{
		"started later":     {PID: ours.PID, StartTime: ours.StartTime - 1, BootID: ours.BootID},
		"machine restarted": {PID: ours.PID, StartTime: ours.StartTime, BootID: "another"},
		"no process":        {},
		"process group":     {PID: -ours.PID, StartTime: ours.StartTime, BootID: ours.BootID},
	} {
		if foreign.Alive() {
			t.Errorf("%s: taken for ours", name)
		}
		if err := foreign.Stop(t.Context(), plenty); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !ours.Alive() {
		t.Fatal("a process that is not of the record was ended")
	}

	// Ended but not waited for: the pid is still there, the process is not.
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if !ours.waitEnd(t.Context(), plenty) {
		t.Error("a process nobody waited for counts as alive")
	}
	_ = child.Wait()
}

func TestParseStat(t *testing.T) {
	t.Parallel()
	const tail = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21"
	for _, test := range []struct {
		name, content string
		want          stat
		fails         bool
	}{
		{"plain", "42 (etcd) S" + tail, stat{'S', 4711}, false},
		{"blank and parentheses in the name", "42 (a) Z (b) R" + tail, stat{'R', 4711}, false},
		{"zombie", "42 (etcd) Z" + tail, stat{'Z', 4711}, false},
		{"empty", "", stat{}, true},
		{"cut off", "42 (etcd) S 1 2", stat{}, true},
		{"start time is no number", "42 (etcd) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x", stat{}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseStat([]byte(test.content))
			if (err != nil) != test.fails || got != test.want {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestRecordSurvivesItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "record")
	if got := Load(path); got.PID != 0 || got.Alive() {
		t.Errorf("missing file gives %+v", got)
	}
	want := Record{PID: 1, StartTime: 2, BootID: "3", Command: []string{"four", "five"}}
	if err := want.Save(path); err != nil {
		t.Fatal(err)
	}
	if got := Load(path); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Load(path); got.PID != 0 {
		t.Errorf("broken file gives %+v", got)
	}
}
