package flow

import (
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/indicator"
	"github.com/byleave/byleave/policy"
)

// TestLinger: what was recorded is seen for 2 s at least, even one frame; what the person did themselves shows at once.
func TestLinger(t *testing.T) {
	face := func(state string) indicator.Face { return indicator.Face{State: state, Words: state + " words"} }
	begin := time.Now()
	for _, c := range []struct {
		then  string
		after time.Duration
		shown string
		again time.Duration
	}{
		{"excluded", 100 * time.Millisecond, "recording", leastShown - 100*time.Millisecond},
		{"blind", leastShown - 1, "recording", 1},
		{"expired", time.Millisecond, "recording", leastShown - time.Millisecond},
		{"excluded", leastShown, "excluded", 0},
		{"paused", time.Millisecond, "paused", 0},
		{"off", time.Millisecond, "off", 0},
		{"consenting", time.Millisecond, "consenting", 0},
	} {
		var l linger
		l.next(face("blind"), begin.Add(-time.Hour))
		if got, again := l.next(face("recording"), begin); got != face("recording") || again != 0 {
			t.Fatalf("recording is shown as %v", got)
		}
		got, again := l.next(face(c.then), begin.Add(c.after))
		if got != face(c.shown) || again != c.again {
			t.Errorf("%s after %v: %v, again after %v", c.then, c.after, got, again)
		}
	}
	var l linger
	l.next(face("recording"), begin)
	l.next(face("recording"), begin.Add(time.Second)) // goes on: it counts from its beginning
	if got, _ := l.next(face("blind"), begin.Add(leastShown)); got != face("blind") {
		t.Errorf("recording lingers although it was seen long enough: %v", got)
	}
}

// TestMissingBusIsSaid: who agreed to typed text is told why none is recorded; who did not is told nothing.
func TestMissingBusIsSaid(t *testing.T) {
	a := newHome(t, time.Now(), 30*24*time.Hour).start()
	if s := a.status(); s.Text != "" {
		t.Errorf("before anybody looked: %q", s.Text)
	}
	a.typed("no bus")
	if s := a.status(); s.Text != "what you type is not recorded: no bus" {
		t.Errorf("without a bus: %q", s.Text)
	}
	none := policy.Consent{}
	given := a.consent.Swap(&none)
	if s := a.status(); s.Text != "" {
		t.Errorf("without a grant of text: %q", s.Text)
	}
	a.consent.Store(given)
	a.typed("")
	if s := a.status(); s.Text != "" {
		t.Errorf("with the bus again: %q", s.Text)
	}
}
