// Package golden compares what a test got with a file in testdata that somebody has reviewed.
// Running the tests of a package with -update writes the files anew; a diff of the tree then
// shows what changed.
package golden

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the golden files anew instead of comparing with them")

// Equal fails the test unless the file holds exactly what the test got.
func Equal(t testing.TB, path string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, got, 0o600))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write the file")
	assert.Equal(t, string(want), string(got), "%s differs; if the change is wanted, run the test with -update", path)
}

// EqualLogs is Equal for logs, written as OTLP in YAML. The order of records counts, that of
// attributes does not.
func EqualLogs(t testing.TB, path string, got plog.Logs) {
	t.Helper()
	Equal(t, path, marshalLogs(t, got))
}

// ReadLogs returns the logs that a file holds as OTLP in YAML.
func ReadLogs(t testing.TB, path string) plog.Logs {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var tree any
	require.NoError(t, yaml.Unmarshal(text, &tree))
	otlp, err := json.Marshal(tree)
	require.NoError(t, err)
	logs, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(otlp)
	require.NoError(t, err)
	return logs
}

func marshalLogs(t testing.TB, logs plog.Logs) []byte {
	t.Helper()
	otlp, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	require.NoError(t, err)
	var tree any
	require.NoError(t, json.Unmarshal(otlp, &tree))
	sortByKey(tree)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	require.NoError(t, enc.Encode(tree))
	return out.Bytes()
}

// sortByKey brings every list of {key, value} pairs into the order of its keys: pdata keeps
// attributes in the order they were put, which for those taken from a Go map is any.
func sortByKey(tree any) {
	switch node := tree.(type) {
	case map[string]any:
		for _, child := range node {
			sortByKey(child)
		}
	case []any:
		slices.SortStableFunc(node, func(a, b any) int { return cmp.Compare(keyOf(a), keyOf(b)) })
		for _, child := range node {
			sortByKey(child)
		}
	}
}

// keyOf is empty for whatever is no pair; a list of such keeps its order.
func keyOf(node any) string {
	pair, ok := node.(map[string]any)
	if !ok {
		return ""
	}
	key, _ := pair["key"].(string)
	return key
}
