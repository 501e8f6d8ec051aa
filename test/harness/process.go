package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Program says how to start a process.
type Program struct {
	Path string
	Args []string
	Env  map[string]string // on top of PATH, HOME and TMPDIR; nothing else is passed on
	Log  string            // file that stdout and stderr are appended to
	// Ready is a URL that answers 200 as soon as the process does its work; empty: at once.
	Ready string
}

// Run runs the program to its end and returns what it wrote to stderr.
func (p Program) Run(ctx context.Context) (stderr string, err error) {
	var text bytes.Buffer
	cmd := exec.CommandContext(ctx, p.Path, p.Args...)
	cmd.Env = environment(p.Env)
	cmd.Stderr = &text
	err = cmd.Run()
	return text.String(), errors.Join(err, ctx.Err())
}

// Process is a running program. Its methods are safe for concurrent use.
type Process struct {
	program Program
	cmd     *exec.Cmd
	exited  chan struct{}
	state   error // how it ended; may be read once exited is closed
}

// Start starts the program in a process group of its own, so that a Ctrl-C at the terminal
// reaches it only through its owner.
func Start(program Program) (*Process, error) {
	if err := os.MkdirAll(filepath.Dir(program.Log), 0o755); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(program.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the process has its own descriptor by then
	cmd := exec.Command(program.Path, program.Args...)
	cmd.Env = environment(program.Env)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{program: program, cmd: cmd, exited: make(chan struct{})}
	go func() {
		p.state = cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

func environment(extra map[string]string) []string {
	var env []string
	for _, key := range []string{"PATH", "HOME", "TMPDIR"} {
		if value, ok := os.LookupEnv(key); ok {
			env = append(env, key+"="+value)
		}
	}
	for key, value := range extra {
		env = append(env, key+"="+value)
	}
	return env
}

// Exited is closed when the process is gone.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// PID is the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// WaitReady waits until the process is ready. It fails early, with the end of its log, if the
// process ends instead.
func (p *Process) WaitReady(ctx context.Context, within time.Duration) error {
	if p.program.Ready == "" {
		return nil
	}
	client := &http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	return Eventually(ctx, within, func() error {
		select {
		case <-p.exited:
			return Final(fmt.Errorf("%s ended instead of getting ready: %w; its log ends with\n%s",
				filepath.Base(p.program.Path), cmpErr(p.state), p.LogTail(20)))
		default:
		}
		response, err := client.Get(p.program.Ready)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", p.program.Ready, response.Status)
		}
		return nil
	})
}

func cmpErr(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// Stop asks the process to end and waits for it. If it is not gone in time it is killed, which is
// an error, as is a failure it reports by its exit status. Stopping it again does nothing more.
func (p *Process) Stop(within time.Duration) error {
	select {
	case <-p.exited:
		return p.state
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.exited:
		return p.state
	case <-timer.C:
		p.Kill()
		return fmt.Errorf("%s (pid %d) was still there %s after SIGTERM and was killed",
			filepath.Base(p.program.Path), p.PID(), within)
	}
}

// Kill ends the process without giving it a chance to finish anything, and waits for its end.
func (p *Process) Kill() {
	// It fails only if the process is gone, which is what was wanted.
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// LogTail returns the last lines of the log.
func (p *Process) LogTail(lines int) string {
	all := LogLines(p.program.Log)
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// LogLines returns the lines of a log file that contain all of the given words. A file that cannot
// be read has no lines.
func LogLines(file string, words ...string) []string {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var lines []string
next:
	for line := range strings.Lines(string(content)) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue next
			}
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	return lines
}
