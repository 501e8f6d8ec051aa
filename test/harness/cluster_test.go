package harness

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseEnv(t *testing.T) {
	t.Parallel()
	require.Equal(t, map[string]string{"KUBECONFIG": "/a b/kubeconfig", "KUBECTL": "/bin/kubectl", "EMPTY": ""},
		parseEnv("# access\nKUBECONFIG=\"/a b/kubeconfig\"\nexport KUBECTL=/bin/kubectl\n\nEMPTY=\n"))
}
