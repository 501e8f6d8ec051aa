package stackstatereceiver

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/confignet"
	"go.opentelemetry.io/collector/config/configopaque"
)

// Config is what a user can set on the StackState Receiver.
type Config struct {
	// ServerConfig holds the endpoint and everything about connections.
	ServerConfig confighttp.ServerConfig `mapstructure:",squash"`
	// APIKeys are the keys that clients may use. Empty: any key will do, but there must be one.
	APIKeys []configopaque.String `mapstructure:"api_keys"`
	// Features is what clients are told that this server can do; values are booleans or integers.
	Features map[string]any `mapstructure:"features"`
}

var _ component.Config = (*Config)(nil)

// Validate checks what can be checked without the network. The nested sections check themselves.
func (cfg *Config) Validate() error {
	server := cfg.ServerConfig
	errs := []error{
		cfg.validateEndpoint(),
		notNegative("read_timeout", server.ReadTimeout),
		notNegative("read_header_timeout", server.ReadHeaderTimeout),
		notNegative("write_timeout", server.WriteTimeout),
		notNegative("idle_timeout", server.IdleTimeout),
	}
	if server.MaxRequestBodySize <= 0 {
		errs = append(errs, fmt.Errorf("max_request_body_size must be positive, got %d", server.MaxRequestBodySize))
	}
	for _, name := range server.CompressionAlgorithms {
		if decoders[name] == nil {
			errs = append(errs, fmt.Errorf("compression_algorithms must be some of %q, got %q", encodings(), name))
		}
	}
	for i, key := range cfg.APIKeys {
		errs = append(errs, validateKey(i, string(key)))
	}
	for name, value := range cfg.Features {
		switch value.(type) {
		case bool, int, int64:
		default:
			errs = append(errs, fmt.Errorf("features::%s must be a boolean or an integer, got %v", name, value))
		}
	}
	return errors.Join(errs...)
}

func (cfg *Config) validateEndpoint() error {
	address := cfg.ServerConfig.NetAddr
	if address.Endpoint == "" {
		return errors.New("endpoint must be set")
	}
	if address.Transport == confignet.TransportTypeUnix {
		return nil
	}
	if _, _, err := net.SplitHostPort(address.Endpoint); err != nil {
		return fmt.Errorf("endpoint must be <host>:<port>, got %q", address.Endpoint)
	}
	return nil
}

// validateKey names the key by its place: the key itself is a secret.
func validateKey(i int, key string) error {
	switch {
	case strings.TrimSpace(key) == "":
		return fmt.Errorf("api_keys[%d] must not be empty", i)
	case strings.ContainsFunc(strings.TrimSpace(key), unicode.IsControl):
		return fmt.Errorf("api_keys[%d] must not contain control characters", i)
	}
	return nil
}

func notNegative(key string, value time.Duration) error {
	if value < 0 {
		return fmt.Errorf("%s must not be negative, got %s", key, value)
	}
	return nil
}

// keys returns the accepted keys; white space around them is ignored, so that they may come from files.
func (cfg *Config) keys() []string {
	keys := make([]string, 0, len(cfg.APIKeys))
	for _, key := range cfg.APIKeys {
		keys = append(keys, strings.TrimSpace(string(key)))
	}
	return keys
}

// accepts reports whether bodies of a content encoding are read.
func (cfg *Config) accepts(encoding string) bool {
	return slices.Contains(cfg.ServerConfig.CompressionAlgorithms, encoding)
}
