package harness

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Ports below the range from which the kernel takes the local ends of outgoing connections, so
// that nothing but another test run competes for them.
const (
	lowestPort  = 20000
	highestPort = 29999
)

// Ports hands out loopback addresses, none of them twice. The zero value is ready to use.
type Ports struct {
	mu   sync.Mutex
	used map[int]bool
}

// Address returns a loopback address nobody listens on.
func (p *Ports) Address() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used == nil {
		p.used = map[int]bool{}
	}
	var last error
	for range 100 {
		port := lowestPort + rand.IntN(highestPort-lowestPort+1)
		if p.used[port] {
			continue
		}
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		listener, err := net.Listen("tcp", address)
		if err != nil {
			last = err
			continue
		}
		if err := listener.Close(); err != nil {
			return "", err
		}
		p.used[port] = true
		return address, nil
	}
	return "", fmt.Errorf("no free loopback port: %w", last)
}
