package stackstateexporter

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/config/configtls"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/confmap/xconfmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

func TestDefaultConfig(t *testing.T) {
	t.Parallel()
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, componenttest.CheckConfigStruct(cfg))

	queue := exporterhelper.NewDefaultQueueConfig()
	queue.NumConsumers, queue.BlockOnOverflow = 1, true
	assert.Equal(t, configoptional.Some(queue), cfg.QueueConfig)
	assert.True(t, cfg.RetryConfig.Enabled)
	assert.Zero(t, cfg.RetryConfig.MaxElapsedTime, "retries must not give up")
	assert.Equal(t, 30*time.Second, cfg.ClientConfig.Timeout)
	assert.Equal(t, configcompression.TypeDeflate, cfg.ClientConfig.Compression)
	assert.Equal(t, KeyInBoth, cfg.APIKeyIn)
	assert.Equal(t, 4<<20, cfg.MaxPayloadBytes)
	assert.Equal(t, 10_000, cfg.MaxElements)

	err := xconfmap.Validate(cfg)
	assert.ErrorContains(t, err, "endpoint must be set")
	assert.ErrorContains(t, err, "api_key must be set")
}

func TestConfigFromYAML(t *testing.T) {
	t.Parallel()
	sections, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	load := func(name string) *Config {
		section, err := sections.Sub(name)
		require.NoError(t, err)
		cfg, err := loadConfig(section)
		require.NoError(t, err)
		return cfg
	}

	minimal := createDefaultConfig().(*Config)
	minimal.ClientConfig.Endpoint, minimal.APIKey = "http://127.0.0.1:7077", "key"
	assert.Equal(t, minimal, load("stackstate"))

	full := createDefaultConfig().(*Config)
	full.ClientConfig.Endpoint = "https://stackstate.example.com/receiver/stsAgent/"
	full.ClientConfig.Timeout = 10 * time.Second
	full.ClientConfig.Compression = configcompression.TypeGzip
	full.ClientConfig.CompressionParams.Level = 6
	full.ClientConfig.ProxyURL = "http://proxy.example.com:3128"
	full.ClientConfig.TLS = configtls.ClientConfig{InsecureSkipVerify: true}
	full.ClientConfig.Headers = configopaque.MapList{{Name: "x-tenant", Value: "a"}}
	full.APIKey, full.APIKeyIn = "key", KeyInHeader
	full.Hostname = "prod-eu-1"
	full.MaxPayloadBytes, full.MaxElements = 1_000_000, 500
	storage := component.MustNewID("file_storage")
	queue := full.QueueConfig.Get()
	queue.QueueSize, queue.BlockOnOverflow, queue.StorageID = 50, false, &storage
	full.RetryConfig = configretry.NewDefaultBackOffConfig()
	full.RetryConfig.InitialInterval = time.Second
	full.RetryConfig.MaxInterval = time.Minute
	full.RetryConfig.MaxElapsedTime = time.Hour
	assert.Equal(t, full, load("stackstate/full"))

	assert.False(t, load("stackstate/no_queue").QueueConfig.HasValue())
}

func TestInvalidConfigNamesKeyAndRule(t *testing.T) {
	t.Parallel()
	sections, err := confmaptest.LoadConf(filepath.Join("testdata", "invalid.yaml"))
	require.NoError(t, err)
	for name, section := range sections.ToStringMap() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wrong := section.(map[string]any)
			conf := confmap.NewFromStringMap(map[string]any{"endpoint": "http://127.0.0.1:7077", "api_key": "key"})
			require.NoError(t, conf.Merge(confmap.NewFromStringMap(wrong["config"].(map[string]any))))
			_, err := loadConfig(conf)
			require.ErrorContains(t, err, wrong["error"].(string))
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestValidateReportsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	err := xconfmap.Validate(&Config{})
	for _, key := range []string{"endpoint", "api_key", "timeout", "max_payload_bytes", "max_elements"} {
		assert.ErrorContains(t, err, key)
	}
	assert.ErrorContains(t, xconfmap.Validate(&Config{APIKey: "key"}), "api_key_in must be one of")
}

func loadConfig(conf *confmap.Conf) (*Config, error) {
	cfg := createDefaultConfig().(*Config)
	if err := conf.Unmarshal(cfg); err != nil {
		return nil, err
	}
	return cfg, xconfmap.Validate(cfg)
}
