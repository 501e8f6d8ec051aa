package controlplane

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/api"
	"github.com/otelcol-stackstate/otelcol-stackstate/test/cluster/internal/pki"
)

const (
	admin = "admin"
	// superusers may do everything, whatever RBAC says.
	superusers = "system:masters"
)

// users of the API server; each gets <name>.kubeconfig.
var users = map[string]pki.Request{
	admin:             {CommonName: admin, Organizations: []string{superusers}},
	controllerManager: {CommonName: "system:kube-controller-manager"},
	scheduler:         {CommonName: "system:kube-scheduler"},
	kwok:              {CommonName: kwok, Organizations: []string{superusers}},
}

var serverHosts = []string{
	loopback, apiServiceIP, advertised, "localhost",
	"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
}

// ensurePKI makes keys and certificates unless they are there, all or none.
func ensurePKI(l layout, server string) error {
	if _, err := os.Stat(l.pki()); err == nil {
		return nil
	}
	partial := l.pki() + partialSuffix
	if err := os.RemoveAll(partial); err != nil {
		return fmt.Errorf("make keys: %w", err)
	}
	if err := os.Mkdir(partial, 0o700); err != nil {
		return fmt.Errorf("make keys: %w", err)
	}
	files, err := newPKI(server)
	if err != nil {
		return fmt.Errorf("make keys: %w", err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(partial, name), content, 0o600); err != nil {
			return fmt.Errorf("save keys: %w", err)
		}
	}
	if err := os.Rename(partial, l.pki()); err != nil {
		return fmt.Errorf("save keys: %w", err)
	}
	return nil
}

// newPKI returns the files of the folder.
func newPKI(server string) (map[string][]byte, error) {
	authority, err := pki.NewAuthority("local-cluster", time.Now())
	if err != nil {
		return nil, err
	}
	serverPair, err := authority.Issue(pki.Request{CommonName: apiServer, Hosts: serverHosts, Usage: pki.Server})
	if err != nil {
		return nil, err
	}
	tokenKey, err := pki.NewKey()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		"ca.crt":     authority.Certificate(),
		"server.crt": serverPair.Cert,
		"server.key": serverPair.Key,
		"sa.key":     tokenKey,
	}
	for name, request := range users {
		pair, err := authority.Issue(request)
		if err != nil {
			return nil, err
		}
		files[name+".kubeconfig"] = pki.Kubeconfig(server, authority.Certificate(), pair)
		if name == admin {
			files["admin.crt"], files["admin.key"] = pair.Cert, pair.Key
		}
	}
	return files, nil
}

// writeAccess writes what users read: the kubeconfig, and the paths as lines that a shell and make
// understand.
func writeAccess(l layout, kubectl string) error {
	kubeconfig, err := os.ReadFile(l.pkiFile(admin + ".kubeconfig"))
	if err != nil {
		return fmt.Errorf("read kubeconfig: %w", err)
	}
	if err := writeFile(l.kubeconfig(), kubeconfig); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	env := fmt.Appendf(nil, "KUBECONFIG=%s\nKUBECTL=%s\n", l.kubeconfig(), kubectl)
	if err := writeFile(l.env(), env); err != nil {
		return fmt.Errorf("write environment: %w", err)
	}
	return nil
}

// newClient returns the admin's client.
func newClient(l layout, p ports) (*api.Client, error) {
	var contents [3][]byte
	for i, name := range []string{"ca.crt", "admin.crt", "admin.key"} {
		content, err := os.ReadFile(l.pkiFile(name))
		if err != nil {
			return nil, fmt.Errorf("read keys: %w", err)
		}
		contents[i] = content
	}
	return api.New(apiServerURL(p), contents[0], contents[1], contents[2])
}
