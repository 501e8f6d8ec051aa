package k8stopologyreceiver

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/kube"
)

func TestDefaultConfigNeedsOnlyAClusterName(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	assert.EqualError(t, xconfmap.Validate(cfg), "cluster_name must not be empty")
	cfg.ClusterName = "prod"
	assert.NoError(t, xconfmap.Validate(cfg))
}

func TestConfig(t *testing.T) {
	elector := component.MustNewIDWithName("k8s_leader_elector", "topology")
	for _, tt := range []struct {
		name  string
		want  *Config
		error string // one of the lines, if the configuration is to be refused
	}{
		{name: "full", want: &Config{
			APIConfig:        kube.APIConfig{AuthType: kube.AuthTypeKubeConfig, Context: "staging"},
			ClusterName:      "prod-eu-1",
			FlushInterval:    500 * time.Millisecond,
			SnapshotInterval: 10 * time.Minute,
			K8sLeaderElector: &elector,
			Kinds:            map[string]KindConfig{"replicaset": {Enabled: ptr(false)}, "pod": {}, "node": {}},
		}},
		{name: "unknown_key", error: "has invalid keys: clustername"},
		{name: "empty_cluster_name", error: "cluster_name must not be empty"},
		{name: "negative_flush_interval", error: "flush_interval must be at least 10ms, got -1s"},
		{name: "short_snapshot_interval", error: "snapshot_interval must be at least 1s, got 10ms"},
		{name: "wrong_auth_type", error: `auth_type must be one of ["serviceAccount" "kubeConfig" "none"], got "token"`},
		{name: "context_without_kubeconfig", error: `context needs auth_type "kubeConfig", got "serviceAccount"`},
		{name: "unknown_kind", error: `kinds: must be among namespace, node, service, deployment, replicaset, pod, endpointslice, got "gizmo"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
			require.NoError(t, err)
			section, err := file.Sub("k8s_topology/" + tt.name)
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			err = section.Unmarshal(cfg)
			if err == nil {
				err = xconfmap.Validate(cfg)
			}
			if tt.error != "" {
				assert.ErrorContains(t, err, tt.error)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, cfg)
		})
	}
}

func TestKindsAreEnabledUnlessSwitchedOff(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	all := len(cfg.enabled())
	cfg.Kinds = map[string]KindConfig{"pod": {Enabled: ptr(true)}, "node": {}, "replicaset": {Enabled: ptr(false)}}
	assert.Len(t, cfg.enabled(), all-1)
	for _, k := range cfg.enabled() {
		assert.NotEqual(t, "replicaset", k.Name)
	}
}

func ptr(b bool) *bool { return &b }
