package stackstatereceiver

import "sync"

// underWay counts the payloads being processed, so that an end can be awaited after which there are none.
type underWay struct {
	mu     sync.Mutex
	count  int           // guarded by mu, as are the others
	ending bool          // no more are let in
	ended  chan struct{} // closed when the last has left after that
}

func newUnderWay() *underWay { return &underWay{ended: make(chan struct{})} }

// enter reports whether a payload may be processed. If so, leave must follow.
func (u *underWay) enter() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ending {
		return false
	}
	u.count++
	return true
}

func (u *underWay) leave() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count--
	u.settle()
}

// end lets no more in, once and for all. When the last has left, the channel is closed.
func (u *underWay) end() <-chan struct{} {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.ending {
		u.ending = true
		u.settle()
	}
	return u.ended
}

// settle is called with mu held.
func (u *underWay) settle() {
	if u.ending && u.count == 0 {
		close(u.ended)
	}
}
