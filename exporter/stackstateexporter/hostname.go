package stackstateexporter

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// maxHostname is the longest name the intake's clients send.
const maxHostname = 255

var (
	validHostname   = regexp.MustCompile(`^\w([\w.-]*\w)?$`)
	hostnameIllegal = regexp.MustCompile(`[^\w.-]+`)
	// notHostnames are names that say nothing about who sends; clients of the intake refuse them.
	notHostnames = []string{"localhost", "localhost.localdomain", "localhost6.localdomain6", "ip6-localhost"}
)

func validateHostname(name string) error {
	switch {
	case len(name) > maxHostname:
		return fmt.Errorf("hostname must have at most %d characters, got %d", maxHostname, len(name))
	case slices.Contains(notHostnames, strings.ToLower(name)):
		return fmt.Errorf("hostname must tell producers apart, got %q", name)
	case !validHostname.MatchString(name):
		return fmt.Errorf("hostname must consist of letters, digits, '_', '.' and '-' and neither start nor end with '.' or '-', got %q", name)
	}
	return nil
}

// producer is the name under which the topology of an instance is sent if none is configured. It depends on the
// instance alone, so that the server sees one producer whichever replica sends and however often it restarts.
func producer(instance topology.Instance) string {
	name := hostnameIllegal.ReplaceAllString(instance.Type+"-"+instance.URL, "_")
	name = strings.Trim(name[:min(len(name), maxHostname)], ".-")
	if validateHostname(name) != nil {
		return "topology"
	}
	return name
}
