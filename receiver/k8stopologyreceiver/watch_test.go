package k8stopologyreceiver

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"

	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/k8stopologyreceiver/internal/kind"
)

// answers is an API server that gives the same answer to every watch.
func answers(err error) cache.ListerWatcher {
	return &cache.ListWatch{
		ListWithContextFunc: func(context.Context, metav1.ListOptions) (runtime.Object, error) { return nil, err },
		WatchFuncWithContext: func(context.Context, metav1.ListOptions) (watch.Interface, error) {
			if err != nil {
				return nil, err
			}
			return watch.NewFake(), nil
		},
	}
}

func newTestWatch() *kindWatch {
	return newKindWatch(kind.All()[0], func(...kind.Key) {}, func() {})
}

func TestFailedStreamOfAListSaysNothingYet(t *testing.T) {
	yes := true
	for name, err := range map[string]error{
		"not supported": apierrors.NewInvalid(schema.GroupKind{Kind: "ListOptions"}, "", nil),
		"too many":      apierrors.NewTooManyRequests("later", 1),
		"forbidden":     apierrors.NewForbidden(schema.GroupResource{Resource: "namespaces"}, "", errors.New("no role")),
	} {
		t.Run(name, func(t *testing.T) {
			w := newTestWatch()
			_, got := observe(answers(err), w).(observed).WatchWithContext(t.Context(), metav1.ListOptions{SendInitialEvents: &yes})
			assert.EqualError(t, got, err.Error())
			assert.Equal(t, metav1.StatusReasonUnknown, apierrors.ReasonForError(got), "so that the reflector lists at once")
			_, failed := w.state()
			assert.Empty(t, failed)
		})
	}
}

func TestExpiredStreamIsLeftToTheReflector(t *testing.T) {
	yes := true
	_, err := observe(answers(apierrors.NewResourceExpired("too old")), newTestWatch()).(observed).
		WatchWithContext(t.Context(), metav1.ListOptions{SendInitialEvents: &yes})
	assert.True(t, apierrors.IsResourceExpired(err))
}

func TestStreamedListProvesTheRightToWatchOnceItIsComplete(t *testing.T) {
	yes := true
	w := newTestWatch()
	refused := errors.New("refused")
	_, _ = observe(answers(refused), w).(observed).WatchWithContext(t.Context(), metav1.ListOptions{})
	_, _ = observe(answers(refused), w).(observed).ListWithContext(t.Context(), metav1.ListOptions{})
	_, failed := w.state()
	require.Len(t, failed, 2)

	_, err := observe(answers(nil), w).(observed).WatchWithContext(t.Context(), metav1.ListOptions{SendInitialEvents: &yes})
	require.NoError(t, err)
	_, failed = w.state()
	assert.Len(t, failed, 2, "nothing has arrived yet")
	require.NoError(t, store{w}.Replace(nil, "1"))
	synced, failed := w.state()
	assert.True(t, synced)
	assert.Empty(t, failed)
}

func TestListedKindStillHasToBeWatched(t *testing.T) {
	w := newTestWatch()
	_, _ = observe(answers(errors.New("refused")), w).(observed).WatchWithContext(t.Context(), metav1.ListOptions{})
	require.NoError(t, store{w}.Replace(nil, "1"))
	_, failed := w.state()
	assert.Contains(t, failed, verbWatch)
}

func TestStoppingIsNoFailure(t *testing.T) {
	w := newTestWatch()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = observe(answers(context.Canceled), w).(observed).WatchWithContext(ctx, metav1.ListOptions{})
	_, failed := w.state()
	assert.Empty(t, failed)
}

func TestReplaceMarksOnlyWhatChanged(t *testing.T) {
	var marked []kind.Key
	w := newKindWatch(kind.All()[0], func(keys ...kind.Key) { marked = append(marked, keys...) }, func() {})
	require.NoError(t, store{w}.Replace([]any{namespace("a"), namespace("b")}, "1"))
	require.Len(t, marked, 2)
	marked = nil
	changed := namespace("b")
	changed.ResourceVersion = "2"
	require.NoError(t, store{w}.Replace([]any{changed, namespace("c")}, "2"))
	var names []string
	for _, key := range marked {
		names = append(names, key.Name)
	}
	assert.ElementsMatch(t, []string{"a", "b", "c"}, names)
	assert.ElementsMatch(t, []string{"b", "c"}, w.objects.ListKeys())
}

func TestStoreRefusesWhatIsNoObjectOfItsKind(t *testing.T) {
	s := store{newTestWatch()}
	for _, err := range []error{s.Add("text"), s.Update("text"), s.Delete("text"), s.Replace([]any{"text"}, "1")} {
		assert.ErrorContains(t, err, "namespace: got a string")
	}
	assert.NoError(t, s.Resync())
}
