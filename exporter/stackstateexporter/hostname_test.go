package stackstateexporter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

func TestProducer(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	for _, tt := range []struct {
		instance topology.Instance
		want     string
	}{
		{topology.Instance{Type: "kubernetes", URL: "prod-eu-1"}, "kubernetes-prod-eu-1"},
		{topology.Instance{Type: "kubernetes", URL: "https://prod.example.com:6443/"}, "kubernetes-https_prod.example.com_6443_"},
		{topology.Instance{Type: "node", URL: "München 1"}, "node-M_nchen_1"},
		{topology.Instance{Type: ".kubernetes", URL: "a."}, "kubernetes-a"},
		{topology.Instance{Type: "kubernetes", URL: long}, "kubernetes-" + long[:244]},
		{topology.Instance{Type: ".", URL: "."}, "topology"},
	} {
		got := producer(tt.instance)
		assert.Equal(t, tt.want, got)
		assert.NoError(t, validateHostname(got))
	}
}

func TestValidateHostname(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a", "prod-eu-1", "cluster_1.example.com", "_x_"} {
		assert.NoError(t, validateHostname(name), name)
	}
	for _, name := range []string{"", "-a", "a.", "a b", "a/b", "Localhost", "localhost.localdomain", strings.Repeat("a", 256)} {
		assert.ErrorContains(t, validateHostname(name), "hostname must", name)
	}
}
