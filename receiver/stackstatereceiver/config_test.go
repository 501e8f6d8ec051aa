package stackstatereceiver

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"

	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/stackstatereceiver/internal/metadata"
)

func loadConfig(t *testing.T, name string) (*Config, error) {
	t.Helper()
	file, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	section, err := file.Sub(component.NewIDWithName(metadata.Type, name).String())
	require.NoError(t, err)
	cfg := NewFactory().CreateDefaultConfig()
	return cfg.(*Config), section.Unmarshal(cfg)
}

func TestConfigDefaults(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig(t, "")
	require.NoError(t, err)
	require.NoError(t, xconfmap.Validate(cfg))
	assert.Equal(t, createDefaultConfig(), cfg)
	assert.Equal(t, "127.0.0.1:7077", cfg.ServerConfig.NetAddr.Endpoint)
	assert.EqualValues(t, 52428800, cfg.ServerConfig.MaxRequestBodySize)
	assert.Equal(t, []string{"", "deflate", "gzip", "identity"}, cfg.ServerConfig.CompressionAlgorithms)
	assert.Equal(t, map[string]any{"expose-kubernetes-status": true}, cfg.Features)
	assert.Empty(t, cfg.APIKeys)
}

func TestConfigFull(t *testing.T) {
	t.Parallel()
	cfg, err := loadConfig(t, "full")
	require.NoError(t, err)
	require.NoError(t, xconfmap.Validate(cfg))

	want := createDefaultConfig().(*Config)
	want.ServerConfig.NetAddr = confignet.AddrConfig{Endpoint: "0.0.0.0:17077", Transport: confignet.TransportTypeTCP, DialerConfig: want.ServerConfig.NetAddr.DialerConfig}
	want.ServerConfig.MaxRequestBodySize = 1 << 20
	want.ServerConfig.CompressionAlgorithms = []string{"", "gzip"}
	want.ServerConfig.ReadTimeout = 20 * time.Second
	want.APIKeys = []configopaque.String{" first ", "second"}
	want.Features = map[string]any{"expose-kubernetes-status": false, "max-components-per-agent": 5000}
	assert.Equal(t, want, cfg)
	assert.Equal(t, []string{"first", "second"}, cfg.keys())
}

func TestConfigInvalid(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"bad_server": {
			`endpoint must be <host>:<port>, got "nowhere"`,
			`max_request_body_size must be positive, got 0`,
			`compression_algorithms must be some of ["" "deflate" "gzip" "identity"], got "zstd"`,
			`read_timeout must not be negative, got -1s`,
			`read_header_timeout must not be negative, got -2s`,
			`write_timeout must not be negative, got -3s`,
			`idle_timeout must not be negative, got -4s`,
		},
		"bad_keys": {
			`endpoint must be set`,
			`api_keys[1] must not be empty`,
			`api_keys[2] must not contain control characters`,
			`features::incremental-topology must be a boolean or an integer, got yes`,
		},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := loadConfig(t, name)
			require.NoError(t, err)
			err = xconfmap.Validate(cfg)
			for _, message := range want {
				require.ErrorContains(t, err, message)
			}
		})
	}
	_, err := loadConfig(t, "unknown")
	require.ErrorContains(t, err, "api_key")
}

func TestConfigUnixSocketNeedsNoPort(t *testing.T) {
	t.Parallel()
	cfg := createDefaultConfig().(*Config)
	cfg.ServerConfig.NetAddr.Transport = confignet.TransportTypeUnix
	cfg.ServerConfig.NetAddr.Endpoint = "/run/intake.sock"
	require.NoError(t, xconfmap.Validate(cfg))
}
