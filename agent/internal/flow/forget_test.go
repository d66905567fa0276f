package flow

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/agent/internal/rights"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// TestForgetMeansThePast: no way to say it reaches beyond now, and nonsense is refused.
func TestForgetMeansThePast(t *testing.T) {
	clock := newClock(time.Time{}, false)
	clock.boot, clock.wall = func() time.Duration { return time.Hour }, func() time.Time { return noon }
	clock.confirm()
	for name, c := range map[string]struct {
		in   Forget
		want rights.Span
	}{
		"the last":     {Forget{Last: "10m"}, rights.Span{From: noon.Add(-10 * time.Minute), Until: noon}},
		"until now":    {Forget{From: noon.Add(-time.Hour)}, rights.Span{From: noon.Add(-time.Hour), Until: noon}},
		"a time":       {Forget{From: noon.Add(-time.Hour), Until: noon.Add(-time.Minute)}, rights.Span{From: noon.Add(-time.Hour), Until: noon.Add(-time.Minute)}},
		"not finished": {Forget{From: noon.Add(-time.Hour), Until: noon.Add(time.Hour)}, rights.Span{From: noon.Add(-time.Hour), Until: noon}},
		"all":          {Forget{All: true}, rights.Span{All: true}},
	} {
		got, err := c.in.spans(clock)
		if err != nil || len(got) != 1 || got[0].All != c.want.All || !got[0].From.Equal(c.want.From) || !got[0].Until.Equal(c.want.Until) {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	for _, bad := range []string{"-10m", "0s", "ten minutes"} {
		if _, err := (Forget{Last: bad}).spans(clock); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestLateEventsOfAForgottenTimeAreDropped: what was on its way when its time was forgotten does not come after all.
func TestLateEventsOfAForgottenTimeAreDropped(t *testing.T) {
	a := &agent{}
	ev := func(from, until int) redact.Event {
		return redact.NewGap(noon.Add(time.Duration(from)*time.Second), noon.Add(time.Duration(until)*time.Second), policy.Secret)
	}
	if a.isForgotten(ev(0, 1)) {
		t.Fatal("nothing was forgotten yet")
	}
	a.shut(rights.Span{From: noon, Until: noon.Add(10 * time.Second)}, "", noon.Add(10*time.Second))
	for _, c := range []struct {
		from, until int
		want        bool
	}{{-5, -2, false}, {-5, 3, true}, {3, 4, true}, {9, 20, true}, {12, 13, false}} {
		if a.isForgotten(ev(c.from, c.until)) != c.want {
			t.Errorf("%d to %d s: want %v", c.from, c.until, c.want)
		}
	}
	for i := range 2 * keepShut {
		a.shut(rights.Span{From: noon.Add(time.Hour), Until: noon.Add(time.Hour + time.Second)}, "", noon.Add(time.Duration(i)*time.Second))
	}
	if n := len(a.shutter.Load().spans); n != keepShut {
		t.Fatalf("%d times are remembered", n)
	}
	a.shut(rights.Span{All: true}, "", noon.Add(30*time.Second))
	if !a.isForgotten(ev(-1000, 20)) || a.isForgotten(ev(31, 32)) {
		t.Fatal("all is all until now, and no more")
	}
}

// TestUnansweredErasureStaysAsItIs: what a collector that does not answer is asked to erase does not grow with each start of the agent, also where
// one request does not hold all of it.
func TestUnansweredErasureStaysAsItIs(t *testing.T) {
	for _, n := range []int{6000, 12_000} {
		a := device(t, version(5, nil))
		ids := make([]envelope.ID, n)
		for i := range ids {
			binary.BigEndian.PutUint32(ids[i][:], uint32(i)+1)
		}
		away, cancel := context.WithCancel(t.Context())
		cancel()
		_ = must(a.rights.ForgetBoxes(away, ids))
		for range 3 {
			check(t, a.rights.Resume())
		}
		requests, boxes := must(a.rights.Pending()), map[string]int{}
		for _, r := range requests {
			for _, b := range r.GetBatches() {
				boxes[string(b)]++
			}
		}
		for _, times := range boxes {
			if times > 1 {
				t.Fatalf("of %d boxes some are asked for %d times", n, times)
			}
		}
		if len(requests) != (n+9999)/10_000 || len(boxes) != n {
			t.Errorf("after three starts %d requests wait for %d of %d boxes", len(requests), len(boxes), n)
		}
	}
}
