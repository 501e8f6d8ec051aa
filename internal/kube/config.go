// Package kube gives components access to the Kubernetes API: how to authenticate, and a client.
package kube

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// AuthType says how to authenticate to the API server. The names are those of the Collector's other
// Kubernetes components.
type AuthType string

// The ways to authenticate.
const (
	// AuthTypeNone uses no credentials; the server is found as for a service account.
	AuthTypeNone AuthType = "none"
	// AuthTypeServiceAccount uses the service account of the pod the collector runs in.
	AuthTypeServiceAccount AuthType = "serviceAccount"
	// AuthTypeKubeConfig uses $KUBECONFIG or ~/.kube/config and, where there is neither, the
	// service account.
	AuthTypeKubeConfig AuthType = "kubeConfig"
)

var authTypes = []AuthType{AuthTypeServiceAccount, AuthTypeKubeConfig, AuthTypeNone}

// UnmarshalText accepts the names of the authentication types.
func (t *AuthType) UnmarshalText(text []byte) error {
	if !slices.Contains(authTypes, AuthType(text)) {
		return fmt.Errorf("auth_type must be one of %q, got %q", authTypes, text)
	}
	*t = AuthType(text)
	return nil
}

// APIConfig is the part of a component's configuration that tells how to reach the API server.
type APIConfig struct {
	// AuthType is how to authenticate.
	AuthType AuthType `mapstructure:"auth_type"`
	// Context of the kubeconfig to use; empty for its current one.
	Context string `mapstructure:"context"`
	// prevent unkeyed literal initialization
	_ struct{}
}

// Validate reports what is wrong with the configuration.
func (c *APIConfig) Validate() error {
	if c.Context != "" && c.AuthType != AuthTypeKubeConfig {
		return fmt.Errorf("context needs auth_type %q, got %q", AuthTypeKubeConfig, c.AuthType)
	}
	return nil
}

// RESTConfig finds the API server and the credentials. The error names the key of the
// configuration and what is missing; nothing is contacted.
func (c *APIConfig) RESTConfig() (*rest.Config, error) {
	config, err := c.restConfig()
	if err != nil {
		return nil, fmt.Errorf("auth_type %s: %w", c.AuthType, err)
	}
	// Protobuf costs the API server and us a fraction of what JSON does.
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.ContentType = "application/vnd.kubernetes.protobuf"
	return config, nil
}

// Client returns a client for the API server.
func (c *APIConfig) Client() (kubernetes.Interface, error) {
	config, err := c.RESTConfig()
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfig(config)
}

func (c *APIConfig) restConfig() (*rest.Config, error) {
	switch c.AuthType {
	case AuthTypeNone:
		host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
		if host == "" || port == "" {
			return nil, errors.New("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be set")
		}
		return &rest.Config{
			Host:            "https://" + net.JoinHostPort(host, port),
			TLSClientConfig: rest.TLSClientConfig{Insecure: true}, // nothing secret is sent, and there is no CA to go by
		}, nil
	case AuthTypeServiceAccount:
		return rest.InClusterConfig()
	default:
		return kubeConfig(c.Context)
	}
}

func kubeConfig(context string) (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	if err := exists(os.Getenv(clientcmd.RecommendedConfigPathEnvVar)); err != nil {
		return nil, err
	}
	overrides := &clientcmd.ConfigOverrides{CurrentContext: context}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, fmt.Errorf("no kubeconfig: set %s to an existing file, or use auth_type %s inside a cluster",
			clientcmd.RecommendedConfigPathEnvVar, AuthTypeServiceAccount)
	}
	return config, err
}

// exists checks that of the files of a KUBECONFIG list at least one is there. client-go takes a
// list of missing files for no configuration at all, which hides a mistyped path.
func exists(list string) error {
	if list == "" {
		return nil
	}
	for _, file := range filepath.SplitList(list) {
		if _, err := os.Stat(file); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s=%s: no such file", clientcmd.RecommendedConfigPathEnvVar, list)
}
