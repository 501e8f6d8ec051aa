package golden

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// withUpdate sets the flag for one test; tests that use it must not be parallel.
func withUpdate(t *testing.T, value bool) {
	before := *update
	*update = value
	t.Cleanup(func() { *update = before })
}

func logsWith(keys ...string) plog.Logs {
	logs := plog.NewLogs()
	records := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, event := range []string{"second", "first"} {
		record := records.AppendEmpty()
		record.SetEventName(event)
		list := record.Attributes().PutEmptySlice("list")
		list.AppendEmpty().SetInt(2)
		list.AppendEmpty().SetInt(1)
		for _, key := range keys {
			record.Attributes().PutStr(key, "value of "+key)
		}
	}
	return logs
}

func TestUpdateWritesWhatEqualAccepts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new folder", "file.txt")
	withUpdate(t, true)
	Equal(t, path, []byte("some text\n"))

	withUpdate(t, false)
	Equal(t, path, []byte("some text\n"))
	other := &testing.T{}
	Equal(other, path, []byte("other text\n"))
	assert.True(t, other.Failed())
}

func TestLogsKeepOrderOfRecordsAndListsOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs.yaml")
	withUpdate(t, true)
	EqualLogs(t, path, logsWith("b", "a"))

	withUpdate(t, false)
	EqualLogs(t, path, logsWith("a", "b"))

	records := ReadLogs(t, path).ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	assert.Equal(t, "second", records.At(0).EventName())
	list, ok := records.At(0).Attributes().Get("list")
	require.True(t, ok)
	assert.Equal(t, []any{int64(2), int64(1)}, list.Slice().AsRaw())
}
