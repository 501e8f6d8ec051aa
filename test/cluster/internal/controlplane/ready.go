package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/process"
)

const (
	pollInterval = 50 * time.Millisecond
	// pollPerNode is about what a list of nodes costs the API server for each of them.
	pollPerNode = time.Millisecond
	// exitDelay may pass between the end of a daemon and our hearing of it.
	exitDelay = 100 * time.Millisecond
	tailLines = 20
	tailBytes = 16 << 10
)

// daemon is a part that was started, now or by an earlier run.
type daemon struct {
	part
	record process.Record
	// ended is nil for a daemon of an earlier run.
	ended <-chan error
	log   string
}

// condition is something to wait for.
type condition struct {
	// what completes the sentence "... is not ready".
	what string
	// daemon is who has to bring it about; its log tells why not.
	daemon daemon
	probe  func(context.Context) error
	every  time.Duration
}

// wait returns when the condition holds, or says why it does not: the time is over or the daemon
// has ended.
func wait(ctx context.Context, c condition) error {
	started := time.Now()
	ticker := time.NewTicker(c.every)
	defer ticker.Stop()
	last := errors.New("no answer")
	for {
		err := c.probe(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err // not just that the time is over
		}
		select {
		case <-ticker.C:
			if c.daemon.record.Alive() {
				continue
			}
			return fmt.Errorf("%s is not ready: %s has ended%s%s", c.what, c.daemon.name, exitOf(c.daemon), tail(c.daemon.log))
		case <-ctx.Done():
			waited := time.Since(started).Round(time.Second)
			return fmt.Errorf("%s is not ready after %s (%w): %w%s", c.what, waited, context.Cause(ctx), last, tail(c.daemon.log))
		}
	}
}

func exitOf(d daemon) string {
	select {
	case err := <-d.ended: // never, if nil
		if err != nil {
			return " (" + err.Error() + ")"
		}
		return " (exit status 0)"
	case <-time.After(exitDelay):
		return ""
	}
}

// tail returns the end of a log as lines of an error message.
func tail(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return "\n  no log: " + err.Error()
	}
	content = bytes.TrimSpace(content[max(0, len(content)-tailBytes):])
	if len(content) == 0 {
		return "\n  " + path + " is empty"
	}
	lines := strings.Split(string(content), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	return "\n  the end of " + path + ":\n    " + strings.Join(lines, "\n    ")
}
