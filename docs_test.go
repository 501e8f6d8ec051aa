package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
)

const module = "github.com/otelcol-stackstate/otelcol-stackstate"

func TestDocsNameEverySetting(t *testing.T) {
	factories, err := components()
	require.NoError(t, err)
	ours := map[string]component.Config{
		"receiver/k8stopologyreceiver":  factories.Receivers[component.MustNewType("k8s_topology")].CreateDefaultConfig(),
		"receiver/stackstatereceiver":   factories.Receivers[component.MustNewType("stackstate")].CreateDefaultConfig(),
		"processor/stackstateprocessor": factories.Processors[component.MustNewType("stackstate")].CreateDefaultConfig(),
		"exporter/stackstateexporter":   factories.Exporters[component.MustNewType("stackstate")].CreateDefaultConfig(),
	}
	var folders []string
	for _, class := range []string{"receiver", "processor", "exporter"} {
		found, err := filepath.Glob(class + "/*/factory.go")
		require.NoError(t, err)
		folders = append(folders, found...)
	}
	require.Len(t, folders, len(ours), "components, and this test's list of them")
	for folder, config := range ours {
		t.Run(folder, func(t *testing.T) {
			readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
			require.NoError(t, err)
			for _, key := range settings(reflect.TypeOf(config)) {
				assert.Contains(t, string(readme), "`"+key+"`")
			}
		})
	}
}

// settings lists the keys that our own types define. A section of somebody else's making is named
// by its key, and what is squashed into ours is left to its maker's documentation.
func settings(config reflect.Type) []string {
	switch config.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return settings(config.Elem())
	case reflect.Struct:
	default:
		return nil
	}
	if !strings.HasPrefix(config.PkgPath(), module) {
		return nil
	}
	var keys []string
	for field := range config.Fields() {
		tag, ok := field.Tag.Lookup("mapstructure")
		if !ok || tag == "-" {
			continue
		}
		if name, _, _ := strings.Cut(tag, ","); name != "" {
			keys = append(keys, name)
		}
		keys = append(keys, settings(field.Type)...)
	}
	return keys
}

func TestDocsLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir // nothing that is committed
		case entry.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			_, err := os.Stat(filepath.Join(filepath.Dir(path), match[1]))
			assert.NoError(t, err, "link in %s", path)
		}
		return nil
	}))
}
