package harness

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Cluster is a local control plane with fake nodes, run by the launcher in test/cluster. The
// launcher returns when all is ready; what it started stays until Down.
type Cluster struct {
	Root string    // folder of the repository
	Dir  string    // state of the cluster; an absolute path
	Out  io.Writer // where the launcher's progress goes
}

// Up starts what does not run yet and returns access to it. The very first time this builds
// Kubernetes, which takes minutes.
func (c Cluster) Up(ctx context.Context, nodes int) (*Kube, error) {
	if err := c.launch(ctx, "up", "--dir", c.Dir, "--nodes", strconv.Itoa(nodes)); err != nil {
		return nil, err
	}
	return c.Access()
}

// Down stops the cluster and removes its state.
func (c Cluster) Down(ctx context.Context) error { return c.launch(ctx, "down", "--dir", c.Dir) }

// Access returns access to a cluster that runs.
func (c Cluster) Access() (*Kube, error) {
	file := filepath.Join(c.Dir, "env")
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	env := parseEnv(string(content))
	if env["KUBECONFIG"] == "" || env["KUBECTL"] == "" {
		return nil, fmt.Errorf("%s names no KUBECONFIG or no KUBECTL", file)
	}
	return NewKube(env["KUBECONFIG"], env["KUBECTL"])
}

// parseEnv reads lines of KEY=value.
func parseEnv(content string) map[string]string {
	env := map[string]string{}
	for line := range strings.Lines(content) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "export ")
		if key, value, ok := strings.Cut(line, "="); ok {
			env[key] = strings.Trim(value, `"'`)
		}
	}
	return env
}

func (c Cluster) launch(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"-C", filepath.Join(c.Root, "test", "cluster"), "run", "."}, args...)...)
	cmd.Stdout, cmd.Stderr = c.Out, c.Out
	// In a group of its own a Ctrl-C at the terminal does not end it halfway; its owner decides.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("local cluster: %s: %w", args[0], err)
	}
	return nil
}
