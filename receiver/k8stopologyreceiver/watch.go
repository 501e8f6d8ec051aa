package k8stopologyreceiver

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/kind"
)

// Waits between attempts to list and watch a kind again.
const (
	minRelistDelay = 500 * time.Millisecond
	maxRelistDelay = 15 * time.Second
)

// The verbs a watch needs.
const (
	verbList  = "list"
	verbWatch = "watch"
)

// kindWatch keeps a slim copy of all objects of one kind up to date, and knows whether it can.
// It is a cache of objects, nothing more: what they mean is the kind's business, when their
// changes go out the worker's.
type kindWatch struct {
	kind    kind.Kind
	objects cache.Indexer // read-only for everybody else
	mark    func(...kind.Key)
	changed func() // called after the state below has changed

	mu        sync.Mutex
	synced    bool             // a complete list has arrived at least once
	streaming bool             // the list under way comes through a watch
	failed    map[string]error // by verb, for verbs whose last attempt failed
}

func newKindWatch(k kind.Kind, mark func(...kind.Key), changed func()) *kindWatch {
	return &kindWatch{
		kind:    k,
		objects: cache.NewIndexer(cache.MetaNamespaceKeyFunc, k.Indexers),
		mark:    mark,
		changed: changed,
		failed:  map[string]error{},
	}
}

// run lists and watches until the context ends. An attempt that ends early is followed by a wait that
// grows until one lasts. client-go's own loop is not used because it logs by itself and does not
// tell when a kind is readable again.
func (w *kindWatch) run(ctx context.Context, source cache.ListerWatcher) {
	ctx = klog.NewContext(ctx, logr.Discard()) // what matters is in state
	reflector := cache.NewReflectorWithOptions(observe(source, w), w.kind.Object, store{w},
		cache.ReflectorOptions{Name: w.kind.Name})
	delay := minRelistDelay
	for ctx.Err() == nil {
		started := time.Now()
		_ = reflector.ListAndWatchWithContext(ctx) // noted by observed
		if time.Since(started) > maxRelistDelay {
			delay = minRelistDelay
		}
		select {
		case <-ctx.Done():
		case <-time.After(delay):
		}
		delay = min(2*delay, maxRelistDelay)
	}
}

// state tells whether all objects are known, and by verb what fails at present.
func (w *kindWatch) state() (synced bool, failed map[string]error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.synced, maps.Clone(w.failed)
}

func (w *kindWatch) attempted(ctx context.Context, verb string, err error) {
	if ctx.Err() != nil || errors.Is(err, context.Canceled) {
		return // we are stopping, that says nothing about the kind
	}
	w.mu.Lock()
	_, before := w.failed[verb]
	if err != nil {
		w.failed[verb] = err
	} else {
		delete(w.failed, verb)
	}
	changed := before != (err != nil)
	w.mu.Unlock()
	if changed {
		w.changed()
	}
}

// stream notes that the next complete list will have come through a watch, or not.
func (w *kindWatch) stream(streaming bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.streaming = streaming
}

// observed notes how every attempt at listing and watching ended.
type observed struct {
	cache.ListerWatcherWithContext
	watch *kindWatch
	// noWatchList is what the client says of itself: that it cannot stream a list.
	noWatchList bool
}

func observe(source cache.ListerWatcher, w *kindWatch) cache.ListerWatcher {
	client, ok := source.(interface{ IsWatchListSemanticsUnSupported() bool })
	return observed{
		ListerWatcherWithContext: cache.ToListerWatcherWithContext(source),
		watch:                    w,
		noWatchList:              ok && client.IsWatchListSemanticsUnSupported(),
	}
}

// ListWithContext lists and notes whether that worked.
func (o observed) ListWithContext(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	list, err := o.ListerWatcherWithContext.ListWithContext(ctx, options)
	o.watch.attempted(ctx, verbList, err)
	return list, err
}

// WatchWithContext watches and notes whether that worked.
func (o observed) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	w, err := o.ListerWatcherWithContext.WatchWithContext(ctx, options)
	if options.SendInitialEvents == nil {
		o.watch.attempted(ctx, verbWatch, err)
		return w, err
	}
	// The reflector tries to have the list streamed. Where that does not work it lists, so a failure
	// says nothing yet; and that it began says nothing before the list is complete.
	o.watch.stream(err == nil)
	if err != nil && !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
		// Of some errors the reflector would try this again by itself, with waits up to a minute
		// that do not end with the context. Any other error makes it list.
		err = errors.New(err.Error())
	}
	return w, err
}

// List is the form without context, which the reflector does not call.
func (o observed) List(options metav1.ListOptions) (runtime.Object, error) {
	return o.ListWithContext(context.Background(), options)
}

// Watch is the form without context, which the reflector does not call.
func (o observed) Watch(options metav1.ListOptions) (watch.Interface, error) {
	return o.WatchWithContext(context.Background(), options)
}

// IsWatchListSemanticsUnSupported is how the reflector asks.
func (o observed) IsWatchListSemanticsUnSupported() bool { return o.noWatchList }
