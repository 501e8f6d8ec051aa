package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topologylog"
)

// tailPause is the time between two looks at the file; it bounds how late an arrival is noticed.
const tailPause = 10 * time.Millisecond

// Arrival is one record that reached the intake.
type Arrival struct {
	At       time.Time // when it was found in the file, at most tailPause after it was written
	Instance topology.Instance
	Record   topology.Record
}

// Intake follows the file into which a stand-in intake, or a collector's file exporter, writes
// entity records as lines of OTLP JSON, and folds them into a picture per instance. The file may
// appear later and must only grow. Its methods are safe for concurrent use.
type Intake struct {
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu       sync.Mutex // guards what follows
	pictures map[topology.Instance]*topology.Picture
	arrivals []Arrival
	err      error
}

// FollowIntake starts to follow the file.
func FollowIntake(file string) *Intake {
	ctx, cancel := context.WithCancel(context.Background())
	i := &Intake{cancel: cancel, pictures: map[topology.Instance]*topology.Picture{}}
	i.done.Go(func() { i.follow(ctx, &lines{file: file}) })
	return i
}

// Stop stops following. What arrived stays readable.
func (i *Intake) Stop() {
	i.cancel()
	i.done.Wait()
}

func (i *Intake) follow(ctx context.Context, tail *lines) {
	defer tail.close()
	ticker := time.NewTicker(tailPause)
	defer ticker.Stop()
	for {
		err := tail.read(i.fold)
		if err != nil {
			i.fail(err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (i *Intake) fail(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.err = err
}

// fold applies one line. A line or record that cannot be read is an error: the stand-in must
// write nothing of the kind.
func (i *Intake) fold(line []byte) error {
	logs, err := new(plog.JSONUnmarshaler).UnmarshalLogs(line)
	if err != nil {
		return fmt.Errorf("line %.200q: %w", line, err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Now()
	for entry, err := range topologylog.Entries(logs) {
		if err != nil {
			return err
		}
		picture := i.pictures[entry.Instance]
		if picture == nil {
			picture = topology.NewPicture()
			i.pictures[entry.Instance] = picture
		}
		picture.Apply(entry.Record)
		i.arrivals = append(i.arrivals, Arrival{now, entry.Instance, entry.Record})
	}
	return nil
}

// View returns what has arrived of a cluster. It fails while a snapshot is open, since the picture
// then still holds what the snapshot is about to remove.
func (i *Intake) View(cluster string) (View, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.err != nil {
		return View{}, Final(i.err)
	}
	for instance := range i.pictures {
		if instance != (topology.Instance{Type: "kubernetes", URL: cluster}) {
			return View{}, Final(fmt.Errorf("records of an unexpected instance %v arrived", instance))
		}
	}
	picture := i.pictures[topology.Instance{Type: "kubernetes", URL: cluster}]
	if picture == nil {
		return View{}, errors.New("nothing has arrived yet")
	}
	if picture.InSnapshot() {
		return View{}, errors.New("a snapshot is under way")
	}
	return ViewOf(cluster, picture), nil
}

// Arrivals returns the records that arrived so far and satisfy the filter, in order.
func (i *Intake) Arrivals(filter func(Arrival) bool) []Arrival {
	i.mu.Lock()
	defer i.mu.Unlock()
	var found []Arrival
	for _, a := range i.arrivals {
		if filter(a) {
			found = append(found, a)
		}
	}
	return found
}

// Snapshots counts the complete snapshots that have arrived.
func (i *Intake) Snapshots() int {
	return len(i.Arrivals(func(a Arrival) bool { return a.Record.Op == topology.SnapshotStop }))
}

// lines reads the complete lines of a growing file; the beginning of a line is kept until its end
// is there.
type lines struct {
	file    string
	open    *os.File
	partial []byte
}

// read passes on every line completed since the last call. A file that does not exist has none.
func (l *lines) read(line func([]byte) error) error {
	if l.open == nil {
		open, err := os.Open(l.file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		l.open = open
	}
	added, err := io.ReadAll(l.open)
	if err != nil {
		return err
	}
	l.partial = append(l.partial, added...)
	for {
		end := bytes.IndexByte(l.partial, '\n')
		if end < 0 {
			return nil
		}
		if text := bytes.TrimSpace(l.partial[:end]); len(text) > 0 {
			if err := line(text); err != nil {
				return err
			}
		}
		l.partial = l.partial[end+1:]
	}
}

func (l *lines) close() {
	if l.open != nil {
		_ = l.open.Close() // only read from
	}
}
