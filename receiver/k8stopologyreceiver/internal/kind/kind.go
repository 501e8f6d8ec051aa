// Package kind is the table of the Kubernetes kinds the receiver knows: one row per kind, one file
// per row. A row only answers questions about objects. It does no I/O, keeps no state, knows no
// time, never changes an object, gives the same output for the same input and does not panic on an
// empty object. Watching, comparing and sending is done elsewhere for all rows alike.
package kind

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
)

// Key names an object: a row and the object's name.
type Key struct {
	Kind string // name of the row
	cache.ObjectName
}

// Env is what a row needs to know besides the objects.
type Env struct {
	Naming topology.Naming
}

// View gives a row read access to the objects of other rows.
type View interface {
	// Indexed returns the objects of a kind that its index lists under the value.
	Indexed(kind, index, value string) []any
}

// Row is one kind. T is the type of its objects, as client-go has it.
type Row[T object] struct {
	Name     string // singular, lower case; the key in the configuration
	Resource schema.GroupVersionResource
	Open     func(kubernetes.Interface) cache.ListerWatcher // all namespaces
	// Slim returns a copy with exactly what the other functions read; it is all that is kept.
	Slim func(T) T
	// Indexes are look-ups other rows use through their View.
	Indexes map[string]func(T) []string
	// Build makes the components of an object: the object's own first, then what it encloses.
	// nil for a kind that only contributes relations.
	Build func(Env, T) []topology.Component
	// Relations lists the relations those components carry, whether or not the far end exists.
	Relations func(Env, View, T) []topology.Relation
	// Touches names the other objects whose components or relations depend on this one.
	Touches func(T) []Key
}

type object interface {
	metav1.Object
	runtime.Object
}

// Kind is a Row whose object type is forgotten, so that one list can hold all of them.
type Kind struct {
	Name      string
	Resource  schema.GroupVersionResource
	Object    runtime.Object // an empty object of the kind
	Open      func(kubernetes.Interface) cache.ListerWatcher
	Slim      cache.TransformFunc
	Indexers  cache.Indexers
	Build     func(Env, any) []topology.Component
	Relations func(Env, View, any) []topology.Relation
	Touches   func(any) []Key
}

// kindOf forgets the type of a row's objects. empty makes an object of that type.
func kindOf[T object](row Row[T], empty T) Kind {
	k := Kind{
		Name:      row.Name,
		Resource:  row.Resource,
		Object:    empty,
		Open:      row.Open,
		Indexers:  cache.Indexers{},
		Build:     func(Env, any) []topology.Component { return nil },
		Relations: func(Env, View, any) []topology.Relation { return nil },
		Touches:   func(any) []Key { return nil },
		Slim: func(obj any) (any, error) {
			typed, ok := obj.(T)
			if !ok {
				return nil, fmt.Errorf("%s: got a %T, want a %T", row.Name, obj, empty)
			}
			return row.Slim(typed), nil
		},
	}
	for name, values := range row.Indexes {
		k.Indexers[name] = func(obj any) ([]string, error) { return values(obj.(T)), nil }
	}
	if row.Build != nil {
		k.Build = func(env Env, obj any) []topology.Component { return row.Build(env, obj.(T)) }
	}
	if row.Relations != nil {
		k.Relations = func(env Env, view View, obj any) []topology.Relation {
			return row.Relations(env, view, obj.(T))
		}
	}
	if row.Touches != nil {
		k.Touches = func(obj any) []Key { return row.Touches(obj.(T)) }
	}
	return k
}

// client is what the typed clients of client-go have in common.
type client[L runtime.Object] interface {
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
}

// open lists and watches with a typed client of the clientset.
func open[L runtime.Object](clientset kubernetes.Interface, c client[L]) cache.ListerWatcher {
	return cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return c.List(ctx, o)
		},
		WatchFuncWithContext: c.Watch,
	}, clientset)
}
