package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/policy"
)

// TestWhoDecidesAfterElsewhere: what a withdrawal on another device left open is said, and a new yes here decides it; a no is a no.
func TestWhoDecidesAfterElsewhere(t *testing.T) {
	p := newPerson(t)
	p.publish(nil)
	d, err := openDevice()
	must(t, err)
	agree := func() { p.agree(map[string]policy.Classes{"editor": d.newest.Offered()}) }
	agree()
	at := time.Date(2026, 9, 7, 8, 0, 0, 0, time.UTC)
	hear := func(id byte) {
		t.Helper()
		if fresh, err := p.keys.HearElsewhere([][16]byte{{id}}, true, at); err != nil || !fresh {
			t.Fatal(fresh, err)
		}
	}
	open := func() bool {
		t.Helper()
		since, err := p.keys.Elsewhere()
		must(t, err)
		return !since.IsZero()
	}
	hear(1)
	var shown bytes.Buffer
	must(t, d.show(&shown))
	if !strings.Contains(shown.String(), "You withdrew on another of your computers") {
		t.Errorf("it is not said:\n%s", shown.String())
	}
	agree()
	if open() {
		t.Error("a new yes decides nothing")
	}
	hear(2)
	must(t, d.refuse())
	if no, err := p.keys.Refused(); err != nil || no.IsZero() || !open() {
		t.Errorf("a no is not kept: %v, %v", no, err)
	}
}

// TestPauseWhileNoAgentRuns: whoever wants to pause and finds the agent stopped need not start it, and record, to do so. The agent that
// starts next is paused.
func TestPauseWhileNoAgentRuns(t *testing.T) {
	p := newPerson(t)
	say := func(args ...string) (string, error) {
		var out bytes.Buffer
		cmd := command()
		cmd.SetArgs(args)
		cmd.SetOut(&out)
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	words, err := say("pause")
	if err != nil || !strings.Contains(words, "does not run") {
		t.Errorf("%q, %v", words, err)
	}
	if until, err := p.keys.Pause(); err != nil || until == nil || !until.IsZero() {
		t.Fatalf("the pause is not kept: %v, %v", until, err)
	}
	if words, err = say("pause", "2h"); err != nil {
		t.Errorf("%q, %v", words, err)
	}
	until, err := p.keys.Pause()
	must(t, err)
	if until == nil || until.IsZero() || time.Until(*until) > 2*time.Hour || time.Until(*until) < time.Hour {
		t.Errorf("two hours are kept as %v", until)
	}
	words, err = say("resume")
	if err != nil || !strings.Contains(words, "it is not paused") {
		t.Errorf("%q, %v", words, err)
	}
	if until, err = p.keys.Pause(); err != nil || until != nil {
		t.Errorf("the pause is still kept: %v, %v", until, err)
	}
}
