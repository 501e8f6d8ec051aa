package stackstateexporter

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSnapshotIsClosedOnlyIfAllOfItArrived(t *testing.T) {
	t.Parallel()
	begin := &payload{instance: prod, starts: true, startID: "1"}
	middle := &payload{instance: prod}
	broken := &payload{instance: prod, incomplete: true}
	end := &payload{instance: prod, stops: true, stopID: "1"}
	type step struct {
		payload  *payload
		accepted bool
	}
	for name, tt := range map[string]struct {
		before []step
		end    *payload
		want   bool
	}{
		"all accepted":          {[]step{{begin, true}, {middle, true}}, end, true},
		"start unknown":         {[]step{{middle, true}}, end, false},
		"start refused":         {[]step{{begin, false}, {middle, true}}, end, false},
		"middle refused":        {[]step{{begin, true}, {middle, false}, {middle, true}}, end, false},
		"middle incomplete":     {[]step{{begin, true}, {broken, true}}, end, false},
		"closed before":         {[]step{{begin, true}, {end, true}}, end, false},
		"started again":         {[]step{{begin, true}, {middle, false}, {begin, true}}, end, true},
		"another snapshot":      {[]step{{begin, true}}, &payload{instance: prod, stops: true, stopID: "2"}, false},
		"another instance":      {[]step{{begin, true}}, &payload{instance: staging, stops: true, stopID: "1"}, false},
		"refused elsewhere":     {[]step{{begin, true}, {&payload{instance: staging}, false}}, end, true},
		"no stop":               {[]step{{begin, true}}, middle, false},
		"incomplete at the end": {[]step{{begin, true}}, &payload{instance: prod, stops: true, stopID: "1", incomplete: true}, false},
		"in one":                {nil, &payload{instance: prod, starts: true, startID: "1", stops: true, stopID: "1"}, true},
		"two in one":            {nil, &payload{instance: prod, starts: true, startID: "1", stops: true, stopID: "2"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSnapshots()
			for _, step := range tt.before {
				s.settle(step.payload, step.accepted)
			}
			assert.Equal(t, tt.want, s.mayClose(tt.end))
		})
	}
}

func TestSnapshotIsAbandonedWhenTheRetryGivesUp(t *testing.T) {
	t.Parallel()
	end := &payload{instance: prod, stops: true, stopID: "1"}
	open := func() *snapshots {
		s := newSnapshots()
		s.settle(&payload{instance: prod, starts: true, startID: "1"}, true)
		return s
	}
	unsent := logsOf(t, prod, upsert("a"))

	s := open()
	s.awaitRetry(unsent)
	s.receive(unsent)
	s.receive(logsOf(t, prod, upsert("b")))
	assert.True(t, s.mayClose(end), "the retry brought what was missing")

	s = open()
	s.awaitRetry(unsent)
	s.receive(logsOf(t, prod, upsert("b")))
	assert.False(t, s.mayClose(end), "the retry brought something else")
}
