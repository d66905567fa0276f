package e2e

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
)

// bin is the folder of the binaries under test.
const bin = "../bin"

// patience is how long a test may take on the slowest machine: several desktops share its processors. Nothing is judged by it.
const patience = 10 * time.Minute

// open stages everything on a desktop of its own.
func open(t *testing.T, desk desktop.Options, opt stage.Options) (context.Context, *stage.Stage) {
	t.Helper()
	return openFor(t, patience, desk, opt)
}

// openFor lets the test run beside others from here on: each has its own desktop, folders and collector.
func openFor(t *testing.T, limit time.Duration, desk desktop.Options, opt stage.Options) (context.Context, *stage.Stage) {
	t.Helper()
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	d, err := desktop.Start(ctx, desk)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { check(t, d.Close()) })
	if opt.Bin == "" {
		opt.Bin, err = filepath.Abs(bin)
		check(t, err)
	}
	s, err := stage.Open(ctx, d, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { check(t, s.Close()) })
	return ctx, s
}

// record gives consent, starts the agent and the editor, and waits until it records.
func record(ctx context.Context, t *testing.T, s *stage.Stage) (agent *desktop.Process, editor desktop.Window) {
	t.Helper()
	check(t, s.Give(ctx, "all"))
	agent = run(t, s)
	editor = editorOn(ctx, t, s)
	check(t, s.Until(ctx, "recording", recording))
	return agent, editor
}

// editorOn starts the editor and gives it the focus.
func editorOn(ctx context.Context, t *testing.T, s *stage.Stage) desktop.Window {
	t.Helper()
	p, err := s.Desk.Start("editor", "/usr/bin/mousepad")
	check(t, err)
	editor, err := s.Desk.WaitWindow(ctx, "the editor", desktop.OfProcess(p.Pid))
	check(t, err)
	check(t, s.Desk.Focus(ctx, editor.ID))
	return editor
}

func run(t *testing.T, s *stage.Stage) *desktop.Process {
	t.Helper()
	agent, err := s.RunAgent()
	check(t, err)
	t.Cleanup(func() { check(t, agent.Stop()) })
	return agent
}

func recording(s stage.Status) bool { return s.State == "recording" }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestI01NoConsentNoHook: without a consent the agent does not even connect to the display; with one it does, as the control.
func TestI01NoConsentNoHook(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	agent := run(t, s)
	check(t, s.Until(ctx, "the agent to answer", func(st stage.Status) bool { return st.State == "off" && !st.Mark }))
	if has, err := s.Desk.HasClient(agent.Pid); err != nil || has {
		t.Fatalf("connected to the display without a consent: %v, %v", has, err)
	}
	check(t, s.Give(ctx, "all"))
	check(t, s.Until(ctx, "the mark", func(st stage.Status) bool { return st.Mark }))
	if has, err := s.Desk.HasClient(agent.Pid); err != nil || !has {
		t.Fatalf("the control: not connected with a consent: %v, %v", has, err)
	}
}

// TestDisplayDiesAndReturns: the agent stays up, says so, records nothing, and goes on when the display returns.
func TestDisplayDiesAndReturns(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	agent, editor := record(ctx, t, s)
	check(t, s.Desk.KillDisplay())
	check(t, desktop.Until(ctx, "the editor's end", func() bool { return errors.Is(syscall.Kill(editor.PID, 0), syscall.ESRCH) })) // it would take the next one's window
	check(t, s.Until(ctx, "blindness", func(st stage.Status) bool { return st.State == "blind" && !st.Mark }))
	if !agent.Running() {
		t.Fatal("the agent died with its display")
	}
	check(t, s.Desk.ReviveDisplay(ctx))
	editorOn(ctx, t, s)
	check(t, s.Until(ctx, "recording again", recording))
}

// TestNoWindowManager: without one the focus is unknown, so nothing is recorded, and a mark that stays says so; when one comes, it
// goes on under the same mark.
func TestNoWindowManager(t *testing.T) {
	ctx, s := open(t, desktop.Options{NoWM: true}, stage.Options{})
	check(t, s.Give(ctx, "all"))
	run(t, s)
	check(t, s.Until(ctx, "the word that there is no window manager", func(st stage.Status) bool {
		return st.State == "blind" && st.Mark && strings.Contains(st.Words, "window manager")
	}))
	mark := func() string {
		id, err := s.Desk.Command(ctx, "xdotool", "search", "--class", "byleave-indicator").Output()
		check(t, err)
		return string(id)
	}
	first := mark()
	if out, err := s.Byleave(ctx, "doctor"); err == nil || !strings.Contains(string(out), "FIX  display") || !strings.Contains(string(out), "start one") {
		t.Errorf("doctor: %v\n%s", err, out)
	}
	check(t, s.Desk.StartWM(ctx))
	check(t, s.Until(ctx, "the word that there is one", func(st stage.Status) bool { return !strings.Contains(st.Words, "window manager") }))
	editorOn(ctx, t, s)
	check(t, s.Until(ctx, "recording", recording))
	if now := mark(); now != first {
		t.Errorf("the mark came and went: %s, then %s", first, now)
	}
	check(t, s.Desk.StopWM())
	check(t, s.Until(ctx, "blindness", func(st stage.Status) bool { return st.State != "recording" }))
}

// TestNoDisplay: without a display, and under Wayland, the agent stays up and says what to do.
func TestNoDisplay(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	check(t, s.Give(ctx, "all"))
	for session, words := range map[string]string{"x11": "DISPLAY", "wayland": "Xorg"} {
		agent, err := s.Desk.Start("agent", "/usr/bin/env", "-u", "DISPLAY", "XDG_SESSION_TYPE="+session, "BYLEAVE_HOME="+s.Home, s.Binary(), "run")
		check(t, err)
		check(t, s.Until(ctx, "the reason", func(st stage.Status) bool { return st.State == "blind" && strings.Contains(st.Words, words) }))
		if out, err := s.Desk.Command(ctx, "/usr/bin/env", "-u", "DISPLAY", "XDG_SESSION_TYPE="+session, "BYLEAVE_HOME="+s.Home, s.Binary(), "doctor").CombinedOutput(); err == nil || !strings.Contains(string(out), "FIX  display") {
			t.Errorf("doctor on %s: %v\n%s", session, err, out)
		}
		check(t, agent.Stop())
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	check(t, err)
	return string(b)
}
