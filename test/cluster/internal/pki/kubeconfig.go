package pki

import (
	"encoding/base64"
	"fmt"
)

// Kubeconfig returns a kubeconfig file for one user of the API server at the given URL. Certificates
// are inside, so that the file can be copied.
func Kubeconfig(server string, authority []byte, user Pair) []byte {
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
  - name: local
    cluster:
      server: %s
      certificate-authority-data: %s
users:
  - name: local
    user:
      client-certificate-data: %s
      client-key-data: %s
contexts:
  - name: local
    context:
      cluster: local
      user: local
current-context: local
`, server, b64(authority), b64(user.Cert), b64(user.Key))
}
