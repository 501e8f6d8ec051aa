package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topologylog"
)

const pod = "urn:kubernetes:/c:shop:pod/cart-1"

// written returns records as the intake writes them: one line of JSON.
func written(t *testing.T, cluster string, records ...topology.Record) string {
	t.Helper()
	batch := topologylog.NewBatch(topologylog.Source{Instance: topology.Instance{Type: "kubernetes", URL: cluster}})
	for _, record := range records {
		err := batch.Append(record, time.Unix(0, 0), func(topology.URN) (topology.Ref, bool) { return topology.Ref{}, false })
		require.NoError(t, err)
	}
	line, err := new(plog.JSONMarshaler).MarshalLogs(batch.Logs())
	require.NoError(t, err)
	return string(line) + "\n"
}

func upsert(id topology.URN) topology.Record {
	return topology.Record{Op: topology.Upsert, Component: topology.Component{Ref: topology.Ref{ID: id, Type: "pod"}, Name: "cart-1"}}
}

// file is a growing file and the intake that follows it.
type file struct {
	*Intake
	t    *testing.T
	path string
}

func follow(t *testing.T) file {
	t.Helper()
	path := filepath.Join(t.TempDir(), "topology.jsonl")
	intake := FollowIntake(path)
	t.Cleanup(intake.Stop)
	return file{intake, t, path}
}

func (f file) add(text string) {
	f.t.Helper()
	out, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(f.t, err)
	_, err = out.WriteString(text)
	require.NoError(f.t, err)
	require.NoError(f.t, out.Close())
}

func (f file) waitFor(check func(View) error) {
	f.t.Helper()
	require.NoError(f.t, Eventually(f.t.Context(), time.Minute, func() error {
		view, err := f.View("c")
		if err != nil {
			return err
		}
		return check(view)
	}))
}

func components(n int) func(View) error {
	return func(v View) error {
		if len(v.Components) != n {
			return fmt.Errorf("%d components, want %d", len(v.Components), n)
		}
		return nil
	}
}

func TestIntakeFollowsAGrowingFile(t *testing.T) {
	t.Parallel()
	f := follow(t)
	_, err := f.View("c")
	require.ErrorContains(t, err, "nothing has arrived")

	line := written(t, "c", upsert(pod))
	f.add(line[:20])
	f.add(line[20:] + line[:7]) // a line's end and the next one's beginning in one go
	f.waitFor(components(1))

	f.add(line[7:] + "\n" + written(t, "c", topology.Record{Op: topology.Delete, Component: topology.Component{Ref: topology.Ref{ID: pod, Type: "pod"}}}))
	f.waitFor(components(0))
	require.Len(t, f.Arrivals(func(a Arrival) bool { return a.Record.Component.ID == pod }), 3)
}

func TestIntakeWaitsForTheEndOfASnapshot(t *testing.T) {
	t.Parallel()
	f := follow(t)
	f.add(written(t, "c", upsert(pod), topology.Record{Op: topology.SnapshotStart, SnapshotID: "1"}))
	require.NoError(t, Eventually(t.Context(), time.Minute, func() error {
		if _, err := f.View("c"); err == nil || err.Error() != "a snapshot is under way" {
			return fmt.Errorf("got %w", err)
		}
		return nil
	}))
	require.Zero(t, f.Snapshots())
	f.add(written(t, "c", topology.Record{Op: topology.SnapshotStop, SnapshotID: "1"}))
	f.waitFor(components(0))
	require.Equal(t, 1, f.Snapshots())
}

func TestIntakeReportsWhatItMustNotFind(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"no JSON":          {"{]\n", "line"},
		"another instance": {written(t, "other", upsert(pod)), "unexpected instance"},
		"malformed record": {strings.ReplaceAll(written(t, "c", upsert(pod)), "stackstate.external_id", "no.id"), "stackstate.external_id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := follow(t)
			f.add(tc.text)
			err := Eventually(t.Context(), time.Minute, func() error {
				if _, err := f.View("c"); err != nil {
					return err
				}
				return Final(fmt.Errorf("accepted"))
			})
			require.ErrorContains(t, err, tc.want)
		})
	}
}
