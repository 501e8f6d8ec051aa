package build

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
)

// keyLength in hex digits; collisions are no danger, and the folder name stays readable.
const keyLength = 16

// sources are the files, relative to the module of the cluster, that decide what the binaries are.
// They must all be there.
var sources = []string{"go.mod", "go.sum", "k8sall/*.go", "kwok/go.mod", "kwok/go.sum"}

// kubernetesVersion finds the version that the module asks for, the only place that names it.
var kubernetesVersion = regexp.MustCompile(`(?m)^\s*(?:require\s+)?k8s\.io/kubernetes\s+(v\S+)`)

// Key names the binaries that the sources below a folder give with this Go: other sources,
// another key.
func Key(source string) (string, error) {
	hash := sha256.New()
	fmt.Fprintln(hash, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, pattern := range sources {
		paths, err := filepath.Glob(filepath.Join(source, pattern))
		if err != nil {
			return "", fmt.Errorf("pattern %s: %w", pattern, err)
		}
		if len(paths) == 0 {
			return "", fmt.Errorf("no %s in %s: run this in the module's folder (go -C test/cluster run . ...)", pattern, source)
		}
		slices.Sort(paths)
		for _, path := range paths {
			if err := hashFile(hash, source, path); err != nil {
				return "", err
			}
		}
	}
	return hex.EncodeToString(hash.Sum(nil))[:keyLength], nil
}

func hashFile(hash io.Writer, source, path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("hash sources: %w", err)
	}
	name, err := filepath.Rel(source, path)
	if err != nil {
		return fmt.Errorf("hash sources: %w", err)
	}
	fmt.Fprintln(hash, name, len(content))
	_, err = hash.Write(content)
	return err
}

// Version returns the Kubernetes version of the cluster, like v1.2.3.
func Version(source string) (string, error) {
	content, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("read Kubernetes version: %w", err)
	}
	match := kubernetesVersion.FindSubmatch(content)
	if match == nil {
		return "", fmt.Errorf("%s/go.mod does not require k8s.io/kubernetes", source)
	}
	return string(match[1]), nil
}
