package harness

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
)

// Proxy stands between a collector and an intake and breaks the line on demand.
type Proxy struct {
	URL string // where the collector sends

	server  *http.Server
	forward *httputil.ReverseProxy
	serving sync.WaitGroup
	broken  atomic.Int64

	mu   sync.Mutex
	line line          // guarded by mu
	over chan struct{} // guarded by mu; closed when line changes
}

// line is the state of the connection between collector and intake.
type line int

const (
	lineOpen   line = iota
	lineRefuse      // every request is answered 503
	lineHang        // no request is answered
	lineCut         // every connection is closed without an answer
)

// StartProxy starts a proxy that passes everything on to the target.
func StartProxy(target string) (*Proxy, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		URL:     "http://" + listener.Addr().String(),
		forward: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }},
		over:    make(chan struct{}),
	}
	silent := log.New(io.Discard, "", 0) // broken lines are what the proxy is for
	p.forward.Transport, p.forward.ErrorLog = &http.Transport{}, silent
	p.server = &http.Server{Handler: p, ErrorLog: silent}
	p.serving.Go(func() { _ = p.server.Serve(listener) })
	return p, nil
}

// Open passes requests on again; those that hang are passed on too.
func (p *Proxy) Open() { p.set(lineOpen) }

// Refuse answers every request with 503.
func (p *Proxy) Refuse() { p.set(lineRefuse) }

// Hang keeps every request without an answer until the line changes or the client gives up.
func (p *Proxy) Hang() { p.set(lineHang) }

// Cut closes the connection of every request.
func (p *Proxy) Cut() { p.set(lineCut) }

// Broken counts the requests that met a broken line.
func (p *Proxy) Broken() int64 { return p.broken.Load() }

func (p *Proxy) set(to line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line = to
	close(p.over)
	p.over = make(chan struct{})
}

func (p *Proxy) state() (line, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.line, p.over
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now, over := p.state()
	if now != lineOpen {
		p.broken.Add(1)
	}
	switch now {
	case lineRefuse:
		http.Error(w, "no service for now", http.StatusServiceUnavailable)
		return
	case lineCut:
		panic(http.ErrAbortHandler) // net/http's way to drop the connection
	case lineHang:
		select {
		case <-over:
			p.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
		return
	}
	p.forward.ServeHTTP(w, r)
}

// Stop ends the proxy; requests under way are cut off.
func (p *Proxy) Stop() error {
	p.Open() // releases what hangs
	err := p.server.Close()
	p.serving.Wait()
	if transport, ok := p.forward.Transport.(*http.Transport); ok {
		transport.CloseIdleConnections()
	}
	return err
}
