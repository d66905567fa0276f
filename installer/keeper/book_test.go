package keeper

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// day is when the tests begin.
var day = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

// log writes what a look decides: +session=run for a start, -run for an end.
func log(begin []start, end []int) string {
	var words []string
	for _, s := range begin {
		words = append(words, fmt.Sprintf("+%d=%d", s.session.id, s.run))
	}
	slices.Sort(end)
	for _, run := range end {
		words = append(words, fmt.Sprintf("-%d", run))
	}
	return strings.Join(words, " ")
}

func ann(id uint32) session { return session{id: id, user: "ann", enrolled: true} }

func bob(id uint32) session { return session{id: id, user: "bob", enrolled: true} }

func asked(s session) session { s.asked = true; return s }

func stranger(id uint32) session { return session{id: id, user: "eve"} }

// TestWhoGetsAnAgent: each row begins with an empty book.
func TestWhoGetsAnAgent(t *testing.T) {
	for name, c := range map[string]struct {
		list []session
		want string
	}{
		"nobody is there":                   {nil, ""},
		"the services' own session":         {[]session{{id: 0, user: "S-1-5-18", enrolled: true, asked: true}}, ""},
		"the screen before anybody logs in": {[]session{{id: 1}}, ""},
		"somebody who did not enrol":        {[]session{stranger(1)}, ""},
		"somebody who did not, and asks":    {[]session{asked(stranger(1))}, ""},
		"somebody who enrolled":             {[]session{ann(1)}, "+1=1"},
		"two people":                        {[]session{bob(3), ann(2), stranger(1)}, "+2=1 +3=2"},
		"one person in two sessions":        {[]session{ann(4), ann(2)}, "+2=1"},
		"Windows does not know yet":         {[]session{{id: 1, user: "ann", unknown: true}}, ""},
	} {
		var b book
		if got := log(b.look(c.list, day)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestAnAgentThatItsPersonEndedStaysEnded, whatever anybody else does, until they log in anew or ask for it themselves.
func TestAnAgentThatItsPersonEndedStaysEnded(t *testing.T) {
	var b book
	say := func(now time.Time, want string, list ...session) {
		t.Helper()
		if got := log(b.look(list, now)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	say(day, "+1=1 +2=2", ann(1), bob(2))
	b.ended(1, true, day)
	say(day.Add(time.Hour), "", ann(1), bob(2))
	say(day.Add(time.Hour), "", ann(1), asked(bob(2)))
	say(day.Add(2*time.Hour), "+1=3", asked(ann(1)), bob(2))
	b.ended(3, true, day)
	say(day.Add(3*time.Hour), "", bob(2)) // ann logs out
	say(day.Add(4*time.Hour), "+1=4", ann(1), bob(2))
	if !b.next().IsZero() {
		t.Error("a timer ticks although nothing failed")
	}
}

// TestAnAgentThatFailsIsTriedAgain, later each time, not for ever, and at once when its person asks.
func TestAnAgentThatFailsIsTriedAgain(t *testing.T) {
	var b book
	now := day
	for i, pause := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second} {
		if got := log(b.look([]session{ann(1)}, now)); got != fmt.Sprintf("+1=%d", i+1) {
			t.Fatalf("try %d: %q", i+1, got)
		}
		b.ended(i+1, false, now)
		if b.next() != now.Add(pause) {
			t.Fatalf("try %d: the next at %v, want after %v", i+1, b.next(), pause)
		}
		if got := log(b.look([]session{ann(1)}, now.Add(pause-1))); got != "" {
			t.Fatalf("try %d: too early %q", i+1, got)
		}
		now = now.Add(pause)
	}
	b.look([]session{ann(1)}, now)
	b.ended(5, false, now)
	if got := log(b.look([]session{ann(1)}, now.Add(24*time.Hour))); got != "" || !b.next().IsZero() {
		t.Fatalf("after five failures: %q, next %v", got, b.next())
	}
	if got := log(b.look([]session{asked(ann(1))}, now.Add(24*time.Hour))); got != "+1=6" {
		t.Fatalf("its person asks: %q", got)
	}
	b.ended(6, false, now.Add(24*time.Hour))
	if b.next() != now.Add(24*time.Hour+5*time.Second) {
		t.Error("old failures count for ever")
	}
}

// TestALogoutEndsWhatIsLeft, and what an old run says later is nobody's.
func TestALogoutEndsWhatIsLeft(t *testing.T) {
	var b book
	b.look([]session{ann(1)}, day)
	if got := log(b.look([]session{bob(1)}, day)); got != "+1=2 -1" { // the number of a session is used again
		t.Fatalf("%q", got)
	}
	b.ended(1, false, day)
	if got := log(b.look(nil, day)); got != "-2" || len(b.pages) != 0 {
		t.Fatalf("%q, and %d pages are left", got, len(b.pages))
	}
	b.ended(2, false, day)
	if !b.next().IsZero() {
		t.Error("somebody who is gone is waited for")
	}
}

// TestWhatWindowsDoesNotKnowYetIsAskedAgain: at the very login the person's folder may not be there.
func TestWhatWindowsDoesNotKnowYetIsAskedAgain(t *testing.T) {
	var b book
	early := session{id: 1, user: "ann", unknown: true}
	b.look([]session{early}, day)
	if b.next() != day.Add(firstPause) {
		t.Fatalf("asked again at %v", b.next())
	}
	b.look([]session{early}, day.Add(time.Second)) // another event does not count as a failure
	if got := log(b.look([]session{ann(1)}, day.Add(firstPause))); got != "+1=1" {
		t.Fatalf("%q", got)
	}
	b = book{}
	now := day
	for range failMost {
		b.look([]session{early}, now)
		now = now.Add(failSpan / failMost)
	}
	if !b.next().IsZero() {
		t.Error("asked for ever")
	}
}
