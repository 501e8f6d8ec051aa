package e2e

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/otelcol-stackstate/otelcol-stackstate/test/harness"
)

// How long the intake is away.
const (
	outage     = 10 * time.Second
	longOutage = 30 * time.Second
)

// An intake that is away for a while while the cluster changes must know everything afterwards,
// without a restart of the collector.
func TestIntakeAwayWhileTheClusterChanges(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*harness.Proxy){
		"answers 503":       (*harness.Proxy).Refuse,
		"drops connections": (*harness.Proxy).Cut,
		"does not answer":   (*harness.Proxy).Hang,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, 2)
			kept, dropped := r.namespaces[0], r.namespaces[1]
			r.apply(kept, shop)
			r.apply(dropped, more)
			r.start()
			r.snapshots(1)
			r.podsRunning(kept, 4)
			r.settled()
			process := r.process

			fail(r.proxy)
			over := time.NewTimer(outageTime())
			defer over.Stop()
			r.apply(kept, more)
			r.scale(kept, "cart", 6)
			r.podsRunning(kept, 9)
			require.NoError(t, r.kube.CoreV1().Namespaces().Delete(t.Context(), dropped, metav1.DeleteOptions{}))
			r.replacePod(kept, "toolbox")
			r.scale(kept, "cart", 2)
			r.podsRunning(kept, 4)
			r.namespaceGone(dropped)
			r.met()
			<-over.C

			r.proxy.Open()
			mended := time.Now()
			r.settled()
			t.Logf("equal %s after the intake was back", time.Since(mended).Round(time.Millisecond))
			r.nothingOf(dropped)
			require.Same(t, process, r.process)
			select {
			case <-process.Exited():
				t.Fatal("the collector has ended")
			default:
			}
		})
	}
}

func outageTime() time.Duration {
	if *long {
		return longOutage
	}
	return outage
}

// A collector whose intake is away from the beginning must start, and send all when it can.
func TestIntakeAwayAtTheStart(t *testing.T) {
	t.Parallel()
	r := setup(t, 1)
	r.proxy.Cut()
	r.apply(r.namespaces[0], shop)
	r.start()
	r.eventually(func() error {
		if r.proxy.Broken() < 2 {
			return fmt.Errorf("%d attempts to send", r.proxy.Broken())
		}
		return nil
	})
	r.proxy.Open()
	r.snapshots(1)
	r.podsRunning(r.namespaces[0], 4)
	r.settled()
}

// What waits to be sent survives the end of the collector, which does not wait for the intake.
func TestCollectorEndsWhileTheIntakeIsAway(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fail func(*harness.Proxy)
		end  func(*rig)
	}{
		"killed while it answers 503":      {(*harness.Proxy).Refuse, (*rig).kill},
		"stopped while it does not answer": {(*harness.Proxy).Hang, (*rig).stop},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := setup(t, 1)
			r.crashes = true
			namespace := r.namespaces[0]
			r.apply(namespace, shop)
			r.start()
			r.snapshots(1)
			r.podsRunning(namespace, 4)
			r.settled()

			tc.fail(r.proxy)
			r.scale(namespace, "cart", 5)
			r.podsRunning(namespace, 6)
			r.met()
			tc.end(r)
			r.scale(namespace, "cart", 1)
			r.podsRunning(namespace, 2)
			r.start()
			r.proxy.Open()
			r.snapshots(2)
			r.settled()
		})
	}
}

// met waits until a request has met the broken line.
func (r *rig) met() {
	r.t.Helper()
	r.eventually(func() error {
		if r.proxy.Broken() == 0 {
			return errors.New("nothing was sent meanwhile")
		}
		return nil
	})
}
