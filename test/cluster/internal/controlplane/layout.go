package controlplane

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// layout says where things are in a state folder.
type layout struct {
	dir string
}

func (l layout) state() string              { return filepath.Join(l.dir, "state.json") }
func (l layout) kubeconfig() string         { return filepath.Join(l.dir, "kubeconfig") }
func (l layout) env() string                { return filepath.Join(l.dir, "env") }
func (l layout) etcd() string               { return filepath.Join(l.dir, "etcd") }
func (l layout) pki() string                { return filepath.Join(l.dir, "pki") }
func (l layout) pkiFile(name string) string { return filepath.Join(l.pki(), name) }
func (l layout) volumePlugins() string      { return filepath.Join(l.dir, "volume-plugins") }
func (l layout) logs() string               { return filepath.Join(l.dir, "logs") }
func (l layout) log(part string) string     { return filepath.Join(l.logs(), part+".log") }
func (l layout) pids() string               { return filepath.Join(l.dir, "pids") }
func (l layout) pid(part string) string     { return filepath.Join(l.pids(), part) }

// claim makes the folder ours, or refuses one that holds something else: down removes what is there.
func (l layout) claim() error {
	ours, err := l.isOurs()
	if err != nil {
		return err
	}
	if !ours {
		return fmt.Errorf("%s is not empty and holds no cluster: choose another folder", l.dir)
	}
	for _, dir := range []string{l.dir, l.logs(), l.pids()} {
		if err := os.MkdirAll(dir, 0o700); err != nil { // keys are inside
			return fmt.Errorf("state folder: %w", err)
		}
	}
	return nil
}

// isOurs is true for a folder with a cluster's state, an empty one and one that does not exist.
func (l layout) isOurs() (bool, error) {
	if _, err := os.Stat(l.state()); err == nil {
		return true, nil
	}
	entries, err := os.ReadDir(l.dir)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("state folder: %w", err)
	}
	return len(entries) == 0, nil
}

// remove removes what we put there and then the folder, unless someone else put something there.
func (l layout) remove() error {
	// The state goes last: while it is there, a second try is possible.
	for _, path := range []string{
		l.logs(), l.pids(), l.etcd(), l.volumePlugins(), l.pki(), l.pki() + partialSuffix,
		l.env(), l.kubeconfig(), l.state(),
	} {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove state: %w", err)
		}
	}
	entries, err := os.ReadDir(l.dir)
	if errors.Is(err, os.ErrNotExist) || len(entries) > 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove state: %w", err)
	}
	return os.Remove(l.dir)
}

// partialSuffix marks what is not complete yet.
const partialSuffix = ".partial"

// writeFile lets the file appear at once and whole.
func writeFile(path string, content []byte) error {
	if err := os.WriteFile(path+partialSuffix, content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+partialSuffix, path)
}
