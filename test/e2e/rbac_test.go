package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/test/harness"
)

// Without the right to one kind the collector goes on with the others, claims nothing about the
// missing one, and heals as soon as the right is there.
func TestForbiddenKindIsMissedNotDeleted(t *testing.T) {
	t.Parallel()
	account := newAccount(t)
	account.allow() // all but replica sets
	r := setup(t, 1, func(s *harness.Source) { s.Kubeconfig = account.kubeconfig() })
	namespace := r.namespaces[0]
	r.start()

	// Increments flow, snapshots do not.
	r.apply(namespace, shop)
	r.podsRunning(namespace, 4)
	r.sees("pod", 4)
	r.sees("deployment", 1)
	r.complains(1)
	r.unreadableKinds(1)
	require.Zero(t, r.intake.Snapshots())

	account.allow(replicaSets)
	r.snapshots(1)
	r.settled()
	r.unreadableKinds(0)
	r.complains(1)

	// Gone again, and the collector starts anew: it cannot know what became of the replica sets.
	account.allow()
	r.stop()
	before, err := r.view()
	require.NoError(t, err)
	arrivals := len(r.intake.Arrivals(func(harness.Arrival) bool { return true }))
	r.start()
	r.complains(2)
	r.apply(namespace, more)
	r.sees("deployment", 2)
	r.podsRunning(namespace, 6)
	r.sees("pod", 6)
	after, err := r.view()
	require.NoError(t, err)
	contains(t, after, before)
	for _, a := range r.intake.Arrivals(func(harness.Arrival) bool { return true })[arrivals:] {
		// Other tests do delete what is theirs.
		mine := strings.Contains(string(a.Record.Component.ID), namespace)
		require.False(t, mine && a.Record.Op == topology.Delete, "%s is deleted", a.Record.Component.ID)
	}
	require.Equal(t, 1, r.intake.Snapshots())

	account.allow(replicaSets)
	r.snapshots(2)
	r.settled()
}

// sees waits until so many components of a type are at the intake, and checks that nothing
// dangles.
func (r *rig) sees(componentType string, count int) {
	r.t.Helper()
	r.eventually(func() error {
		view, err := r.view()
		if err != nil {
			return err
		}
		if got := view.ComponentCounts()[componentType]; got != count {
			return fmt.Errorf("%d components of type %s, want %d", got, componentType, count)
		}
		if dangling := harness.Dangling(view); len(dangling) > 0 {
			return fmt.Errorf("dangling: %s", strings.Join(dangling, "; "))
		}
		return nil
	})
}

// complains waits until the log tells which verb on which resource is missing, and checks that no
// run of the collector said so twice, however often it has tried since.
func (r *rig) complains(runs int) {
	r.t.Helper()
	r.eventually(func() error {
		said := 0
		for _, verb := range []string{"list", "watch"} {
			lines := harness.LogLines(r.collector.Log, replicaSets, "cannot "+verb)
			if len(lines) > runs {
				return harness.Final(fmt.Errorf("said more than once:\n%s", strings.Join(lines, "\n")))
			}
			said = max(said, len(lines))
		}
		if said < runs {
			return fmt.Errorf("the log says nothing of list or watch and replicasets")
		}
		return nil
	})
}

// unreadableKinds waits for the collector's own metric.
func (r *rig) unreadableKinds(count int) {
	r.t.Helper()
	r.eventually(func() error {
		lines, err := r.metric("otelcol_receiver_k8s_topology_unreadable_kinds")
		if err != nil {
			return err
		}
		if len(lines) != 1 || !strings.HasSuffix(lines[0], fmt.Sprintf(" %d", count)) {
			return fmt.Errorf("unreadable kinds: %q, want %d", lines, count)
		}
		return nil
	})
}

// contains checks that nothing of a view is missing in a later one.
func contains(t *testing.T, later, earlier harness.View) {
	t.Helper()
	difference := harness.Diff(earlier, later)
	require.Empty(t, difference.Missing)
	require.Empty(t, difference.Dangling)
}
