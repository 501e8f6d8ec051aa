package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/harness"
)

// A wrong configuration ends the start with a line that names the key and the rule.
func TestWrongConfigurationIsNamed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config string            // merged into the shipped configuration
		env    map[string]string // on top of a right one
		want   []string          // all in one line
	}{
		"unknown key of the receiver": {
			config: "receivers: {k8s_topology: {flush_intervall: 1s}}",
			want:   []string{"flush_intervall", "invalid keys"},
		},
		"unknown key of the exporter": {
			config: "exporters: {stackstate: {apikey: x}}",
			want:   []string{"apikey", "invalid keys"},
		},
		"unknown key of the processor": {
			config: "processors: {stackstate: {cluster_typ: kubernetes}}",
			want:   []string{"cluster_typ", "invalid keys"},
		},
		"unknown kind": {
			config: "receivers: {k8s_topology: {kinds: {gadgets: {enabled: true}}}}",
			want:   []string{"k8s_topology", "kinds", "must be among", "gadgets"},
		},
		"unknown way to authenticate": {
			config: "receivers: {k8s_topology: {auth_type: magic}}",
			want:   []string{"auth_type", "must be one of", "magic"},
		},
		"URL without scheme": {
			env:  map[string]string{"STACKSTATE_URL": "intake.example:7077"},
			want: []string{"exporters::stackstate", "endpoint", "must"},
		},
		"URL that is none": {
			env:  map[string]string{"STACKSTATE_URL": "http://[broken"},
			want: []string{"exporters::stackstate", "endpoint", "must"},
		},
		"no URL": {
			env:  map[string]string{"STACKSTATE_URL": ""},
			want: []string{"exporters::stackstate", "endpoint", "must"},
		},
		"no key": {
			env:  map[string]string{"STACKSTATE_API_KEY": ""},
			want: []string{"exporters::stackstate", "api_key", "must be set"},
		},
		"no cluster name": {
			env:  map[string]string{"CLUSTER_NAME": ""},
			want: []string{"receivers::k8s_topology", "cluster_name", "must not be empty"},
		},
		"blank cluster name": {
			env:  map[string]string{"CLUSTER_NAME": "  "},
			want: []string{"receivers::k8s_topology", "cluster_name", "must not be empty"},
		},
		"missing kubeconfig": {
			env:  map[string]string{"KUBECONFIG": "/nowhere/kubeconfig"},
			want: []string{"k8s_topology", "KUBECONFIG", "/nowhere/kubeconfig", "no such file"},
		},
		"negative flush interval": {
			config: "receivers: {k8s_topology: {flush_interval: -1s}}",
			want:   []string{"receivers::k8s_topology", "flush_interval", "must be at least", "-1s"},
		},
		"negative snapshot interval": {
			config: "receivers: {k8s_topology: {snapshot_interval: -5m}}",
			want:   []string{"receivers::k8s_topology", "snapshot_interval", "must be at least", "-5m0s"},
		},
		"negative timeout": {
			config: "exporters: {stackstate: {timeout: -1s}}",
			want:   []string{"exporters::stackstate", "timeout", "must be positive", "-1s"},
		},
		"no duration": {
			config: "receivers: {k8s_topology: {flush_interval: soon}}",
			want:   []string{"flush_interval", "invalid duration"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stderr := startWrong(t, tc.config, tc.env)
			require.True(t, someLine(stderr, tc.want), "want a line with all of %q, got\n%s", tc.want, stderr)
			require.NotContains(t, stderr, "goroutine ", "it must not panic")
			require.NotContains(t, stderr, "Usage:", "the command line was right")
		})
	}
}

// startWrong starts a collector that must not come up and returns what it says.
func startWrong(t *testing.T, config string, env map[string]string) string {
	t.Helper()
	source := harness.Source{Cluster: "wrong", Kubeconfig: suite.kube.Kubeconfig, URL: "http://127.0.0.1:1"}
	withConfig(t, config)(&source)
	collector, err := suite.collectors.Standalone(t.TempDir(), source)
	require.NoError(t, err)
	for key, value := range env {
		collector.Env[key] = value
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	began := time.Now()
	stderr, err := collector.Run(ctx)
	require.ErrorContains(t, err, "exit status", "it ran for %s and said\n%s", time.Since(began), stderr)
	return stderr
}

func someLine(text string, words []string) bool {
next:
	for line := range strings.Lines(text) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue next
			}
		}
		return true
	}
	return false
}
