package e2e

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/test/harness"
)

// rig is one test's share of the world: namespaces of the cluster, a stand-in intake, a proxy in
// front of it, and a collector that is started and stopped by the test.
type rig struct {
	t          *testing.T
	kube       *harness.Kube
	cluster    string   // the cluster's name in this test
	namespaces []string // this test's own
	proxy      *harness.Proxy
	intake     *harness.Intake
	collector  harness.Collector
	process    *harness.Process // the collector, if it runs
	// crashes says that the collector ends while payloads wait. What comes first after that is not
	// in order, which the intake remarks; it must not refuse any of it.
	crashes bool
}

// setup makes a rig with the given number of namespaces. Its collector does not run yet.
func setup(t *testing.T, namespaces int, change ...func(*harness.Source)) *rig {
	t.Helper()
	name := fmt.Sprintf("e2e-%06x", rand.Uint32N(1<<24))
	r := &rig{t: t, kube: suite.kube, cluster: name}
	for i := range namespaces {
		r.addNamespace(fmt.Sprintf("%s-%d", name, i+1))
	}
	standIn := r.startStandIn()
	var err error
	r.proxy, err = harness.StartProxy(standIn.URL)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.proxy.Stop()) })

	source := harness.Source{Cluster: name, Kubeconfig: r.kube.Kubeconfig, URL: r.proxy.URL}
	for _, f := range change {
		f(&source)
	}
	r.collector, err = suite.collectors.Standalone(filepath.Join(t.TempDir(), "collector"), source)
	require.NoError(t, err)
	t.Cleanup(func() {
		r.stop()
		r.checkLog(r.collector.Log, func(line string) bool {
			// At the end of the process nothing is lost: it is in the queue on disk.
			dropped := strings.Contains(line, "Dropping data") && !strings.Contains(line, "interrupted due to shutdown")
			return dropped || strings.Contains(line, "panic")
		})
	})
	return r
}

// withConfig merges a text into the collector's configuration.
func withConfig(t *testing.T, config string) func(*harness.Source) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "more.yaml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	return func(s *harness.Source) { s.More = append(s.More, file) }
}

// addNamespace creates a namespace that counts as this test's own and is removed after it.
func (r *rig) addNamespace(name string) {
	r.t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := r.kube.CoreV1().Namespaces().Create(r.t.Context(), namespace, metav1.CreateOptions{})
	require.NoError(r.t, err)
	r.ownNamespace(name)
}

func (r *rig) ownNamespace(name string) {
	r.namespaces = append(r.namespaces, name)
	r.t.Cleanup(func() {
		err := r.kube.CoreV1().Namespaces().Delete(r.detached(), name, metav1.DeleteOptions{})
		if !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			assert.NoError(r.t, err)
		}
	})
}

// detached is the test's context for cleaning up after it.
func (r *rig) detached() context.Context { return context.WithoutCancel(r.t.Context()) }

func (r *rig) startStandIn() harness.StandIn {
	r.t.Helper()
	address, err := suite.collectors.Ports.Address()
	require.NoError(r.t, err)
	standIn, err := suite.collectors.StandIn(filepath.Join(r.t.TempDir(), "intake"), address)
	require.NoError(r.t, err)
	process := startProcess(r.t, standIn.Program)
	r.t.Cleanup(func() {
		assert.NoError(r.t, process.Stop(stopTime))
		r.checkLog(standIn.Log, func(line string) bool {
			broken := strings.Contains(line, "breaks a rule") && (!r.crashes || strings.Contains(line, `"rejected": true`))
			return broken || strings.Contains(line, "panic")
		})
	})
	require.NoError(r.t, process.WaitReady(r.t.Context(), patience))
	r.intake = harness.FollowIntake(standIn.File)
	r.t.Cleanup(r.intake.Stop)
	return standIn
}

// checkLog fails the test if a log tells of something that must never happen, and shows the end of
// the log if the test has failed for whatever reason.
func (r *rig) checkLog(file string, never func(line string) bool) {
	lines := harness.LogLines(file)
	for _, line := range lines {
		assert.False(r.t, never(line), "in %s: %s", filepath.Base(file), line)
	}
	if r.t.Failed() {
		r.t.Logf("%s ends with\n%s", filepath.Base(file), strings.Join(lines[max(0, len(lines)-15):], "\n"))
	}
}

