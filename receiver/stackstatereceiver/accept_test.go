package stackstatereceiver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/testutil/golden"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topology"
	"github.com/otelcol-stackstate/otelcol-stackstate/internal/topologylog"
	"github.com/otelcol-stackstate/otelcol-stackstate/receiver/stackstatereceiver/internal/metadatatest"
)

// entryOf is an entry of the cluster's topology with the given members.
func entryOf(members string) string {
	return `{"instance":{"type":"kubernetes","url":"prod"},` + members + `}`
}

// payloadOf is a payload of one such entry.
func payloadOf(members string) string {
	return `{"internalHostname":"prod","topologies":[` + entryOf(members) + `]}`
}

const (
	nodeJSON      = `{"externalId":"urn:kubernetes:/prod:node/n1","type":{"name":"node"},"data":{"name":"n1"}}`
	podJSON       = `{"externalId":"urn:kubernetes:/prod:shop:pod/cart","type":{"name":"pod"},"data":{"name":"cart"}}`
	scheduledJSON = `{"externalId":"urn:kubernetes:/prod:shop:pod/cart->urn:kubernetes:/prod:node/n1","type":{"name":"scheduled_on"},` +
		`"sourceId":"urn:kubernetes:/prod:shop:pod/cart","targetId":"urn:kubernetes:/prod:node/n1","data":{}}`
)

// statements is what logs say, one record a line.
func statements(t *testing.T, logs ...plog.Logs) []string {
	t.Helper()
	lines := []string{}
	for _, batch := range logs {
		for entry, err := range topologylog.Entries(batch) {
			require.NoError(t, err)
			record := entry.Record
			switch record.Op {
			case topology.SnapshotStart:
				lines = append(lines, entry.Instance.URL+" start")
			case topology.SnapshotStop:
				lines = append(lines, entry.Instance.URL+" stop")
			case topology.Delete:
				lines = append(lines, entry.Instance.URL+" -"+record.Component.Name+string(record.Component.ID)+relationTypes(" -", record.Removed))
			default:
				lines = append(lines, entry.Instance.URL+" +"+record.Component.Name+relationTypes(" +", record.Relations)+relationTypes(" -", record.Removed))
			}
		}
	}
	return lines
}

func relationTypes(sign string, relations []topology.Relation) string {
	text := ""
	for _, relation := range relations {
		text += sign + relation.Type
	}
	return text
}

