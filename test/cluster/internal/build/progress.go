package build

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// maxLine is more than the go command ever writes on one line.
const maxLine = 1 << 20

// progress follows what the go command writes on stderr: it counts modules and packages, and keeps
// all the rest, which is what went wrong.
type progress struct {
	// packages are all that may have to be compiled. Those in Go's own build cache are never named.
	packages map[string]bool

	mu         sync.Mutex // guards what is below
	downloaded int
	compiled   int
	rest       []string
}

func newProgress(packages []string) *progress {
	set := make(map[string]bool, len(packages))
	for _, name := range packages {
		set[name] = true
	}
	return &progress{packages: set}
}

// follow reads to the end.
func (p *progress) follow(stderr io.Reader) error {
	scanner := bufio.NewScanner(stderr)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		p.line(scanner.Text())
	}
	return scanner.Err()
}

func (p *progress) line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case strings.HasPrefix(text, "go: downloading "):
		p.downloaded++
	case p.packages[text]:
		p.compiled++
	default:
		p.rest = append(p.rest, text)
	}
}

// problems returns all that was neither a module nor a package.
func (p *progress) problems() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.rest, "\n")
}

// String says how far it is, without the time.
func (p *progress) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	parts := []string{}
	if p.downloaded > 0 {
		parts = append(parts, fmt.Sprintf("%d modules downloaded", p.downloaded))
	}
	if len(p.packages) > 0 {
		parts = append(parts, fmt.Sprintf("%d of at most %d packages compiled", p.compiled, len(p.packages)))
	}
	if len(parts) == 0 {
		return "reading modules"
	}
	return strings.Join(parts, ", ")
}

// reportEvery calls report until the returned function is called, which waits for the last call.
func reportEvery(interval time.Duration, report func(elapsed time.Duration)) (stop func()) {
	started := time.Now()
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				report(time.Since(started).Round(time.Second))
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
}
