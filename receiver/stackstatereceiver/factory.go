package stackstatereceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/stackstatereceiver/internal/metadata"
)

const (
	// defaultEndpoint has the port on which StackState's own receiver listens.
	defaultEndpoint = "127.0.0.1:7077"
	// defaultMaxRequestBodySize is what StackState's documentation asks an ingress to let through.
	defaultMaxRequestBodySize = 50 << 20
)

// NewFactory returns the factory of the receiver.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(
		metadata.Type,
		createDefaultConfig,
		receiver.WithLogs(createLogs, metadata.LogsStability),
	)
}

func createDefaultConfig() component.Config {
	server := confighttp.NewDefaultServerConfig()
	server.NetAddr.Endpoint = defaultEndpoint
	server.MaxRequestBodySize = defaultMaxRequestBodySize
	server.CompressionAlgorithms = encodings()
	return &Config{
		ServerConfig: server,
		// Components keep their sourceProperties all the way through; of the other features clients ask for,
		// none is about what this receiver does.
		Features: map[string]any{"expose-kubernetes-status": true},
	}
}

func createLogs(_ context.Context, settings receiver.Settings, config component.Config, next consumer.Logs) (receiver.Logs, error) {
	return newReceiver(config.(*Config), settings, next)
}
