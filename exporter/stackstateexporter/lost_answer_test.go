package stackstateexporter

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/otelcol-stackstate/otelcol-stackstate/internal/intake"
)

// An intake that accepted a payload, but whose answer was lost, recognizes the payload by its bytes.
func TestPayloadSentAgainIsTheSameToTheByte(t *testing.T) {
	t.Parallel()
	bodies := make(chan []byte, 10)
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		bodies <- decoded(t, r)
		if n := requests.Add(1); n == 2 || n == 3 {
			panic(http.ErrAbortHandler) // closes the connection; the one panic that net/http does not log
		}
	}))
	t.Cleanup(server.Close)
	e, _ := startExporter(t, testConfig(server.URL, narrowed(1)), nopSettings())
	clock := time.Now().Add(-time.Hour)
	e.now = func() time.Time {
		clock = clock.Add(time.Minute)
		return clock
	}
	tagged := upsert("b")
	tagged.Component.Tags = map[string]string{"a": "1", "b": "2", "c": "3", "d": "4"}

	err := e.push(t.Context(), logsOf(t, prod, start("1"), upsert("a"), tagged, stop("1")))
	for range 2 {
		require.Error(t, err)
		require.False(t, consumererror.IsPermanent(err))
		err = e.push(t.Context(), unsentOf(t, err))
	}
	require.NoError(t, err)
	require.NoError(t, e.push(t.Context(), logsOf(t, prod, upsert("c"))))

	require.Len(t, bodies, 5)
	begin, first, second, third, next := <-bodies, <-bodies, <-bodies, <-bodies, <-bodies
	require.Equal(t, "prod-eu-1: +b stop", summary(t, first))
	assert.Equal(t, string(first), string(second))
	assert.Equal(t, string(first), string(third))
	assert.Less(t, collectionTime(begin), collectionTime(first))
	assert.Less(t, collectionTime(first), collectionTime(next), "only what is sent again has an older time")
}

func collectionTime(body []byte) float64 {
	content, _ := intake.Check(body, intake.Arrival{})
	return content.CollectionTimestamp
}
