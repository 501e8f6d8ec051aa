package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/otelcol"
)

func TestFactoriesAreThere(t *testing.T) {
	factories, err := components()
	require.NoError(t, err)
	assert.Subset(t, names(factories.Receivers), []string{"k8s_topology", "kubeletstats", "otlp", "stackstate"})
	assert.Subset(t, names(factories.Processors), []string{"batch", "filter", "k8s_attributes", "memory_limiter", "stackstate", "transform"})
	assert.Subset(t, names(factories.Exporters), []string{"debug", "file", "otlp_grpc", "otlp_http", "stackstate"})
	assert.Subset(t, names(factories.Extensions), []string{"file_storage", "health_check", "k8s_leader_elector", "pprof", "zpages"})
}

func names[F any](factories map[component.Type]F) []string {
	var all []string
	for name := range factories {
		all = append(all, name.String())
	}
	return all
}

// The versions stand twice: once for ocb, once for Go.
func TestBillOfMaterialsHasTheVersionsOfGoMod(t *testing.T) {
	bill, err := os.ReadFile("builder-config.yaml")
	require.NoError(t, err)
	module, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	parts := regexp.MustCompile(`gomod: (\S+ v\S+)`).FindAllStringSubmatch(string(bill), -1)
	require.NotEmpty(t, parts)
	for _, part := range parts {
		if part[1] != "github.com/otelcol-stackstate/otelcol-stackstate v0.0.0" {
			assert.Regexp(t, `(?m)^\s+`+regexp.QuoteMeta(part[1])+`$`, string(module))
		}
	}
}

func TestShippedConfigurationsAreValid(t *testing.T) {
	files, err := filepath.Glob("deploy/config/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			setEnvironment(t)
			assert.NoError(t, dryRun(t, file))
		})
	}
}

func TestWrongConfigurationIsRefusedByNameOfTheSetting(t *testing.T) {
	tests := []struct {
		name, environment, value string // a variable that differs from what is right
		setting                  string // YAML on top of the shipped configuration
		want                     []string
	}{
		{name: "cluster name is missing", environment: "CLUSTER_NAME", want: []string{"receivers::k8s_topology", "cluster_name"}},
		{name: "server is missing", environment: "STACKSTATE_URL", want: []string{"exporters::stackstate", "endpoint"}},
		{name: "server is no URL", environment: "STACKSTATE_URL", value: "stackstate:nonsense", want: []string{"exporters::stackstate", "endpoint"}},
		{name: "key is missing", environment: "STACKSTATE_API_KEY", want: []string{"exporters::stackstate", "api_key"}},
		{name: "storage is no folder", environment: "STORAGE_DIR", value: "/dev/null", want: []string{"extensions::file_storage", "/dev/null"}},
		{
			name: "duration is negative", setting: "receivers::k8s_topology::flush_interval: -1s",
			want: []string{"receivers::k8s_topology", "flush_interval", "-1s"},
		},
		{
			name: "setting is unknown", setting: "receivers::k8s_topology::flush_intervall: 1s",
			want: []string{"k8s_topology", "flush_intervall"},
		},
		{
			name: "access is unknown", setting: "receivers::k8s_topology::auth_type: password",
			want: []string{"k8s_topology", "auth_type", "password"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			setEnvironment(t)
			if test.environment != "" {
				t.Setenv(test.environment, test.value)
			}
			err := dryRun(t, "deploy/config/standalone.yaml", "yaml:"+test.setting)
			require.Error(t, err)
			for _, word := range test.want {
				assert.ErrorContains(t, err, word)
			}
		})
	}
}

// setEnvironment sets all that the shipped configurations need.
func setEnvironment(t *testing.T) {
	t.Helper()
	for key, value := range map[string]string{
		"CLUSTER_NAME":       "test",
		"STACKSTATE_URL":     "http://127.0.0.1:7077",
		"STACKSTATE_API_KEY": "key",
		"STORAGE_DIR":        t.TempDir(),
		"INTAKE_DIR":         t.TempDir(),
	} {
		t.Setenv(key, value)
	}
}

// dryRun loads and checks a configuration the way the binary does, without starting anything.
func dryRun(t *testing.T, uris ...string) error {
	t.Helper()
	return newCollector(t, uris...).DryRun(t.Context())
}

// newCollector is what main runs, with all that is in the binary.
func newCollector(t *testing.T, uris ...string) *otelcol.Collector {
	t.Helper()
	collector, err := otelcol.NewCollector(otelcol.CollectorSettings{
		BuildInfo: component.NewDefaultBuildInfo(),
		Factories: components,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{
			ResolverSettings: confmap.ResolverSettings{
				URIs: uris,
				ProviderFactories: []confmap.ProviderFactory{
					envprovider.NewFactory(), fileprovider.NewFactory(), yamlprovider.NewFactory(),
				},
			},
		},
		DisableGracefulShutdown: true, // signals are the test runner's
	})
	require.NoError(t, err)
	return collector
}
