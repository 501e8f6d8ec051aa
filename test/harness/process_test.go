package harness

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func shell(t *testing.T, script string) Program {
	t.Helper()
	return Program{Path: "/bin/sh", Args: []string{"-c", script}, Log: filepath.Join(t.TempDir(), "log")}
}

func TestProcessStopsOnRequest(t *testing.T) {
	t.Parallel()
	program := shell(t, `trap 'echo told; exit 0' TERM; echo up; while :; do sleep 0.01; done`)
	p, err := Start(program)
	require.NoError(t, err)
	require.NoError(t, Eventually(t.Context(), time.Minute, func() error { return hasLine(program.Log, "up") }))
	require.NoError(t, p.Stop(time.Minute))
	require.NoError(t, p.Stop(time.Minute), "the second time")
	require.Equal(t, []string{"told"}, LogLines(program.Log, "told"))
}

func TestProcessThatWillNotStopIsKilled(t *testing.T) {
	t.Parallel()
	program := shell(t, `trap '' TERM; echo up; while :; do sleep 0.01; done`)
	p, err := Start(program)
	require.NoError(t, err)
	require.NoError(t, Eventually(t.Context(), time.Minute, func() error { return hasLine(program.Log, "up") }))
	require.ErrorContains(t, p.Stop(50*time.Millisecond), "was killed")
}

func TestProcessReportsItsFailure(t *testing.T) {
	t.Parallel()
	program := shell(t, `echo wrong key >&2; exit 3`)
	program.Ready = "http://127.0.0.1:1/"
	p, err := Start(program)
	require.NoError(t, err)
	err = p.WaitReady(t.Context(), time.Minute)
	require.ErrorContains(t, err, "exit status 3")
	require.ErrorContains(t, err, "wrong key")
	require.ErrorContains(t, p.Stop(time.Minute), "exit status 3")
}

func TestProcessIsReadyWhenItsURLSaysSo(t *testing.T) {
	t.Parallel()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	program := shell(t, `sleep 60`)
	program.Ready = server.URL
	p, err := Start(program)
	require.NoError(t, err)
	defer p.Kill()
	require.NoError(t, p.WaitReady(t.Context(), time.Minute))
}

func TestProcessGetsOnlyItsEnvironment(t *testing.T) {
	t.Setenv("HARNESS_SECRET", "visible")
	program := shell(t, `echo "secret=$HARNESS_SECRET given=$GIVEN"`)
	program.Env = map[string]string{"GIVEN": "yes"}
	p, err := Start(program)
	require.NoError(t, err)
	<-p.Exited()
	require.Equal(t, []string{"secret= given=yes"}, LogLines(program.Log))
}

func hasLine(file, word string) error {
	if len(LogLines(file, word)) == 0 {
		return errors.New("no line with " + word)
	}
	return nil
}

func TestProgramRunReturnsWhatItSays(t *testing.T) {
	t.Parallel()
	stderr, err := shell(t, `echo quiet; echo loud >&2; exit 1`).Run(t.Context())
	require.ErrorContains(t, err, "exit status 1")
	require.Equal(t, "loud\n", stderr)
}