// start starts the collector and waits until it says that it runs.
func (r *rig) start() {
	r.t.Helper()
	process := startProcess(r.t, r.collector.Program)
	r.process = process
	require.NoError(r.t, process.WaitReady(r.t.Context(), patience))
}

// stop ends the collector, if it runs, the way a supervisor does.
func (r *rig) stop() {
	r.t.Helper()
	if r.process != nil {
		assert.NoError(r.t, r.process.Stop(stopTime))
		r.process = nil
	}
}

// kill ends the collector as a crash does.
func (r *rig) kill() {
	r.process.Kill()
	r.process = nil
}

// eventually waits until the check returns nil.
func (r *rig) eventually(check func() error) {
	r.t.Helper()
	require.NoError(r.t, harness.Eventually(r.t.Context(), patience, check))
}

// view is what has arrived of this test's namespaces and of what has none.
func (r *rig) view() (harness.View, error) {
	view, err := r.intake.View(r.cluster)
	return view.Within(r.namespaces...), err
}

// settled waits until what arrived is what the API server says.
func (r *rig) settled() {
	r.t.Helper()
	r.eventually(func() error {
		got, err := r.view()
		if err != nil {
			return err
		}
		objects, err := r.kube.Objects(r.t.Context())
		if err != nil {
			return err
		}
		return harness.Diff(harness.Want(r.cluster, objects).Within(r.namespaces...), got).Err()
	})
}

// snapshots waits for the given number of complete snapshots in all.
func (r *rig) snapshots(count int) {
	r.t.Helper()
	r.eventually(func() error {
		if got := r.intake.Snapshots(); got < count {
			return fmt.Errorf("%d complete snapshots arrived, want %d", got, count)
		}
		return nil
	})
}

// podsRunning waits until exactly so many pods run in the namespace and none is on its way out.
func (r *rig) podsRunning(namespace string, count int) {
	r.t.Helper()
	r.eventually(func() error {
		pods, err := r.kube.CoreV1().Pods(namespace).List(r.t.Context(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		running := 0
		var others []string
		for _, pod := range pods.Items {
			switch {
			case pod.DeletionTimestamp != nil:
				others = append(others, pod.Name+" is leaving")
			case pod.Status.Phase != corev1.PodRunning:
				others = append(others, fmt.Sprintf("%s is %s on node %q", pod.Name, pod.Status.Phase, pod.Spec.NodeName))
			default:
				running++
			}
		}
		if running != count || slices.ContainsFunc(pods.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil }) {
			return fmt.Errorf("%d pods run, want %d; %s", running, count, strings.Join(others, ", "))
		}
		return nil
	})
}

// apply applies manifests of this package to a namespace.
func (r *rig) apply(namespace string, manifests ...string) {
	r.t.Helper()
	for _, manifest := range manifests {
		require.NoError(r.t, r.kube.ApplyText(r.t.Context(), strings.ReplaceAll(manifest, "NAMESPACE", namespace)))
	}
}

// scale sets the size of a deployment.
func (r *rig) scale(namespace, deployment string, replicas int) {
	r.t.Helper()
	_, err := r.kube.Run(r.t.Context(), nil, "-n", namespace, "scale", "deployment", deployment, fmt.Sprintf("--replicas=%d", replicas))
	require.NoError(r.t, err)
}

// arrived returns when the first record of the operation on the component arrived after a time.
func (r *rig) arrived(op topology.Op, id string, after time.Time) (time.Time, bool) {
	found := r.intake.Arrivals(func(a harness.Arrival) bool {
		return a.Record.Op == op && string(a.Record.Component.ID) == id && a.At.After(after)
	})
	if len(found) == 0 {
		return time.Time{}, false
	}
	return found[0].At, true
}

// metric returns the lines of the collector's own metrics that begin with the name.
func (r *rig) metric(name string) ([]string, error) {
	response, err := http.Get(r.collector.Metrics)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	var lines []string
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, name) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines, err
}
