package controlplane

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/api"
)

func allParts() []part {
	l, p := layout{"/state"}, block(firstBlock)
	return []part{etcdPart(l, p), apiServerPart(l, p), controllerManagerPart(l, p), schedulerPart(l, p), kwokPart(l, 0)}
}

// TestAllListenOnLoopbackOnly: whatever takes an address to listen at has this one.
func TestAllListenOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	listening := map[string]int{}
	for i, part := range allParts() {
		if part.name != startOrder[i] {
			t.Errorf("part %d is %s, want %s", i, part.name, startOrder[i])
		}
		for _, arg := range part.args {
			key, value, _ := strings.Cut(arg, "=")
			switch key {
			case "--bind-address":
				if value != "127.0.0.1" {
					t.Errorf("%s: %s", part.name, arg)
				}
				listening[part.name]++
			case "--listen-client-urls", "--listen-peer-urls":
				if !strings.HasPrefix(value, "http://127.0.0.1:") || strings.Contains(value, ",") {
					t.Errorf("%s: %s", part.name, arg)
				}
				listening[part.name]++
			case "--server-address", "--node-port":
				t.Errorf("%s listens: %s", part.name, arg)
			}
		}
	}
	for name, want := range map[string]int{etcd: 2, apiServer: 1, controllerManager: 1, scheduler: 1, kwok: 0} {
		if listening[name] != want {
			t.Errorf("%s has %d addresses to listen at, want %d", name, listening[name], want)
		}
	}
}

func TestPodRangesAreApart(t *testing.T) {
	t.Parallel()
	services := netip.MustParsePrefix(serviceCIDR)
	var seen []netip.Prefix
	for podRange := range podRanges {
		prefix, err := netip.ParsePrefix(podCIDR(podRange))
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range append(seen, services) {
			if prefix.Overlaps(other) {
				t.Errorf("%s overlaps %s", prefix, other)
			}
		}
		for _, address := range []string{advertised, spareNodeIP} {
			if prefix.Contains(netip.MustParseAddr(address)) {
				t.Errorf("%s contains %s", prefix, address)
			}
		}
		seen = append(seen, prefix)
	}
	if podCIDR(podRanges) != podCIDR(0) {
		t.Errorf("after the last range comes %s", podCIDR(podRanges))
	}
}

func TestKWOKManagesTheFakeNodes(t *testing.T) {
	t.Parallel()
	want := "--manage-nodes-with-label-selector=" + api.FakeSelector
	if args := strings.Join(kwokPart(layout{"/state"}, 0).args, " "); !strings.Contains(args, want) {
		t.Errorf("no %s in %s", want, args)
	}
}

func TestPKIIsMadeOnceAndServesAll(t *testing.T) {
	t.Parallel()
	l := layout{t.TempDir()}
	if err := os.Mkdir(l.pki()+partialSuffix, 0o700); err != nil { // an earlier run was interrupted
		t.Fatal(err)
	}
	if err := ensurePKI(l, "https://127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	content := func(name string) []byte {
		content, err := os.ReadFile(l.pkiFile(name))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(content("ca.crt"))
	pair, err := tls.X509KeyPair(content("server.crt"), content("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range serverHosts {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	for name := range users {
		if text := string(content(name + ".kubeconfig")); !strings.Contains(text, "server: https://127.0.0.1:1\n") {
			t.Errorf("kubeconfig of %s is %s", name, text)
		}
	}
	before := content("ca.crt")
	if err := ensurePKI(l, "https://127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	if string(content("ca.crt")) != string(before) {
		t.Error("keys were made anew")
	}
}

func TestStateSurvivesItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.json")
	if got, err := loadState(path); got != nil || err != nil {
		t.Errorf("missing file gives %v, %v", got, err)
	}
	want := state{Format: stateFormat, Ports: block(firstBlock), PodRange: 7}
	if err := want.save(path); err != nil {
		t.Fatal(err)
	}
	if got, err := loadState(path); err != nil || *got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for name, content := range map[string]string{"broken": "{", "of another version": `{"format": 99}`} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := loadState(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestReservedPortsAreFreeAndApart(t *testing.T) {
	t.Parallel()
	locks := t.TempDir()
	seen := map[int]bool{}
	for range 5 {
		reserved, lock, err := reservePorts(locks)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = lock.Remove() }()
		for _, port := range reserved.all() {
			if seen[port] || port < firstBlock || port >= lastBlock {
				t.Errorf("port %d is taken or out of range", port)
			}
			seen[port] = true
			if err := checkFree(port); err != nil {
				t.Error(err)
			}
		}
	}
}
