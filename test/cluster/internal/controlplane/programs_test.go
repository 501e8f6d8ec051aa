package controlplane

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/build"
)

// plenty is never reached by a test that passes; a daemon that a failed test forgot ends by then.
const plenty = time.Minute

// mute is a folder of programs that run but never answer.
const mute = "mute"

// TestMain lets the test binary play all programs of the control plane, by the name it is called,
// with just what Up asks of them.
func TestMain(m *testing.M) {
	name := filepath.Base(os.Args[0])
	if !slices.Contains(startOrder, name) {
		os.Exit(m.Run())
	}
	options := map[string]string{}
	for _, arg := range os.Args[1:] {
		key, value, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		options[key] = value
	}
	fmt.Println(name, "runs")
	if filepath.Base(filepath.Dir(os.Args[0])) != mute {
		go serve(name, options)
	}
	<-time.After(plenty)
}

func serve(name string, options map[string]string) {
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	secure := func(handler http.Handler) error {
		address := options["bind-address"] + ":" + options["secure-port"]
		return http.ListenAndServeTLS(address, options["tls-cert-file"], options["tls-private-key-file"], handler)
	}
	var err error
	switch name {
	case etcd:
		err = http.ListenAndServe(strings.TrimPrefix(options["listen-client-urls"], "http://"), ok)
	case apiServer:
		err = secure(&nodeStore{nodes: map[string]any{}})
	case controllerManager, scheduler:
		err = secure(ok)
	case kwok:
		return
	}
	fmt.Println(err)
	os.Exit(1)
}

// nodeStore keeps nodes, which are ready and leased at once.
type nodeStore struct {
	mu    sync.Mutex // guards nodes
	nodes map[string]any
}

func (s *nodeStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.Method {
	case http.MethodPost:
		var node map[string]any
		_ = json.NewDecoder(r.Body).Decode(&node)
		node["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Ready", "status": "True"}}}
		s.nodes[node["metadata"].(map[string]any)["name"].(string)] = node
	case http.MethodDelete:
		if name, found := strings.CutPrefix(r.URL.Path, "/api/v1/nodes/"); found {
			delete(s.nodes, name)
		}
	default:
		items := []any{}
		for _, node := range s.nodes {
			items = append(items, node)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"items": items})
	}
}

// programs makes a folder of the programs; its name decides how they behave.
func programs(t *testing.T, name string) build.Binaries {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, program := range startOrder {
		if err := os.Symlink(self, filepath.Join(dir, program)); err != nil {
			t.Fatal(err)
		}
	}
	return build.Binaries{Dir: dir, Version: "v1.2.3"}
}

// replace lets a program of the folder be another one.
func replace(t *testing.T, binaries build.Binaries, program, target string) {
	t.Helper()
	if err := os.Remove(binaries.Path(program)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, binaries.Path(program)); err != nil {
		t.Fatal(err)
	}
}
