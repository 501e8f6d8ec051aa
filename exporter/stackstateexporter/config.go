package stackstateexporter

import (
	"encoding"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configcompression"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// minPayloadBytes leaves room for the names of an element and for the frame around it.
const minPayloadBytes = 64 << 10

// KeyPlacement says where in a request the API key goes.
type KeyPlacement string

// The places an API key can go. Servers of all versions read at least one of them.
const (
	KeyInHeader KeyPlacement = "header"
	KeyInQuery  KeyPlacement = "query"
	KeyInBoth   KeyPlacement = "both"
)

var _ encoding.TextUnmarshaler = (*KeyPlacement)(nil)

// UnmarshalText reads a placement from the configuration.
func (p *KeyPlacement) UnmarshalText(text []byte) error {
	switch place := KeyPlacement(text); place {
	case KeyInHeader, KeyInQuery, KeyInBoth:
		*p = place
		return nil
	default:
		return fmt.Errorf("must be one of %q, %q, %q, got %q", KeyInHeader, KeyInQuery, KeyInBoth, text)
	}
}

// Config is what a user can set on the StackState Exporter.
type Config struct {
	// ClientConfig holds the endpoint and everything about the connection. Its timeout is that of one request.
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`
	// QueueConfig: the queue keeps the order, so it has one consumer and forms no batches.
	QueueConfig configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
	// RetryConfig says how a payload is sent again that the intake could not take.
	RetryConfig configretry.BackOffConfig `mapstructure:"retry_on_failure"`

	// APIKey authenticates at the intake. White space around it is ignored, so that it may come from a file.
	APIKey configopaque.String `mapstructure:"api_key"`
	// APIKeyIn says where in a request the key goes.
	APIKeyIn KeyPlacement `mapstructure:"api_key_in"`
	// Hostname is the name under which all topology is sent. The server takes it for the identity of the producer:
	// it must not change and must be the same for all replicas. Empty: derived from the topology instance.
	Hostname string `mapstructure:"hostname"`
	// MaxPayloadBytes bounds a payload before compression.
	MaxPayloadBytes int `mapstructure:"max_payload_bytes"`
	// MaxElements bounds the components, relations and deletions in a payload.
	MaxElements int `mapstructure:"max_elements"`
}

var _ component.Config = (*Config)(nil)

// Validate checks what can be checked without the network. The nested sections check themselves.
func (cfg *Config) Validate() error {
	var errs []error
	if _, err := parseEndpoint(cfg.ClientConfig.Endpoint); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs,
		cfg.validateKey(),
		cfg.validateConnection(),
		cfg.validateQueue(),
		atLeast("max_payload_bytes", minPayloadBytes, cfg.MaxPayloadBytes),
		atLeast("max_elements", 1, cfg.MaxElements),
	)
	if cfg.Hostname != "" {
		errs = append(errs, validateHostname(cfg.Hostname))
	}
	return errors.Join(errs...)
}

func (cfg *Config) validateKey() error {
	key := cfg.key()
	if key == "" {
		return errors.New("api_key must be set")
	}
	if strings.ContainsFunc(key, unicode.IsControl) {
		return errors.New("api_key must not contain control characters")
	}
	if err := new(KeyPlacement).UnmarshalText([]byte(cfg.APIKeyIn)); err != nil {
		return fmt.Errorf("api_key_in %w", err)
	}
	return nil
}

func (cfg *Config) validateConnection() error {
	client := cfg.ClientConfig
	errs := []error{
		atLeast("idle_conn_timeout", 0, client.IdleConnTimeout),
		atLeast("http2_read_idle_timeout", 0, client.HTTP2ReadIdleTimeout),
		atLeast("http2_ping_timeout", 0, client.HTTP2PingTimeout),
		atLeast("read_buffer_size", 0, client.ReadBufferSize),
		atLeast("write_buffer_size", 0, client.WriteBufferSize),
		atLeast("max_idle_conns", 0, client.MaxIdleConns),
		atLeast("max_idle_conns_per_host", 0, client.MaxIdleConnsPerHost),
		atLeast("max_conns_per_host", 0, client.MaxConnsPerHost),
	}
	if client.Timeout <= 0 {
		errs = append(errs, fmt.Errorf("timeout must be positive, got %v: an intake that hangs would hold up everything", client.Timeout))
	}
	switch client.Compression {
	case "", "none", configcompression.TypeDeflate, configcompression.TypeGzip:
	default:
		errs = append(errs, fmt.Errorf("compression must be one of %q, %q, %q: the intake reads no other, got %q",
			configcompression.TypeDeflate, configcompression.TypeGzip, "none", client.Compression))
	}
	if client.ProxyURL != "" {
		// The value may hold a password: it is not repeated.
		if proxy, err := url.Parse(client.ProxyURL); err != nil || proxy.Scheme == "" || proxy.Host == "" {
			errs = append(errs, errors.New("proxy_url must be a URL with scheme and host"))
		}
	}
	return errors.Join(errs...)
}

func (cfg *Config) validateQueue() error {
	if !cfg.QueueConfig.HasValue() {
		return nil
	}
	var errs []error
	queue := cfg.QueueConfig.Get()
	if queue.NumConsumers != 1 {
		errs = append(errs, fmt.Errorf("sending_queue::num_consumers must be 1, got %d: several would change the order of the topology", queue.NumConsumers))
	}
	if queue.Batch.HasValue() {
		errs = append(errs, errors.New("sending_queue::batch must not be set: a batch flushed by time may overtake a full one; "+
			"payloads are bounded by max_payload_bytes and max_elements"))
	}
	return errors.Join(errs...)
}

// key is the API key as it is sent.
func (cfg *Config) key() string { return strings.TrimSpace(string(cfg.APIKey)) }

func atLeast[T ~int | ~int64](key string, least, got T) error {
	switch {
	case got >= least:
		return nil
	case least == 0:
		return fmt.Errorf("%s must not be negative, got %v", key, got)
	default:
		return fmt.Errorf("%s must be at least %v, got %v", key, least, got)
	}
}
