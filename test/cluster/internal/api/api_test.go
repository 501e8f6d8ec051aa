package api

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/pki"
)

// store is the least of an API server: it keeps nodes and pods, and asks for a client certificate.
type store struct {
	mu     sync.Mutex // guards all below
	nodes  map[string]object
	pods   map[string]string // namespace/name to node
	leases map[string]bool   // by name of the node
	calls  []string
	fail   int // status of every answer, if any
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method+" "+r.URL.Path)
	if s.fail != 0 {
		w.WriteHeader(s.fail)
		_, _ = w.Write([]byte(`{"kind":"Status","message":"no way"}`))
		return
	}
	answer := object{"items": []any{}}
	switch {
	case r.Method == http.MethodPost:
		var node object
		_ = json.NewDecoder(r.Body).Decode(&node)
		s.nodes[node["metadata"].(map[string]any)["name"].(string)] = node
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodDelete:
		s.delete(w, r)
	case r.URL.Path == "/api/v1/nodes":
		items := []any{}
		for _, node := range s.nodes {
			items = append(items, node)
		}
		answer["items"] = items
	case r.URL.Path == "/api/v1/pods":
		answer["items"] = s.podItems()
	case r.URL.Path == leasesPath:
		items := []any{}
		for name := range s.leases {
			items = append(items, object{"metadata": object{"name": name}})
		}
		answer["items"] = items
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *store) delete(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("gracePeriodSeconds") != "0" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if name, found := strings.CutPrefix(r.URL.Path, leasesPath+"/"); found {
		delete(s.leases, name)
		return
	}
	if name, found := strings.CutPrefix(r.URL.Path, nodesPath+"/"); found {
		delete(s.nodes, name)
		return
	}
	path := strings.Split(r.URL.Path, "/") // /api/v1/namespaces/<namespace>/pods/<name>
	delete(s.pods, path[4]+"/"+path[6])
}

func (s *store) podItems() []any {
	items := []any{}
	for key, node := range s.pods {
		namespace, name, _ := strings.Cut(key, "/")
		items = append(items, object{
			"metadata": object{"namespace": namespace, "name": name},
			"spec":     object{"nodeName": node},
		})
	}
	return items
}

func (s *store) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name := range s.nodes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// setStatus gives all nodes a Ready condition and the given taints.
func (s *store) setStatus(ready string, taints ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := []any{}
	for _, taint := range taints {
		keys = append(keys, object{"key": taint})
	}
	for _, node := range s.nodes {
		node["spec"] = object{"taints": keys}
		node["status"] = object{"conditions": []any{object{"type": "Ready", "status": ready}}}
	}
}

func (s *store) setLeases(held bool, names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		delete(s.leases, name)
		if held {
			s.leases[name] = true
		}
	}
}

