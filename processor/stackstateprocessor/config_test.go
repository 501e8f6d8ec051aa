package stackstateprocessor

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"
)

// load reads one section of testdata/config.yaml the way the Collector does.
func load(t *testing.T, section string) (*Config, error) {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	conf, err := all.Sub(section)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	if err := conf.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, xconfmap.Validate(cfg)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for section, want := range map[string]Config{
		"stackstate":            {ClusterType: ClusterTypeKubernetes},
		"stackstate/kubernetes": {ClusterType: ClusterTypeKubernetes},
		"stackstate/openshift":  {ClusterType: ClusterTypeOpenShift},
	} {
		cfg, err := load(t, section)
		require.NoError(t, err, section)
		assert.Equal(t, want, *cfg, section)
	}
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	for section, want := range map[string]string{
		"stackstate/unknown_type": `cluster_type must be "kubernetes" or "openshift", got "OpenShift"`,
		"stackstate/empty_type":   `cluster_type must be "kubernetes" or "openshift", got ""`,
		"stackstate/unknown_key":  "cluster_kind",
	} {
		_, err := load(t, section)
		assert.ErrorContains(t, err, want, section)
	}
}

func TestConfigMadeInCodeIsValidated(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, xconfmap.Validate(&Config{}), `cluster_type must be "kubernetes" or "openshift", got ""`)
	require.Error(t, (*ClusterType)(nil).UnmarshalText([]byte("kubernetes")))
}