func TestPayloadsBecomeRecords(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/payloads/*/payload.json")
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for _, file := range cases {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(file)
			require.NoError(t, err)
			sink := &consumertest.LogsSink{}
			r := start(t, settings{next: sink})
			require.Equal(t, http.StatusOK, r.post(string(body)))
			all := plog.NewLogs()
			for _, logs := range sink.AllLogs() {
				logs.ResourceLogs().MoveAndAppendTo(all.ResourceLogs())
			}
			golden.EqualLogs(t, filepath.Join(filepath.Dir(file), "records.golden.yaml"), all)
		})
	}
}

func TestPicturesComeTogetherOverPayloads(t *testing.T) {
	t.Parallel()
	const nodeURN, podURN = "urn:kubernetes:/prod:node/n1", "urn:kubernetes:/prod:shop:pod/cart"
	tests := []struct {
		name     string
		payloads []string // members of an entry
		want     []string
	}{
		{
			"snapshot over two chunks",
			[]string{
				`"start_snapshot":true,"components":[` + podJSON + `],"relations":[]`,
				`"stop_snapshot":true,"components":[` + nodeJSON + `],"relations":[` + scheduledJSON + `]`,
			},
			[]string{"prod +cart", "prod start", "prod +n1", "prod +cart +scheduled_on", "prod stop"},
		},
		{
			"relations in a payload of their own",
			[]string{
				`"components":[` + podJSON + `,` + nodeJSON + `],"relations":[]`,
				`"components":[],"relations":[` + scheduledJSON + `]`,
			},
			[]string{"prod +n1", "prod +cart", "prod +cart +scheduled_on"},
		},
		{
			"delete of a relation",
			[]string{
				`"components":[` + podJSON + `,` + nodeJSON + `],"relations":[` + scheduledJSON + `]`,
				`"components":[],"relations":[],"delete_ids":["` + podURN + `->` + nodeURN + `"]`,
			},
			[]string{"prod +n1", "prod +cart +scheduled_on", "prod +cart -scheduled_on"},
		},
		{
			"delete of a component",
			[]string{
				`"components":[` + podJSON + `,` + nodeJSON + `],"relations":[` + scheduledJSON + `]`,
				`"components":[],"relations":[],"delete_ids":["` + nodeURN + `"]`,
			},
			[]string{"prod +n1", "prod +cart +scheduled_on", "prod +cart -scheduled_on", "prod -" + nodeURN},
		},
		{
			"nothing to say",
			[]string{`"components":[],"relations":[],"delete_ids":["unknown"]`},
			[]string{},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sink := &consumertest.LogsSink{}
			r := start(t, settings{next: sink})
			for _, members := range tt.payloads {
				require.Equal(t, http.StatusOK, r.post(payloadOf(members)))
			}
			assert.Equal(t, tt.want, statements(t, sink.AllLogs()...))
		})
	}
}

// refusing is a consumer that gives the errors it is told, one a batch, and nil after them.
type refusing struct {
	consumertest.LogsSink
	mu     sync.Mutex
	errs   []error
	offers []plog.Logs
}

func (c *refusing) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offers = append(c.offers, logs)
	if len(c.errs) > 0 {
		err := c.errs[0]
		c.errs = c.errs[1:]
		if err != nil {
			return err
		}
	}
	return c.LogsSink.ConsumeLogs(ctx, logs)
}

func TestRefusedPayloadGivesTheSameRecordsAgain(t *testing.T) {
	t.Parallel()
	next := &refusing{errs: []error{nil, errors.New("queue is full"), errors.New("queue is full")}}
	r := start(t, settings{next: next})
	require.Equal(t, http.StatusOK, r.post(payloadOf(`"start_snapshot":true,"components":[`+podJSON+`],"relations":[]`)))

	stop := []byte(payloadOf(`"stop_snapshot":true,"components":[` + nodeJSON + `],"relations":[` + scheduledJSON + `]`))
	for range 2 {
		resp, text := r.do(call{body: stop})
		require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
		assert.Equal(t, "5", resp.Header.Get("Retry-After"))
		assert.NotContains(t, text, "queue", "what is inside is nobody's business outside")
	}
	require.Equal(t, http.StatusOK, r.post(string(stop)))

	want := []string{"prod start", "prod +n1", "prod +cart +scheduled_on", "prod stop"}
	require.Len(t, next.offers, 4)
	for _, offer := range next.offers[1:] {
		assert.Equal(t, want, statements(t, offer))
	}
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, r.status.reported())
}

func TestPermanentRefusalIsFinal(t *testing.T) {
	t.Parallel()
	next := &refusing{errs: []error{consumererror.NewPermanent(errors.New("not understood"))}}
	r := start(t, settings{next: next})
	payload := payloadOf(`"components":[` + podJSON + `],"relations":[]`)
	require.Equal(t, http.StatusBadRequest, r.post(payload))
	assert.Empty(t, statements(t, next.AllLogs()...))
	require.Equal(t, http.StatusOK, r.post(payloadOf(`"components":[],"relations":[`+scheduledJSON+`]`)))
	assert.Empty(t, statements(t, next.AllLogs()...), "the pod of the refused payload is not known")
}

func TestPanicOfTheConsumerLeavesNoTrace(t *testing.T) {
	t.Parallel()
	panicking := true
	sink := &consumertest.LogsSink{}
	next, err := consumer.NewLogs(func(ctx context.Context, logs plog.Logs) error {
		if panicking {
			panicking = false
			panic(http.ErrAbortHandler) // the one panic that net/http does not log
		}
		return sink.ConsumeLogs(ctx, logs)
	})
	require.NoError(t, err)
	r := start(t, settings{next: next})
	start := payloadOf(`"start_snapshot":true,"components":[` + podJSON + `],"relations":[]`)
	_, err = r.client.Post("http://"+r.receiver.address.String()+"/stsAgent/intake?api_key=a", "application/json", strings.NewReader(start))
	require.Error(t, err)
	require.Equal(t, http.StatusOK, r.post(start))
	assert.Equal(t, []string{"prod +cart"}, statements(t, sink.AllLogs()...))
}

func TestRefusalOfOneInstanceRefusesThePayload(t *testing.T) {
	t.Parallel()
	next := &refusing{errs: []error{nil, errors.New("queue is full")}}
	r := start(t, settings{next: next})
	entry := entryOf(`"components":[` + podJSON + `],"relations":[]`)
	payload := `{"internalHostname":"prod","topologies":[` + entry + `,` + strings.ReplaceAll(entry, "prod", "test") + `,` +
		strings.ReplaceAll(entryOf(`"components":[`+nodeJSON+`],"relations":[]`), "prod", "test") + `]}`
	require.Equal(t, http.StatusServiceUnavailable, r.post(payload))
	require.Equal(t, http.StatusOK, r.post(payload))
	assert.Equal(t, []string{"prod +cart", "prod +cart", "test +cart", "test +n1"}, statements(t, next.AllLogs()...))
}

func TestChunkSentAgainIsNotConsumedAgain(t *testing.T) {
	t.Parallel()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	sink := &consumertest.LogsSink{}
	r := start(t, settings{next: sink, telemetry: tel})
	for _, members := range []string{
		`"start_snapshot":true,"components":[` + podJSON + `],"relations":[]`,
		`"components":[` + nodeJSON + `],"relations":[]`,
		`"stop_snapshot":true,"components":[],"relations":[` + scheduledJSON + `]`,
	} {
		require.Equal(t, http.StatusOK, r.post(payloadOf(members)))
		require.Equal(t, http.StatusOK, r.post(payloadOf(members)), "the client did not get the first answer")
	}
	assert.Equal(t, []string{"prod +cart", "prod +n1", "prod start", "prod +n1", "prod +cart +scheduled_on", "prod stop"}, statements(t, sink.AllLogs()...))
	metadatatest.AssertEqualReceiverStackstateRepeats(t, tel, []metricdata.DataPoint[int64]{{Value: 3}}, metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars())
}

func TestWholeSnapshotsAndIncrementsMayBeRepeated(t *testing.T) {
	t.Parallel()
	sink := &consumertest.LogsSink{}
	r := start(t, settings{next: sink})
	for _, members := range []string{
		`"start_snapshot":true,"stop_snapshot":true,"components":[` + podJSON + `],"relations":[]`,
		`"components":[` + podJSON + `],"relations":[]`,
	} {
		require.Equal(t, http.StatusOK, r.post(payloadOf(members)))
		require.Equal(t, http.StatusOK, r.post(payloadOf(members)))
	}
	snapshot := []string{"prod start", "prod +cart", "prod stop"}
	assert.Equal(t, append(append(snapshot, snapshot...), "prod +cart", "prod +cart"), statements(t, sink.AllLogs()...))
}

func TestLargeSnapshotIsConsumedInParts(t *testing.T) {
	t.Parallel()
	var nodes []string
	for i := range maxRecords {
		nodes = append(nodes, strings.ReplaceAll(nodeJSON, "n1", fmt.Sprintf("n%05d", i)))
	}
	next := &refusing{errs: []error{nil, errors.New("queue is full")}}
	r := start(t, settings{next: next})
	payload := payloadOf(`"start_snapshot":true,"stop_snapshot":true,"components":[` + strings.Join(nodes, ",") + `],"relations":[]`)
	require.Equal(t, http.StatusServiceUnavailable, r.post(payload))
	require.Equal(t, http.StatusOK, r.post(payload))
	require.Len(t, next.offers, 4)
	for i, want := range []int{maxRecords, 2, maxRecords, 2} {
		assert.Equal(t, want, next.offers[i].LogRecordCount())
	}
	got := statements(t, next.offers[2:]...)
	assert.Equal(t, "prod start", got[0])
	assert.Equal(t, "prod stop", got[len(got)-1])
}

func TestPayloadsOfManyClientsAtOnce(t *testing.T) {
	t.Parallel()
	sink := &consumertest.LogsSink{}
	r := start(t, settings{next: sink})
	entry := entryOf(`"components":[` + podJSON + `],"relations":[]`)
	other := strings.ReplaceAll(entry, "prod", "test")
	payloads := []string{
		`{"internalHostname":"a","topologies":[` + entry + `,` + other + `]}`,
		`{"internalHostname":"b","topologies":[` + other + `,` + entry + `]}`,
	}
	const each = 20
	var clients sync.WaitGroup
	for _, payload := range payloads {
		clients.Go(func() {
			for range each {
				assert.Equal(t, http.StatusOK, r.post(payload))
			}
		})
	}
	clients.Wait()
	assert.Equal(t, 2*2*each, sink.LogRecordCount())
}

func TestTelemetry(t *testing.T) {
	t.Parallel()
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	next := &refusing{errs: []error{errors.New("queue is full"), consumererror.NewPermanent(errors.New("not understood"))}}
	r := start(t, settings{next: next, telemetry: tel})

	whole := payloadOf(`"start_snapshot":true,"stop_snapshot":true,"components":[` + podJSON + `,` + nodeJSON + `],"relations":[` + scheduledJSON + `]`)
	require.Equal(t, http.StatusServiceUnavailable, r.post(whole))
	require.Equal(t, http.StatusBadRequest, r.post(whole))
	require.Equal(t, http.StatusOK, r.post(whole))
	require.Equal(t, http.StatusOK, r.post(payloadOf(`"start_snapshot":true,"components":[],"relations":[]`)))
	require.Equal(t, http.StatusOK, r.post(whole))
	require.Equal(t, http.StatusOK, r.post(payloadOf(`"components":[],"relations":[],"delete_ids":["a","b"]`)))
	require.Equal(t, http.StatusBadRequest, r.post(payloadOf(`"components":[1,2],"relations":[]`)))
	require.Equal(t, http.StatusOK, r.post(`{"internalHostname":"prod","health":[{}],"metrics":[1,2],"service_checks":[{}],"events":{"a":[1,2],"b":[3],"c":4}}`))
	resp, _ := r.do(call{body: []byte(emptyPayload)})
	require.Equal(t, http.StatusOK, resp.StatusCode)
	resp, _ = r.do(call{path: "/stsAgent/intake"})
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	resp, _ = r.do(call{header: map[string]string{"Content-Encoding": "zstd", "Content-Type": "application/json"}})
	require.Equal(t, http.StatusUnsupportedMediaType, resp.StatusCode)

	point := func(value int64, attributes ...attribute.KeyValue) metricdata.DataPoint[int64] {
		return metricdata.DataPoint[int64]{Value: value, Attributes: attribute.NewSet(attributes...)}
	}
	kind := func(value string) attribute.KeyValue { return attribute.String("kind", value) }
	finding := func(value int64, rule, severity string) metricdata.DataPoint[int64] {
		return point(value, attribute.String("rule", rule), attribute.String("severity", severity))
	}
	status := func(value int64, code int) metricdata.DataPoint[int64] {
		return point(value, attribute.Int("status_code", code))
	}
	ignore := []metricdatatest.Option{metricdatatest.IgnoreTimestamp(), metricdatatest.IgnoreExemplars()}
	metadatatest.AssertEqualReceiverStackstateRequests(t, tel, []metricdata.DataPoint[int64]{
		status(6, 200), status(2, 400), status(1, 401), status(1, 415), status(1, 503),
	}, ignore...)
	metadatatest.AssertEqualReceiverStackstateElements(t, tel, []metricdata.DataPoint[int64]{
		point(4, kind("component")), point(2, kind("relation")), point(2, kind("delete")),
	}, ignore...)
	metadatatest.AssertEqualReceiverStackstateElementsIgnored(t, tel, []metricdata.DataPoint[int64]{
		point(1, kind("health")), point(3, kind("event")), point(2, kind("metric")), point(1, kind("service_check")),
	}, ignore...)
	metadatatest.AssertEqualReceiverStackstateSnapshots(t, tel, []metricdata.DataPoint[int64]{
		point(2, attribute.String("outcome", "completed")), point(1, attribute.String("outcome", "abandoned")),
	}, ignore...)
	metadatatest.AssertEqualReceiverStackstateRefusals(t, tel, []metricdata.DataPoint[int64]{
		point(1, kind("retryable")), point(1, kind("permanent")),
	}, ignore...)
	metadatatest.AssertEqualReceiverStackstateFindings(t, tel, []metricdata.DataPoint[int64]{
		finding(1, "R2", "E"), finding(1, "R3", "E"), finding(1, "R4", "W"), finding(2, "T5", "E"), finding(1, "T16", "W"),
	}, ignore...)
}