func newClient(t *testing.T) (*Client, *store) {
	t.Helper()
	authority, err := pki.NewAuthority("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	server, err := authority.Issue(pki.Request{CommonName: "server", Usage: pki.Server, Hosts: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	user, err := authority.Issue(pki.Request{CommonName: "user"})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(server.Cert, server.Key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.Certificate())

	store := &store{nodes: map[string]object{}, pods: map[string]string{}, leases: map[string]bool{}}
	listener := httptest.NewUnstartedServer(store)
	listener.TLS = &tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientCAs:    roots,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		MinVersion:   tls.VersionTLS12,
	}
	listener.StartTLS()
	t.Cleanup(listener.Close)
	client, err := New(listener.URL, authority.Certificate(), user.Cert, user.Key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client, store
}

func TestSetFakeNodesAddsAndRemoves(t *testing.T) {
	t.Parallel()
	client, store := newClient(t)
	store.nodes["fake-x"] = object{"metadata": map[string]any{"name": "fake-x"}}
	store.nodes["mine"] = object{"metadata": map[string]any{"name": "mine"}}
	for _, test := range []struct {
		count int
		want  []string
	}{
		{3, []string{"fake-1", "fake-2", "fake-3", "fake-x", "mine"}},
		{3, []string{"fake-1", "fake-2", "fake-3", "fake-x", "mine"}},
		{4, []string{"fake-1", "fake-2", "fake-3", "fake-4", "fake-x", "mine"}},
		{1, []string{"fake-1", "fake-x", "mine"}},
		{0, []string{"fake-x", "mine"}},
	} {
		if err := client.SetFakeNodes(t.Context(), test.count); err != nil {
			t.Fatal(err)
		}
		if got := store.names(); !slices.Equal(got, test.want) {
			t.Errorf("%d nodes: got %v, want %v", test.count, got, test.want)
		}
	}
}

func TestRemovedNodeTakesItsPodsAlong(t *testing.T) {
	t.Parallel()
	client, store := newClient(t)
	if err := client.SetFakeNodes(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	store.pods["default/stays"] = "fake-1"
	store.pods["default/goes"] = "fake-2"
	store.pods["default/waits"] = ""
	if err := client.SetFakeNodes(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, left := store.pods["default/goes"]; left || len(store.pods) != 2 {
		t.Errorf("pods left: %v", store.pods)
	}
}

func TestFakeNodesReadyWhenPodsCanRunThere(t *testing.T) {
	t.Parallel()
	client, store := newClient(t)
	if err := client.SetFakeNodes(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		ready  string
		leased bool
		taints []string
		want   string
	}{
		{"not ready", "False", true, nil, "0 of 2 ready"},
		{"tainted yet", "True", true, []string{notReadyTaint}, "0 of 2 ready"},
		{"ready by a KWOK that has ended", "True", false, nil, "0 of 2 ready"},
		{"ready", "True", true, nil, ""},
		{"ready with another taint", "True", true, []string{"mine"}, ""},
	} {
		store.setStatus(test.ready, test.taints...)
		store.setLeases(test.leased, "fake-1", "fake-2")
		if got := errorText(client.FakeNodesReady(t.Context(), 2)); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
	if err := client.FakeNodesReady(t.Context(), 3); err == nil {
		t.Error("a node that is not there counts as ready")
	}
}

func TestReleasedNodesHaveNoLease(t *testing.T) {
	t.Parallel()
	client, store := newClient(t)
	if err := client.SetFakeNodes(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	store.setLeases(true, "fake-1", "real")
	if err := client.ReleaseFakeNodes(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(store.leases) != 1 || !store.leases["real"] {
		t.Errorf("leases left: %v", store.leases)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestFakeNodesHaveAddressesOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for number := 1; number <= MaxNodes; number++ {
		status := fakeNode(number)["status"].(object)
		text := status["addresses"].([]object)[0]["address"].(string)
		if seen[text] {
			t.Fatalf("node %d has the address %s of another", number, text)
		}
		seen[text] = true
		if address, err := netip.ParseAddr(text); err != nil || address.IsLoopback() {
			t.Fatalf("node %d has address %s, %v", number, text, err)
		}
	}
}

func TestAnswersOtherThan2xxAreErrors(t *testing.T) {
	t.Parallel()
	client, store := newClient(t)
	store.fail = http.StatusForbidden
	err := client.SetFakeNodes(t.Context(), 1)
	if !IsStatus(err, http.StatusForbidden) || !strings.Contains(err.Error(), "no way") {
		t.Errorf("got %v", err)
	}
	if err := client.Probe(t.Context(), client.server+"/readyz"); !IsStatus(err, http.StatusForbidden) {
		t.Errorf("probe: got %v", err)
	}
	store.fail = http.StatusConflict
	if err := client.addFakeNode(t.Context(), 1); err != nil {
		t.Errorf("a node that is there already: %v", err)
	}
	store.fail = http.StatusNotFound
	if err := client.DeleteNow(t.Context(), "/api/v1/nodes/fake-1"); err != nil {
		t.Errorf("a node that is gone already: %v", err)
	}
}

func TestNewRefusesBadCertificates(t *testing.T) {
	t.Parallel()
	authority, err := pki.NewAuthority("test", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	user, err := authority.Issue(pki.Request{CommonName: "user"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New("https://127.0.0.1", []byte("none"), user.Cert, user.Key); err == nil {
		t.Error("an authority that is none was accepted")
	}
	if _, err := New("https://127.0.0.1", authority.Certificate(), user.Cert, nil); err == nil {
		t.Error("a certificate without its key was accepted")
	}
}

func TestForEachCollectsErrors(t *testing.T) {
	t.Parallel()
	odd := errors.New("odd")
	var mu sync.Mutex
	sum := 0
	err := forEach([]int{1, 2, 3, 4}, func(n int) error {
		mu.Lock()
		defer mu.Unlock()
		sum += n
		if n%2 == 1 {
			return odd
		}
		return nil
	})
	if sum != 10 || !errors.Is(err, odd) || strings.Count(err.Error(), "odd") != 2 {
		t.Errorf("sum %d, error %v", sum, err)
	}
}
