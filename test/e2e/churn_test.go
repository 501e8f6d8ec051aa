package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// How many random operations there are, one every pace.
const (
	operations     = 150
	longOperations = 1200
	pace           = 100 * time.Millisecond
)

// manySmall makes every snapshot a row of payloads, and always one is under way.
const manySmall = `
receivers: {k8s_topology: {flush_interval: 10ms, snapshot_interval: 1s}}
exporters: {stackstate: {max_elements: 7}}
`

// After any sequence of operations, whatever befell the collector and its intake meanwhile, the
// picture is what the API server says. CHURN_SEED repeats a run.
func TestRandomChurn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		breaks, crashes bool
		config          string
	}{
		"undisturbed":                      {},
		"broken line":                      {breaks: true},
		"broken line and crashes":          {breaks: true, crashes: true},
		"many small payloads":              {config: manySmall},
		"many small payloads, with faults": {breaks: true, crashes: true, config: manySmall},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := churnSeed(t)
			t.Logf("to repeat these operations: CHURN_SEED=%d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			r := setup(t, 2, withConfig(t, tc.config))
			r.crashes = tc.crashes
			r.start()
			r.snapshots(1)
			workload := newWorkload(r, random)
			r.churn(workload, tc.breaks, tc.crashes)
			r.settled()
			t.Logf("operations: %v", workload.done)
		})
	}
}

// churn plays the workload at its pace, and leaves the collector running and the line open.
func (r *rig) churn(workload *workload, breaks, crashes bool) {
	r.t.Helper()
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for range operationCount() {
		workload.step()
		if breaks {
			r.breakLine(workload.random)
		}
		if crashes {
			r.crash(workload.random)
		}
		<-ticker.C
	}
	r.proxy.Open()
	if r.process == nil {
		r.start()
	}
}

func operationCount() int {
	if *long {
		return longOperations
	}
	return operations
}

func churnSeed(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("CHURN_SEED")
	if text == "" {
		return rand.Uint64()
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, "CHURN_SEED")
	return seed
}

// breakLine now and then breaks or mends the line to the intake.
func (r *rig) breakLine(random *rand.Rand) {
	switch random.IntN(50) {
	case 0:
		r.proxy.Refuse()
	case 1:
		r.proxy.Cut()
	case 2:
		r.proxy.Hang()
	case 3, 4, 5, 6, 7, 8, 9:
		r.proxy.Open()
	}
}

// crash now and then ends or starts the collector.
func (r *rig) crash(random *rand.Rand) {
	r.t.Helper()
	number, runs := random.IntN(50), r.process != nil
	switch {
	case number == 0 && runs:
		r.kill()
	case number == 1 && runs:
		r.stop()
	case number < 8 && !runs:
		r.start()
	}
}

// pick returns one of the values.
func pick[T any](random *rand.Rand, values ...T) T { return values[random.IntN(len(values))] }

// small is a name out of a few, so that names are used again.
func small(random *rand.Rand, prefix string) string {
	return fmt.Sprintf("%s-%d", prefix, random.IntN(4))
}
