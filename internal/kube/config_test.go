package kube

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const kubeconfig = `apiVersion: v1
kind: Config
clusters:
  - {name: one, cluster: {server: "https://127.0.0.1:1"}}
  - {name: two, cluster: {server: "https://127.0.0.1:2"}}
contexts:
  - {name: one, context: {cluster: one}}
  - {name: two, context: {cluster: two}}
current-context: one
`

// outside makes the test run as if outside a cluster, with the given KUBECONFIG.
func outside(t *testing.T, path string) {
	t.Helper()
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	t.Setenv("KUBERNETES_SERVICE_PORT", "")
	t.Setenv("HOME", t.TempDir())
	t.Setenv("KUBECONFIG", path)
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestKubeConfig(t *testing.T) {
	valid, broken := write(t, kubeconfig), write(t, "clusters: [")
	for _, tt := range []struct {
		name, path, context string
		host, error         string
	}{
		{name: "current context", path: valid, host: "https://127.0.0.1:1"},
		{name: "named context", path: valid, context: "two", host: "https://127.0.0.1:2"},
		{name: "list with a missing file", path: "/none" + string(filepath.ListSeparator) + valid, host: "https://127.0.0.1:1"},
		{name: "missing context", path: valid, context: "three", error: `auth_type kubeConfig: context "three" does not exist`},
		{name: "missing file", path: "/none", error: "auth_type kubeConfig: KUBECONFIG=/none: no such file"},
		{name: "broken file", path: broken, error: "auth_type kubeConfig: error loading config file"},
		{name: "nowhere", error: "auth_type kubeConfig: no kubeconfig: set KUBECONFIG to an existing file, or use auth_type serviceAccount inside a cluster"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			outside(t, tt.path)
			api := APIConfig{AuthType: AuthTypeKubeConfig, Context: tt.context}
			config, err := api.RESTConfig()
			if tt.error != "" {
				assert.ErrorContains(t, err, tt.error)
				_, err = api.Client()
				assert.ErrorContains(t, err, tt.error)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.host, config.Host)
			client, err := api.Client()
			require.NoError(t, err)
			assert.NotNil(t, client)
		})
	}
}

func TestNoCredentials(t *testing.T) {
	outside(t, "")
	api := APIConfig{AuthType: AuthTypeNone}
	_, err := api.RESTConfig()
	require.EqualError(t, err, "auth_type none: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be set")
	t.Setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
	t.Setenv("KUBERNETES_SERVICE_PORT", "6443")
	config, err := api.RESTConfig()
	require.NoError(t, err)
	assert.Equal(t, "https://127.0.0.1:6443", config.Host)
	assert.Empty(t, config.BearerToken)
}

func TestServiceAccountOutsideACluster(t *testing.T) {
	outside(t, "")
	_, err := (&APIConfig{AuthType: AuthTypeServiceAccount}).RESTConfig()
	assert.ErrorContains(t, err, "auth_type serviceAccount: unable to load in-cluster configuration")
}

func TestAuthTypeNames(t *testing.T) {
	var auth AuthType
	for _, name := range []string{"none", "serviceAccount", "kubeConfig"} {
		require.NoError(t, auth.UnmarshalText([]byte(name)))
		assert.Equal(t, AuthType(name), auth)
	}
	assert.ErrorContains(t, auth.UnmarshalText([]byte("token")), `auth_type must be one of`)
}

func TestContextNeedsAKubeConfig(t *testing.T) {
	assert.NoError(t, (&APIConfig{AuthType: AuthTypeKubeConfig, Context: "c"}).Validate())
	assert.ErrorContains(t, (&APIConfig{AuthType: AuthTypeNone, Context: "c"}).Validate(), "context needs auth_type")
}
