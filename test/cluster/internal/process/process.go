// Package process starts daemons that outlive this program and ends them later, and never
// touches a process that is not the one it started.
package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const pollInterval = 20 * time.Millisecond

// Spec is a daemon to be.
type Spec struct {
	Path string
	Args []string
	// Env is the whole environment: nothing of ours leaks into the daemon.
	Env []string
	// Log gets what the daemon writes, behind what is there already.
	Log string
}

// Command is how the daemon appears in its record.
func (s Spec) Command() []string {
	return append([]string{s.Path}, s.Args...)
}

// Start starts a daemon in a session of its own, so that Ctrl-C in our terminal does not reach it.
// The channel gets its end (nil for exit code 0), should it end while this program still runs.
func Start(spec Spec) (Record, <-chan error, error) {
	log, err := os.OpenFile(spec.Log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return Record{}, nil, fmt.Errorf("open log: %w", err)
	}
	defer func() { _ = log.Close() }() // the daemon has its own

	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Env = append([]string{}, spec.Env...) // nil would be our own
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return Record{}, nil, fmt.Errorf("start: %w", err)
	}
	// Before anyone waits for it: until then even an ended process keeps its pid.
	record, err := identify(cmd.Process.Pid, spec.Command())
	if err != nil {
		return Record{}, nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return record, ended, nil
}

// Stop asks the recorded process to end and, when it has not after the grace period, ends it. It
// does nothing if that process is gone, whatever has its pid today. The end of the context cuts
// the grace period short.
func (r Record) Stop(ctx context.Context, grace time.Duration) error {
	if err := r.signal(syscall.SIGTERM); err != nil {
		return err
	}
	if r.waitEnd(ctx, grace) {
		return nil
	}
	if err := r.signal(syscall.SIGKILL); err != nil {
		return err
	}
	if !r.waitEnd(context.WithoutCancel(ctx), grace) {
		return fmt.Errorf("pid %d (%s) does not end", r.PID, filepath.Base(r.Command[0]))
	}
	return nil
}

func (r Record) signal(signal os.Signal) error {
	if r.PID <= 0 {
		return nil
	}
	// On Linux this opens a handle of the process, so that the pid cannot pass to another one
	// between the check and the signal.
	target, err := os.FindProcess(r.PID)
	if err != nil {
		return fmt.Errorf("find pid %d: %w", r.PID, err)
	}
	defer func() { _ = target.Release() }()
	if !r.Alive() {
		return nil
	}
	if err := target.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal pid %d: %w", r.PID, err)
	}
	return nil
}

// waitEnd reports whether the process ended within the limit.
func (r Record) waitEnd(ctx context.Context, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for r.Alive() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return !r.Alive()
		}
	}
	return true
}

// Save writes the record to a file.
func (r Record) Save(path string) error {
	content, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode process record: %w", err)
	}
	if err := os.WriteFile(path, append(content, '\n'), 0o600); err != nil {
		return fmt.Errorf("save process record: %w", err)
	}
	return nil
}

// Load reads a record. A missing or unreadable file is a record of no process: nothing is known
// to be ours then.
func Load(path string) Record {
	var record Record
	content, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(content, &record) != nil {
		return Record{}
	}
	return record
}
