package k8stopologyreceiver

import (
	"context"
	"maps"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/kind"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/picture"
)

// Waits after the next consumer has refused a batch.
const (
	minRetryDelay = 500 * time.Millisecond
	maxRetryDelay = 15 * time.Second
)

// session is the receiver's work from when it starts to watch until it stops: at shutdown, or when
// another replica takes over. It begins with nothing known and nothing sent. The watches fill the
// caches and mark what changed; one goroutine, in loop, does everything else.
type session struct {
	config   *Config
	env      kind.Env
	watches  map[string]*kindWatch // by kind
	pending  *pending
	picture  *picture.Picture
	emitter  *emitter
	reporter *reporter

	snapshotDue bool
	withheld    bool // a repetition went out in place of the due snapshot
	abandoned   bool // the last attempt at the due snapshot failed
}

func newSession(config *Config, emitter *emitter, reporter *reporter) *session {
	s := &session{
		config:      config,
		env:         kind.Env{Naming: topology.Naming{Flavour: topology.FlavourKubernetes, Cluster: config.ClusterName}},
		watches:     map[string]*kindWatch{},
		pending:     newPending(),
		emitter:     emitter,
		reporter:    reporter,
		snapshotDue: true,
	}
	order := []string{kind.ClusterKey.Kind}
	for _, k := range config.enabled() {
		s.watches[k.Name] = newKindWatch(k, s.pending.mark, s.pending.notify)
		order = append(order, k.Name)
	}
	s.picture = picture.New(order, s.build)
	return s
}

// run watches and emits until the context ends, and returns when all its goroutines have.
func (s *session) run(ctx context.Context, client kubernetes.Interface) {
	var wg sync.WaitGroup
	for _, w := range s.watches {
		wg.Go(func() { w.run(ctx, w.kind.Open(client)) })
	}
	s.pending.mark(kind.ClusterKey)
	s.loop(ctx)
	wg.Wait()
	s.reporter.end()
}

// loop sends what changed within the flush interval after the first change of a batch, and a
// snapshot whenever one is due. After a refusal it waits longer each time.
func (s *session) loop(ctx context.Context) {
	interval := time.NewTicker(s.config.SnapshotInterval)
	defer interval.Stop()
	var flush <-chan time.Time // nil while there is nothing to send
	retry := minRetryDelay
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.pending.wake:
			if flush == nil {
				flush = time.After(s.config.FlushInterval)
			}
			continue
		case <-interval.C:
			s.snapshotDue, s.withheld = true, false
			if flush != nil {
				continue // goes out with what is about to
			}
		case <-flush:
		}
		flush = nil
		if err := s.work(ctx); err != nil {
			flush = time.After(retry)
			retry = min(2*retry, maxRetryDelay)
			continue
		}
		retry = minRetryDelay
	}
}

// work brings the next consumer up to date. The error is that of a refused batch; what it held
// stays to be sent.
func (s *session) work(ctx context.Context) error {
	keys, since := s.pending.take()
	s.picture.Refresh(maps.Keys(keys))
	s.emitter.waiting(since)
	readiness := s.reporter.report(s.watches)
	if readiness == arriving {
		return nil // wakes again when the first lists are there
	}
	err := s.emit(ctx, readiness)
	s.reporter.measure(ctx, s.picture)
	return err
}

// emit sends what is due, given how much of the cluster is known.
func (s *session) emit(ctx context.Context, known readiness) error {
	switch {
	case !s.snapshotDue:
		return s.emitter.changes(ctx, s.picture)
	case known == complete:
		return s.snapshot(ctx)
	case s.withheld:
		return s.emitter.changes(ctx, s.picture)
	}
	// A snapshot says that what it does not list is gone. Of a kind that cannot be read nobody can
	// say that. But what is known is repeated, as its records promise.
	if err := s.emitter.repeat(ctx, s.picture); err != nil {
		return err
	}
	s.withheld = true
	s.reporter.withheld(ctx)
	return nil
}

// snapshot sends a snapshot. After a failed one changes go first, so that they get through even if
// it fails every time.
func (s *session) snapshot(ctx context.Context) error {
	if s.abandoned {
		if err := s.emitter.changes(ctx, s.picture); err != nil {
			return err
		}
	}
	err := s.emitter.snapshot(ctx, s.picture)
	s.snapshotDue, s.abandoned = err != nil, err != nil
	return err
}

// build makes the components and relations of an object from the caches.
func (s *session) build(key kind.Key) ([]topology.Component, []topology.Relation) {
	if key == kind.ClusterKey {
		return []topology.Component{kind.Cluster(s.env, s.clusterUID())}, nil
	}
	obj := s.object(key)
	if obj == nil {
		return nil, nil
	}
	k := s.watches[key.Kind].kind
	return k.Build(s.env, obj), k.Relations(s.env, s, obj)
}

func (s *session) clusterUID() types.UID {
	if ns, ok := s.object(kind.SystemNamespace).(*corev1.Namespace); ok {
		return ns.UID
	}
	return ""
}

// object returns a cached object, or nil if there is none.
func (s *session) object(key kind.Key) any {
	w := s.watches[key.Kind]
	if w == nil {
		return nil
	}
	obj, exists, err := w.objects.GetByKey(key.ObjectName.String())
	if !exists || err != nil {
		return nil
	}
	return obj
}

// Indexed implements kind.View.
func (s *session) Indexed(name, index, value string) []any {
	w := s.watches[name]
	if w == nil {
		return nil // switched off
	}
	objects, err := w.objects.ByIndex(index, value)
	if err != nil {
		return nil // no such index: a mistake of the asking row, which its test shows
	}
	return objects
}
