package stackstatereceiver

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
)

var podPayload = payloadOf(`"components":[` + podJSON + `],"relations":[]`)

// await receives from a channel, with a bound.
func await[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(20 * time.Second):
		require.FailNow(t, "waited in vain", what)
		panic("not reached")
	}
}

// watched is what becomes of the payloads of a receiver.
type watched struct {
	arrived  chan struct{}
	answered chan int
}

// watch is for settings.receiver.
func (w *watched) watch(r *intakeReceiver) {
	w.arrived, w.answered = make(chan struct{}, 10), make(chan int, 10)
	accept := r.handler.accept
	r.handler.accept = func(ctx context.Context, req request) answer {
		w.arrived <- struct{}{}
		a := accept(ctx, req)
		w.answered <- a.status
		return a
	}
}

func TestClientThatGivesUpWaitsNoLonger(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		encoding string
		body     []byte
	}{
		"plain":        {"identity", []byte(podPayload)},
		"gzip":         {"gzip", compressed(t, podPayload, toGzip)},
		"deflate":      {"deflate", compressed(t, podPayload, toZlib)},
		"bare deflate": {"deflate", compressed(t, podPayload, toFlate)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen watched
			next := newGate()
			r := start(t, settings{next: next, receiver: seen.watch})
			first := make(chan int, 1)
			go func() { first <- r.post(podPayload) }()
			await(t, next.entered, "the first payload at the consumer")
			<-seen.arrived

			ctx, cancel := context.WithCancel(t.Context())
			gone := make(chan error, 1)
			body, write := io.Pipe() // of unknown length, therefore sent in pieces
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.receiver.address.String()+"/stsAgent/intake?api_key=a", body)
			require.NoError(t, err)
			req.Header.Set("Content-Encoding", tt.encoding)
			go func() {
				_, err := r.client.Do(req)
				gone <- err
			}()
			_, err = write.Write(tt.body)
			require.NoError(t, err)
			require.NoError(t, write.Close())
			await(t, seen.arrived, "the second payload")
			cancel()
			require.ErrorIs(t, await(t, gone, "the client"), context.Canceled)
			status := 0
			select {
			case status = <-seen.answered:
			case <-time.After(20 * time.Second):
			}
			close(next.open)
			require.Equal(t, http.StatusServiceUnavailable, status, "the second payload waits on")
			assert.Equal(t, http.StatusOK, await(t, first, "the first payload"))
			assert.Equal(t, http.StatusOK, await(t, seen.answered, "the first payload"))
		})
	}
}

func TestClientThatHasGivenUpIsNotProcessed(t *testing.T) {
	t.Parallel()
	sink := &consumertest.LogsSink{}
	r := start(t, settings{next: sink})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // its turn and its end are there at the same time
		a := r.receiver.acceptor.accept(ctx, request{body: []byte(podPayload), arrived: noon})
		assert.Equal(t, http.StatusServiceUnavailable, a.status)
	}
	assert.Zero(t, sink.LogRecordCount())
	assert.Equal(t, http.StatusOK, r.post(podPayload), "nobody is kept waiting by those who are gone")
}

// patient is a consumer that takes nothing and holds on to it until it is told to give up.
type patient struct{ entered chan struct{} }

func (p *patient) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (p *patient) ConsumeLogs(ctx context.Context, _ plog.Logs) error {
	p.entered <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}

func TestShutdownMakesRequestsGiveUp(t *testing.T) {
	t.Parallel()
	var seen watched
	next := &patient{entered: make(chan struct{}, 10)}
	r := start(t, settings{next: next, receiver: func(r *intakeReceiver) {
		seen.watch(r)
		r.finishTime = time.Millisecond
		r.giveUpTime = time.Minute // far more than it takes
	}})
	const requests = 3
	statuses := make(chan int, requests)
	for range requests {
		go func() { statuses <- r.post(podPayload) }()
		await(t, seen.arrived, "a payload")
	}
	await(t, next.entered, "a payload at the consumer")

	stopped := make(chan error, 1)
	go func() { stopped <- r.receiver.Shutdown(context.Background()) }()
	require.NoError(t, await(t, stopped, "Shutdown"))
	for range requests {
		assert.Equal(t, http.StatusServiceUnavailable, await(t, statuses, "an answer"))
	}
	assert.Empty(t, next.entered, "payloads that waited are not processed any more")
	a := r.receiver.acceptor.accept(t.Context(), request{body: []byte(podPayload), arrived: noon})
	assert.Equal(t, http.StatusServiceUnavailable, a.status)
	assert.Empty(t, next.entered, "nor are those that come too late")
}

func TestLargePayloadIsNotConsumedOnAfterShutdown(t *testing.T) {
	t.Parallel()
	var seen watched
	next := newGate() // does not listen to its context
	r := start(t, settings{next: next, receiver: func(r *intakeReceiver) {
		seen.watch(r)
		r.giveUpTime = time.Millisecond
	}})
	gone := make(chan error, 1)
	go func() {
		_, err := r.client.Post("http://"+r.receiver.address.String()+"/stsAgent/intake?api_key=a", "application/json", strings.NewReader(twoPartPayload()))
		gone <- err
	}()
	await(t, next.entered, "the first part at the consumer")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, r.receiver.Shutdown(ctx), "holds on to a payload")
	require.Error(t, await(t, gone, "the client"))
	close(next.open)
	assert.Equal(t, http.StatusServiceUnavailable, await(t, seen.answered, "the end of the payload"))
}

// twoPartPayload is too large to be consumed at once.
func twoPartPayload() string {
	nodes := make([]string, maxRecords+1)
	for i := range nodes {
		nodes[i] = strings.ReplaceAll(nodeJSON, "n1", "n"+strconv.Itoa(i))
	}
	return payloadOf(`"components":[` + strings.Join(nodes, ",") + `],"relations":[]`)
}
