package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/harness"
)

// runProgram is what `make run` calls, with what it leaves in a folder of the test.
func runProgram(t *testing.T, env map[string]string, more ...string) harness.Program {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "local")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./test/local")
	build.Dir = suite.root
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return harness.Program{
		Path: program,
		Args: append([]string{"-root", suite.root, "-binary", suite.collectors.Binary, "-dir", filepath.Join(dir, "run")}, more...),
		Env:  env,
		Log:  filepath.Join(dir, "out"),
	}
}

// TestMakeRunOnce: with a cluster of the user's own, the table counts what is there.
func TestMakeRunOnce(t *testing.T) {
	program := runProgram(t, map[string]string{"KUBECONFIG": suite.kube.Kubeconfig, "CLUSTER_NAME": "mine"}, "-once")
	process := startProcess(t, program)
	<-process.Exited()
	out := strings.Join(harness.LogLines(program.Log), "\n")
	require.NoError(t, process.Stop(stopTime), "%s", out)
	require.Contains(t, out, `Cluster "mine"`)
	require.Regexp(t, fmt.Sprintf(`(?m)^  node +%d`, nodes), out)
	require.Regexp(t, fmt.Sprintf(`(?m) node belongs_to cluster +%d$`, nodes), out)
	require.Contains(t, out, "stopping the stand-in")
	require.NotContains(t, out, "stopping the cluster")
}

// TestMakeRunToTheServer: what is sent to a server of the user's own is counted too.
func TestMakeRunToTheServer(t *testing.T) {
	t.Parallel()
	r := setup(t, 0)
	program := runProgram(t, map[string]string{
		"KUBECONFIG": suite.kube.Kubeconfig, "CLUSTER_NAME": r.cluster, "STACKSTATE_URL": r.proxy.URL, "STACKSTATE_API_KEY": "mine",
	}, "-once")
	process := startProcess(t, program)
	<-process.Exited()
	out := strings.Join(harness.LogLines(program.Log), "\n")
	require.NoError(t, process.Stop(stopTime), "%s", out)
	require.Regexp(t, fmt.Sprintf(`(?m)^  node +%d`, nodes), out)
	r.snapshots(1)
	r.settled()
}

// TestMakeRunUntilInterrupted: on a bare machine it brings a cluster of its own with the sample,
// shows changes, and leaves nothing behind.
func TestMakeRunUntilInterrupted(t *testing.T) {
	dir := t.TempDir()
	clusterDir := filepath.Join(dir, "cluster")
	program := runProgram(t, map[string]string{"NODES": "2"}, "-cluster-dir", clusterDir)
	process := startProcess(t, program)
	ended := false
	t.Cleanup(func() {
		if !ended {
			_ = process.Stop(patience)
		}
	})
	says := func(pattern string) {
		t.Helper()
		expression := regexp.MustCompile(pattern)
		require.NoError(t, harness.Eventually(t.Context(), 3*patience, func() error {
			select {
			case <-process.Exited():
				return harness.Final(fmt.Errorf("it has ended:\n%s", process.LogTail(40)))
			default:
			}
			if out := strings.Join(harness.LogLines(program.Log), "\n"); !expression.MatchString(out) {
				return fmt.Errorf("it does not say %q but\n%s", pattern, out)
			}
			return nil
		}))
	}
	says(`(?m) deployment controls replicaset +\d+$`)
	says(`(?m)^  deployment +7`)
	says(`Ctrl-C stops everything`)

	kube, err := harness.Cluster{Root: suite.root, Dir: clusterDir}.Access()
	require.NoError(t, err)
	_, err = kube.Run(t.Context(), nil, "-n", "shop", "scale", "deployment", "recommendations", "--replicas=4")
	require.NoError(t, err)
	says(`(?m)^\d\d:\d\d:\d\d  .*pod \d+ → \d+`)

	require.NoError(t, syscall.Kill(process.PID(), syscall.SIGINT))
	<-process.Exited()
	ended = true
	require.NoError(t, process.Stop(patience), "%s", process.LogTail(40))
	require.Error(t, kube.Reachable())
	_, err = os.Stat(clusterDir)
	require.ErrorIs(t, err, os.ErrNotExist)
}
