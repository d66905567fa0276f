package review

import (
	"testing"
	"time"
)

// TestCountdown: at every second until it ends exactly one label is shown, it never promises less than is left, and it ends with the hold.
func TestCountdown(t *testing.T) {
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	for _, left := range []time.Duration{time.Second, 59 * time.Second, time.Minute, 61 * time.Second, 42*time.Minute + 7*time.Second, time.Hour, 2 * time.Hour,
		2*time.Hour + time.Second, 9*time.Hour + 31*time.Minute, 7 * 24 * time.Hour} {
		b := Box{Sealed: now.Add(-time.Hour), Leaves: now.Add(left)}
		ticks := countdown(b, now)
		at := 0
		for i, k := range ticks {
			if k.At != at || k.Words == "" || (k.For == 0) != (i == len(ticks)-1) {
				t.Fatalf("%v: tick %d is %+v, want it at %d", left, i, k, at)
			}
			at += k.For
		}
		last := ticks[len(ticks)-1]
		if last.Words != "Due now" || time.Duration(last.At)*time.Second != left || last.Gone != 100 {
			t.Errorf("%v: ends with %+v", left, last)
		}
		if len(ticks) > 270 {
			t.Errorf("%v: %d ticks", left, len(ticks))
		}
	}
	says := func(left time.Duration) string {
		return countdown(Box{Sealed: now, Leaves: now.Add(left)}, now)[0].Words
	}
	for left, want := range map[time.Duration]string{30 * time.Second: "Less than a minute", time.Minute: "Less than a minute", 61 * time.Second: "2 minutes",
		2 * time.Minute: "2 minutes", 59*time.Minute + time.Second: "60 minutes", 3*time.Hour + 11*time.Minute + time.Second: "3 h 12 min"} {
		if got := says(left); got != want {
			t.Errorf("%v is %q, want %q", left, got, want)
		}
	}
	far := countdown(Box{Sealed: now, Leaves: now.Add(5 * time.Hour)}, now)
	if got := far[30].Words; got != "Less than 5 hours" || far[31].Words != "Less than 4 hours" {
		t.Errorf("after half an hour it says %q, then %q", got, far[31].Words)
	}
}
