package redact

import (
	"strings"
	"testing"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// TestTokensAreOfTheirSession holds that a value has one token wherever it stands in a session, and that tokens say nothing of the
// value: another session numbers what it sees anew, in the order in which it sees it.
func TestTokensAreOfTheirSession(t *testing.T) {
	const a, b = "4539 1488 0343 6467", "4916-3385-0608-2832"
	open := func(session byte) *Redactor {
		r, err := New(Options{Session: [16]byte{session}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	say := func(r *Redactor, focus uint64, title, text string) string {
		s := textStep(t, focus, keys(text))
		s.Window.Title, s.Element = title, raw.Element{Role: "entry", Name: "of " + strings.ReplaceAll(a, " ", "")}
		e := append(r.Apply(raw.Wrap(s)), r.Flush()...)[0]
		return e.Action().Window.Title + "|" + e.Action().Element.Name + "|" + strings.TrimSpace(e.Action().Text.Net)
	}
	one, two := open(1), open(2)
	for _, focus := range []uint64{7, 8} { // by text, title and name, in any form, in any field
		if got, want := say(one, focus, "to "+a, "pay "+strings.ReplaceAll(a, " ", "-")+"\n"), "to <CARD#1>|of <CARD#1>|pay <CARD#1>"; got != want {
			t.Errorf("first session: %q, want %q", got, want)
		}
	}
	if got, want := say(one, 9, "x", "pay "+b+" not "+a+"\n"), "x|of <CARD#1>|pay <CARD#2> not <CARD#1>"; got != want {
		t.Errorf("first session: %q, want %q", got, want)
	}
	if got, want := say(two, 7, "to "+b, "pay "+a+"\n"), "to <CARD#1>|of <CARD#2>|pay <CARD#2>"; got != want {
		t.Errorf("second session: %q, want %q", got, want)
	}
	if v := []byte("4539148803436467"); one.names.digest(card, v) == two.names.digest(card, v) {
		t.Error("the digest of a value is the same in two sessions")
	}
	if v := []byte("4539148803436467"); open(1).names.digest(card, v) == one.names.digest(card, v) {
		t.Error("the digest of a value hangs on nothing but the session's name")
	}
}
