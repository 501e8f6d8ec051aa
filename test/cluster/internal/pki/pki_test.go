package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"regexp"
	"slices"
	"testing"
	"time"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newAuthority(t *testing.T) *Authority {
	t.Helper()
	authority, err := NewAuthority("test", now)
	if err != nil {
		t.Fatal(err)
	}
	return authority
}

func issue(t *testing.T, authority *Authority, request Request) *x509.Certificate {
	t.Helper()
	pair, err := authority.Issue(request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair(pair.Cert, pair.Key); err != nil {
		t.Fatalf("certificate and key do not belong together: %v", err)
	}
	return parse(t, pair.Cert)
}

func parse(t *testing.T, certPEM []byte) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode(certPEM)
	if block == nil || len(rest) != 0 {
		t.Fatalf("want exactly one PEM block, got %q", certPEM)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestIssuedCertificatesServeTheirUsageOnly(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority.Certificate()) {
		t.Fatal("authority certificate is not PEM")
	}
	for _, test := range []struct {
		name   string
		usage  Usage
		allows x509.ExtKeyUsage
		denies x509.ExtKeyUsage
	}{
		{"client", Client, x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		{"server", Server, x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cert := issue(t, authority, Request{CommonName: "c", Usage: test.usage})
			options := x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{test.allows}}
			if _, err := cert.Verify(options); err != nil {
				t.Errorf("want a chain to the authority: %v", err)
			}
			options.KeyUsages = []x509.ExtKeyUsage{test.denies}
			if _, err := cert.Verify(options); err == nil {
				t.Error("certificate may be used for the other purpose too")
			}
			if cert.IsCA || cert.KeyUsage != x509.KeyUsageDigitalSignature {
				t.Errorf("want a leaf that only signs, got CA %v, key usage %b", cert.IsCA, cert.KeyUsage)
			}
		})
	}
}

func TestCertificateOfAnotherAuthorityIsRefused(t *testing.T) {
	t.Parallel()
	cert := issue(t, newAuthority(t), Request{CommonName: "c"})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(newAuthority(t).Certificate())
	options := x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	if _, err := cert.Verify(options); err == nil {
		t.Error("a certificate of another authority with the same name was accepted")
	}
}

func TestHostsBecomeAddressesAndNames(t *testing.T) {
	t.Parallel()
	cert := issue(t, newAuthority(t), Request{
		CommonName: "server",
		Usage:      Server,
		Hosts:      []string{"127.0.0.1", "localhost", "10.96.0.1", "kubernetes.default.svc"},
	})
	for _, host := range []string{"127.0.0.1", "localhost", "10.96.0.1", "kubernetes.default.svc"} {
		if err := cert.VerifyHostname(host); err != nil {
			t.Errorf("host %s: %v", host, err)
		}
	}
	if err := cert.VerifyHostname("10.96.0.2"); err == nil {
		t.Error("certificate is valid for a host nobody asked for")
	}
}

func TestSubjectIsUserAndGroups(t *testing.T) {
	t.Parallel()
	cert := issue(t, newAuthority(t), Request{CommonName: "admin", Organizations: []string{"system:masters"}})
	if cert.Subject.CommonName != "admin" || !slices.Equal(cert.Subject.Organization, []string{"system:masters"}) {
		t.Errorf("subject is %s", cert.Subject)
	}
}

func TestAuthorityMaySignAndIsValidNow(t *testing.T) {
	t.Parallel()
	cert := parse(t, newAuthority(t).Certificate())
	if !cert.IsCA || cert.KeyUsage&x509.KeyUsageCertSign == 0 {
		t.Errorf("want an authority, got CA %v, key usage %b", cert.IsCA, cert.KeyUsage)
	}
	if now.Before(cert.NotBefore) || now.AddDate(1, 0, 0).After(cert.NotAfter) {
		t.Errorf("valid from %s to %s, want a year from %s at least", cert.NotBefore, cert.NotAfter, now)
	}
}

func TestNewKeyIsParsable(t *testing.T) {
	t.Parallel()
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(key)
	if block == nil || block.Type != "EC PRIVATE KEY" {
		t.Fatalf("want a PEM private key, got %q", key)
	}
	if _, err := x509.ParseECPrivateKey(block.Bytes); err != nil {
		t.Error(err)
	}
}

func TestKubeconfigCarriesItsCertificates(t *testing.T) {
	t.Parallel()
	text := string(Kubeconfig("https://127.0.0.1:1234", []byte("authority"), Pair{Cert: []byte("cert"), Key: []byte("key")}))
	for field, want := range map[string]string{
		"server":                     "https://127.0.0.1:1234",
		"certificate-authority-data": base64.StdEncoding.EncodeToString([]byte("authority")),
		"client-certificate-data":    base64.StdEncoding.EncodeToString([]byte("cert")),
		"client-key-data":            base64.StdEncoding.EncodeToString([]byte("key")),
	} {
		if !regexp.MustCompile(`(?m)^ +` + field + `: ` + regexp.QuoteMeta(want) + `$`).MatchString(text) {
			t.Errorf("no line %s: %s in\n%s", field, want, text)
		}
	}
}
