package x11

import (
	"testing"
	"time"
)

// TestStampedAnew: of several measurings the quickest counts, and a quick one is enough. An answer that came late, to an agent that stood still, would
// make events seem newer than they are.
func TestStampedAnew(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		took []time.Duration // by each answer; the server gave it at once
		want int             // the one that counts
		asks int
	}{
		{[]time.Duration{2 * ms}, 0, 1},
		{[]time.Duration{800 * ms, 4 * ms}, 1, 2},
		{[]time.Duration{800 * ms, 60 * ms, 90 * ms}, 1, 3},
	} {
		now, asks, given := time.Hour, 0, []time.Duration{}
		stamp, at, err := stamped(func() (uint32, error) {
			given = append(given, now)
			now += test.took[asks]
			asks++
			return uint32(asks), nil
		}, func() time.Duration { return now })
		if err != nil || asks != test.asks || int(stamp) != test.want+1 || at != given[test.want]+test.took[test.want]/2 {
			t.Errorf("%v: answer %d of %d at %v, %v", test.took, stamp, asks, at, err)
		}
	}
}
