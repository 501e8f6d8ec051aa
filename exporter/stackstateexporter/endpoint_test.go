package stackstateexporter

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEndpoint(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"http://127.0.0.1:7077":                            "http://127.0.0.1:7077/stsAgent/intake",
		"http://127.0.0.1:7077/":                           "http://127.0.0.1:7077/stsAgent/intake",
		"http://127.0.0.1:7077/stsAgent":                   "http://127.0.0.1:7077/stsAgent/intake",
		"http://127.0.0.1:7077//stsAgent//":                "http://127.0.0.1:7077/stsAgent/intake",
		"http://127.0.0.1:7077/stsAgent/intake":            "http://127.0.0.1:7077/stsAgent/intake",
		"http://127.0.0.1:7077/stsAgent/intake/":           "http://127.0.0.1:7077/stsAgent/intake",
		"https://stackstate.example.com/receiver":          "https://stackstate.example.com/receiver/stsAgent/intake",
		"https://stackstate.example.com/receiver/stsAgent": "https://stackstate.example.com/receiver/stsAgent/intake",
		"https://proxy.example.com/a%2Fb/c/stsAgent":       "https://proxy.example.com/a%2Fb/c/stsAgent/intake",
		"https://[::1]:7077/stsAgent":                      "https://[::1]:7077/stsAgent/intake",
		" http://127.0.0.1:7077/stsAgent\n":                "http://127.0.0.1:7077/stsAgent/intake",
	} {
		t.Run(endpoint, func(t *testing.T) {
			t.Parallel()
			got, err := parseEndpoint(endpoint)
			require.NoError(t, err)
			assert.Equal(t, want, got.String())
		})
	}
}
