package k8stopologyreceiver

import (
	"sync"
	"time"

	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/kind"
)

// pending gathers the objects that may have changed until the worker takes them. Any number of
// changes to one object make one entry.
type pending struct {
	wake chan struct{} // holds one token while there is something new

	mu    sync.Mutex
	keys  map[kind.Key]struct{}
	since time.Time // of the oldest entry
}

func newPending() *pending {
	return &pending{wake: make(chan struct{}, 1), keys: map[kind.Key]struct{}{}}
}

// mark adds objects.
func (p *pending) mark(keys ...kind.Key) {
	p.mu.Lock()
	if len(p.keys) == 0 {
		p.since = time.Now()
	}
	for _, key := range keys {
		p.keys[key] = struct{}{}
	}
	p.mu.Unlock()
	p.notify()
}

// notify wakes the worker.
func (p *pending) notify() {
	select {
	case p.wake <- struct{}{}:
	default: // it has yet to see the last token
	}
}

// take returns the objects marked since the last call and when the first of them was; the time is
// zero if there are none.
func (p *pending) take() (keys map[kind.Key]struct{}, since time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	keys, since = p.keys, p.since
	p.keys, p.since = map[kind.Key]struct{}{}, time.Time{}
	return keys, since
}
