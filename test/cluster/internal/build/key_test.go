package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// newSource makes a folder that looks like the cluster's module.
func newSource(t *testing.T) string {
	t.Helper()
	source := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":         "module test\n\nrequire (\n\tk8s.io/kubectl v0.0.0\n\tk8s.io/kubernetes v1.2.3\n)\n",
		"go.sum":         "sum",
		"k8sall/main.go": "package main",
		"kwok/go.mod":    "module kwok",
		"kwok/go.sum":    "sum",
	} {
		write(t, filepath.Join(source, name), content)
	}
	return source
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func key(t *testing.T, source string) string {
	t.Helper()
	key, err := Key(source)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKeyDependsOnSourcesOnly(t *testing.T) {
	t.Parallel()
	want := key(t, newSource(t))
	if len(want) != keyLength {
		t.Errorf("key %q has not %d digits", want, keyLength)
	}
	if got := key(t, newSource(t)); got != want {
		t.Errorf("same sources in another folder give %s, want %s", got, want)
	}
	for _, test := range []struct {
		file    string
		changes bool
	}{
		{"go.mod", true},
		{"go.sum", true},
		{"k8sall/main.go", true},
		{"k8sall/more.go", true},
		{"kwok/go.mod", true},
		{"kwok/go.sum", true},
		{"main.go", false},
		{"README.md", false},
		{"k8sall/notes.txt", false},
	} {
		t.Run(test.file, func(t *testing.T) {
			t.Parallel()
			source := newSource(t)
			write(t, filepath.Join(source, test.file), "changed")
			if got := key(t, source); (got != want) != test.changes {
				t.Errorf("key %s, unchanged is %s; want a change: %v", got, want, test.changes)
			}
		})
	}
}

func TestKeyTellsTheBoundaryBetweenFiles(t *testing.T) {
	t.Parallel()
	one, other := newSource(t), newSource(t)
	write(t, filepath.Join(one, "k8sall", "a.go"), "xy")
	write(t, filepath.Join(one, "k8sall", "b.go"), "z")
	write(t, filepath.Join(other, "k8sall", "a.go"), "x")
	write(t, filepath.Join(other, "k8sall", "b.go"), "yz")
	if key(t, one) == key(t, other) {
		t.Error("moving a byte to the next file keeps the key")
	}
}

func TestKeyOutsideTheModuleSaysWhereToRun(t *testing.T) {
	t.Parallel()
	_, err := Key(t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "go -C test/cluster run") {
		t.Errorf("got %v", err)
	}
}

func TestVersionIsThatOfTheModule(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, gomod, want string }{
		{"block", "require (\n\tk8s.io/kubernetes v1.36.3\n)\n", "v1.36.3"},
		{"single", "require k8s.io/kubernetes v1.36.3 // why\n", "v1.36.3"},
		{"absent", "require k8s.io/kubernetesx v1.36.3\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			source := t.TempDir()
			write(t, filepath.Join(source, "go.mod"), test.gomod)
			got, err := Version(source)
			if got != test.want || (err != nil) != (test.want == "") {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestOwnSourcesHaveKeyAndVersion(t *testing.T) {
	t.Parallel()
	key(t, "../..")
	if version, err := Version("../.."); err != nil || !strings.HasPrefix(version, "v1.") {
		t.Errorf("got %q, %v", version, err)
	}
}
