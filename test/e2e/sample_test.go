package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/test/harness"
)

// Not parallel: it compares the whole cluster, not only namespaces of its own.
func TestSampleIsCompleteAndFollowsChanges(t *testing.T) {
	r := setup(t, 0)
	r.applySample()
	r.start()
	r.snapshots(1)
	r.settledWhole()
	view, err := r.intake.View(r.cluster)
	require.NoError(t, err)
	for _, relation := range []string{
		"node belongs_to cluster", "pod scheduled_on node", "pod encloses container", "container runs_on node",
		"replicaset controls pod", "deployment controls replicaset", "namespace encloses deployment",
		"namespace encloses service", "namespace encloses pod", "service exposes pod",
	} {
		require.NotZero(t, view.RelationCounts()[relation], "the sample must hold %q", relation)
	}

	r.measureScaling(r.cluster+"-shop", "cart", 2, 8)
	r.measureScaling(r.cluster+"-shop", "cart", 8, 1)
	r.settledWhole()

	data := r.cluster + "-shop-data"
	require.NoError(t, r.kube.CoreV1().Namespaces().Delete(t.Context(), data, metav1.DeleteOptions{}))
	r.namespaceGone(data)
	r.settledWhole()
	r.nothingOf(data)
}

// applySample applies the sample of the local run, in namespaces of the test's own.
func (r *rig) applySample() {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(suite.root, "test", "local", "sample", "*.yaml"))
	require.NoError(r.t, err)
	require.NotEmpty(r.t, files)
	names := regexp.MustCompile(`(?m)^(  name|  namespace): (shop|shop-data|shop-jobs)$`)
	for _, file := range files { // by name: the namespaces first
		manifest, err := os.ReadFile(file)
		require.NoError(r.t, err)
		manifest = names.ReplaceAll(manifest, []byte("$1: "+r.cluster+"-$2"))
		require.NoError(r.t, r.kube.ApplyText(r.t.Context(), string(manifest)))
	}
	for _, namespace := range []string{"shop", "shop-data", "shop-jobs"} {
		r.ownNamespace(r.cluster + "-" + namespace)
	}
}

// settledWhole waits until the whole cluster is there, of which nothing else may change meanwhile.
func (r *rig) settledWhole() {
	r.t.Helper()
	r.eventually(func() error {
		got, err := r.intake.View(r.cluster)
		if err != nil {
			return err
		}
		objects, err := r.kube.Objects(r.t.Context())
		if err != nil {
			return err
		}
		return harness.Diff(harness.Want(r.cluster, objects), got).Err()
	})
}

func (r *rig) namespaceGone(name string) {
	r.t.Helper()
	r.eventually(func() error {
		_, err := r.kube.CoreV1().Namespaces().Get(r.t.Context(), name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("namespace %s is still there: %w", name, err)
	})
}

// nothingOf checks that no trace of a namespace is left, not even in a relation.
func (r *rig) nothingOf(namespace string) {
	r.t.Helper()
	view, err := r.intake.View(r.cluster)
	require.NoError(r.t, err)
	for id := range view.Components {
		require.NotContains(r.t, id, ":"+namespace+":")
		require.NotContains(r.t, id, "namespace/"+namespace)
	}
	for relation := range view.Relations {
		require.NotContains(r.t, relation.String(), ":"+namespace+":")
	}
}

// measureScaling scales a deployment and logs how much later than in the API each pod came into
// being, or went, at the intake.
func (r *rig) measureScaling(namespace, deployment string, from, to int) {
	r.t.Helper()
	running, err := r.kube.CoreV1().Pods(namespace).List(r.t.Context(), metav1.ListOptions{})
	require.NoError(r.t, err)
	pods := r.watchPods(namespace)
	before := time.Now()
	r.scale(namespace, deployment, to)
	r.podsRunning(namespace, len(running.Items)+to-from)
	r.settledWhole()
	seen := pods()
	require.Len(r.t, seen, max(to-from, from-to))
	var delays []time.Duration
	for _, event := range seen {
		op := topology.Upsert
		if event.kind == watch.Deleted {
			op = topology.Delete
		}
		id := fmt.Sprintf("urn:kubernetes:/%s:%s:pod/%s", r.cluster, namespace, event.pod)
		at, ok := r.arrived(op, id, before)
		require.True(r.t, ok, "%s of %s", event.kind, event.pod)
		delays = append(delays, at.Sub(event.at))
	}
	slices.Sort(delays)
	r.t.Logf("scaled from %d to %d: %d pods at the intake after %s (median) to %s (longest)", from, to,
		len(delays), delays[len(delays)/2].Round(time.Millisecond), delays[len(delays)-1].Round(time.Millisecond))
}

type podEvent struct {
	kind watch.EventType
	pod  string
	at   time.Time
}

// watchPods notes when pods come and go, until the returned function is called.
func (r *rig) watchPods(namespace string) func() []podEvent {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	list, err := r.kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	require.NoError(r.t, err)
	watcher, err := r.kube.CoreV1().Pods(namespace).Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	require.NoError(r.t, err)
	var events []podEvent
	var done sync.WaitGroup
	done.Go(func() {
		for event := range watcher.ResultChan() {
			pod, ok := event.Object.(*corev1.Pod)
			if ok && (event.Type == watch.Added || event.Type == watch.Deleted) {
				events = append(events, podEvent{event.Type, pod.Name, time.Now()})
			}
		}
	})
	return func() []podEvent {
		cancel()
		watcher.Stop()
		done.Wait()
		return events
	}
}

// TestOddShapes covers what the sample does not hold: owners of kinds that are not collected, of
// foreign kinds, services without pods, labels that collide with tags.
func TestOddShapes(t *testing.T) {
	t.Parallel()
	r := setup(t, 1)
	r.start()
	r.snapshots(1)
	r.apply(r.namespaces[0], oddShapes)
	r.podsRunning(r.namespaces[0], nodes+4)
	r.settled()
}
