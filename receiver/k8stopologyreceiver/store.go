package k8stopologyreceiver

import (
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/cache"

	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/kind"
)

// store is where the reflector puts what it sees: it slims objects, keeps them and marks what may
// have changed by them. It stands in for an informer, whose queue and listeners would hold every
// object of a first list several times over.
type store struct {
	*kindWatch
}

var _ cache.TransformingStore = store{}

// Transformer slims objects before the reflector gathers them for Replace.
func (s store) Transformer() cache.TransformFunc { return s.kind.Slim }

// Add stores a new object.
func (s store) Add(obj any) error { return s.Update(obj) }

// Update stores a changed object.
func (s store) Update(obj any) error {
	slim, err := s.kind.Slim(obj)
	if err != nil {
		return err
	}
	s.put(slim)
	return nil
}

// Delete removes an object.
func (s store) Delete(obj any) error {
	slim, err := s.kind.Slim(obj)
	if err != nil {
		return err
	}
	return s.remove(slim)
}

// Replace makes the store hold exactly the given objects. Nothing is marked that did not change.
func (s store) Replace(list []any, _ string) error {
	current := make(map[string]bool, len(list))
	for _, obj := range list {
		slim, err := s.kind.Slim(obj)
		if err != nil {
			return err
		}
		name, err := cache.MetaNamespaceKeyFunc(slim)
		if err != nil {
			return err
		}
		current[name] = true
		if before, exists, _ := s.objects.GetByKey(name); exists && version(before) == version(slim) {
			continue
		}
		s.put(slim)
	}
	for _, name := range s.objects.ListKeys() {
		if current[name] {
			continue
		}
		if obj, exists, _ := s.objects.GetByKey(name); exists {
			if err := s.remove(obj); err != nil {
				return err
			}
		}
	}
	s.setSynced()
	return nil
}

// Resync has nothing to do: nobody misses changes.
func (s store) Resync() error { return nil }

func (s store) put(slim any) {
	before, existed, _ := s.objects.Get(slim)
	_ = s.objects.Update(slim) // fails only for objects without a key
	keys := append(s.kind.Touches(slim), s.key(slim))
	if existed {
		keys = append(keys, s.kind.Touches(before)...)
	}
	s.mark(keys...)
}

func (s store) remove(slim any) error {
	if err := s.objects.Delete(slim); err != nil {
		return err
	}
	s.mark(append(s.kind.Touches(slim), s.key(slim))...)
	return nil
}

func (s store) key(obj any) kind.Key {
	name, _ := cache.ObjectToName(obj)
	return kind.Key{Kind: s.kind.Name, ObjectName: name}
}

// setSynced notes that a complete list has arrived, and that the verb it came by works.
func (s store) setSynced() {
	s.mu.Lock()
	failures := len(s.failed)
	delete(s.failed, verbList)
	if s.streaming {
		delete(s.failed, verbWatch)
	}
	changed := !s.synced || len(s.failed) != failures
	s.synced = true
	s.mu.Unlock()
	if changed {
		s.changed()
	}
}

func version(obj any) string {
	m, err := meta.Accessor(obj)
	if err != nil {
		return ""
	}
	return string(m.GetUID()) + "/" + m.GetResourceVersion()
}
