package flow

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/agent/internal/rights"
	"github.com/byleave/byleave/policy"
)

// TestForgetAcrossAClockThatWasSet: the last ten minutes are those that the person lived through, also where the clock was set within them, and
// whether or not they have said by then that it is right. What was recorded before them stays.
func TestForgetAcrossAClockThatWasSet(t *testing.T) {
	for name, c := range map[string]struct {
		by      time.Duration
		confirm bool
	}{
		"ahead": {3 * time.Hour, true}, "back": {-3 * time.Hour, true}, "ahead, in doubt": {3 * time.Hour, false}, "back, in doubt": {-3 * time.Hour, false},
		"not set": {0, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := version(5, nil)
			a := device(t, p)
			a.agree(t, p)
			var set, slept time.Duration
			a.clock.boot = func() time.Duration { return bootTime() + slept }
			a.clock.wall = func() time.Time { return wallTime().Add(set + slept) }
			box := func(ago time.Duration) {
				t.Helper()
				at := a.clock.now().Wall.Add(-ago)
				check(t, a.append(redact.NewGap(at, at, policy.Secret)))
				check(t, a.spool.Cut())
			}
			box(time.Hour) // is not meant
			box(0)
			slept = time.Minute
			a.clock.now() // as somebody reads it now and then
			set = c.by
			if a.clock.now(); a.clock.doubted() != (c.by != 0) {
				t.Fatal("a clock that was set is not doubted")
			}
			slept = 2 * time.Minute
			if c.confirm {
				check(t, a.endPause())
				box(0)
			}
			slept = 3 * time.Minute
			out, err := a.forget(context.Background(), json.RawMessage(`{"last":"10m"}`))
			check(t, err)
			want := 1
			if c.confirm {
				want = 2
			}
			if done := out.(rights.Answer); done.Destroyed != want || a.spool.Stats().Held != 1 {
				t.Errorf("destroyed %d of %d; %d are held", done.Destroyed, want, a.spool.Stats().Held)
			}
		})
	}
}

// TestClockSetBackAfterForgetting: what was forgotten under a clock that was ahead keeps nothing out that is recorded after it was set right.
func TestClockSetBackAfterForgetting(t *testing.T) {
	p := version(5, nil)
	a := device(t, p)
	a.agree(t, p)
	var ahead atomic.Int64
	ahead.Store(int64(3 * time.Hour))
	a.clock.wall = func() time.Time { return wallTime().Add(time.Duration(ahead.Load())) }
	a.clock.confirm()
	_, err := a.forget(context.Background(), json.RawMessage(`{"all":true}`))
	check(t, err)
	ahead.Store(0)
	a.clock.now()
	check(t, a.endPause())
	at := a.clock.now().Wall
	if a.isForgotten(redact.NewGap(at, at, policy.Secret)) {
		t.Error("what is recorded now is dropped as forgotten")
	}
}
