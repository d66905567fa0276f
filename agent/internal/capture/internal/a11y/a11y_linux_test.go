package a11y

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/policy"
	"github.com/godbus/dbus/v5"
)

// patience is how long a test waits for what a healthy machine does in a second.
const patience = 2 * time.Minute

func moment() policy.Moment { return policy.Moment{Wall: time.Now()} }

// session starts a desktop and a client of its accessibility bus.
func session(t *testing.T) (*desktop.Desktop, *Client) {
	t.Helper()
	return sessionOf(t, desktop.Options{Width: 1280, Height: 800})
}

// sessionOf is session on another desktop.
func sessionOf(t *testing.T, opt desktop.Options) (*desktop.Desktop, *Client) {
	t.Helper()
	if os.Geteuid() == 0 {
		opt.User = "root" // the bus lets only its own user in
	}
	d, err := desktop.Start(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, kv := range d.Env() {
		if k, v, _ := strings.Cut(kv, "="); k == "DBUS_SESSION_BUS_ADDRESS" || k == "XDG_RUNTIME_DIR" {
			t.Setenv(k, v)
		}
	}
	return d, awaited(t)
}

// awaited is a client of the accessibility bus, however long that takes to answer.
func awaited(t *testing.T) *Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := Await(ctx, moment)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// started runs a program and waits for a focus event of it that ok accepts and that describes the element. A program that had the focus before it
// knew that somebody listens tells nothing, and one that is busy does not say in time what has it: it loses the focus and gets it again.
func started(t *testing.T, d *desktop.Desktop, c *Client, ok func(Focus) bool, program string, args ...string) Focus {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	p, err := d.Start(program, program, args...)
	if err != nil {
		t.Fatal(err)
	}
	w, err := d.WaitWindow(ctx, program, desktop.OfProcess(p.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for {
		if f, told := tells(t, c, func(f Focus) bool { return f.PID == p.Pid && ok(f) && f.Element.Rect.W > 0 }); told {
			return f
		}
		other, err := d.Start("other", "xterm")
		if err != nil {
			t.Fatal(err)
		}
		over, err := d.WaitWindow(ctx, "another window", desktop.OfProcess(other.Pid))
		if err := errors.Join(err, d.Focus(ctx, over.ID), other.Stop(), d.Focus(ctx, w.ID)); err != nil {
			t.Fatalf("%s: no such focus event: %v", program, err)
		}
	}
}

// tells waits for a focus event, for as long as a program may take that is not busy.
func tells(t *testing.T, c *Client, ok func(Focus) bool) (f Focus, told bool) {
	t.Helper()
	limit := time.After(5 * time.Second)
	for {
		select {
		case f, open := <-c.Focused():
			if !open {
				t.Fatal("the bus died")
			}
			if ok(f) {
				return f, true
			}
		case <-limit:
			return Focus{}, false
		}
	}
}

func TestFocus(t *testing.T) {
	d, c := session(t)
	f := started(t, d, c, Focus.Text, "l3afpad")
	if !f.Lines || f.Secret() || f.Terminal() || f.Menu() || f.ID == 0 || f.Element.Role != "text" || f.Element.Rect.W < 100 {
		t.Errorf("editor: %+v", f)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	if secret, err := c.Answers(ctx, f.ID); err != nil || secret {
		t.Errorf("a living editor answers: a password field: %v, %v", secret, err)
	}
	if _, err := c.Answers(ctx, 1); err == nil {
		t.Error("an element that nobody knows answers")
	}
	r := f.Element.Rect
	if e, ok := c.Under(ctx, f.PID, f.ID, r.X+r.W/2, r.Y+r.H/2); !ok || e.Role != "text" {
		t.Errorf("under the middle of the text lies %+v, %v", e, ok)
	}
	if _, ok := c.Under(ctx, f.PID, f.ID, -5, -5); ok {
		t.Error("something lies outside of the screen")
	}
	if _, ok := c.Under(ctx, os.Getpid(), 0, r.X, r.Y); ok {
		t.Error("a process without a window has an element")
	}
	if s := started(t, d, c, Focus.Secret, "zenity", "--password"); s.Text() {
		t.Errorf("a password field counts as text: %+v", s)
	} else if secret, err := c.Answers(ctx, s.ID); err != nil || !secret {
		t.Errorf("a password field says later on that it is none: %v", err)
	}
	if e := started(t, d, c, Focus.Text, "zenity", "--entry"); e.Lines || e.Secret() {
		t.Errorf("entry: %+v", e)
	}
}

// TestPageOfNotebook holds that the text in a GTK notebook is found, where the toolkit's own answer stops at the tab list.
func TestPageOfNotebook(t *testing.T) {
	d, c := session(t)
	f := started(t, d, c, Focus.Text, "mousepad")
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	r := f.Element.Rect
	if e, ok := c.Under(ctx, f.PID, f.ID, r.X+r.W/2, r.Y+r.H/2); !ok || e.Role != "text" {
		t.Errorf("under the middle of the text lies %+v, %v", e, ok)
	}
}

// TestHung holds that no question to a stopped application lasts longer than it may.
func TestHung(t *testing.T) {
	d, c := session(t)
	f := started(t, d, c, Focus.Text, "l3afpad")
	stop(t, f.PID)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Answers(ctx, f.ID); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a stopped application answered: %v", err)
	}
	ctx2, cancel2 := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel2()
	if _, ok := c.Under(ctx2, f.PID, f.ID, 700, 400); ok {
		t.Error("a stopped application told an element")
	}
}

// TestFind holds that the element which has the focus is found where no event of it was seen, and its kind with it.
func TestFind(t *testing.T) {
	for _, test := range []struct {
		ok      func(Focus) bool
		lines   bool
		program string
		args    []string
	}{
		{Focus.Text, true, "mousepad", nil},
		{Focus.Text, true, "l3afpad", nil},
		{Focus.Text, true, "featherpad", []string{"--standalone"}},
		{Focus.Secret, false, "zenity", []string{"--password"}},
		{Focus.Text, false, "zenity", []string{"--entry"}},
	} {
		t.Run(test.program+strings.Join(test.args, ""), func(t *testing.T) {
			d, first := session(t)
			f := started(t, d, first, test.ok, test.program, test.args...)
			first.Close()
			c := awaited(t)
			var got Focus
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := desktop.Until(ctx, "the focused element", func() (ok bool) { got, ok = c.Find(ctx, f.PID); return ok }); err != nil {
				t.Fatal(err)
			}
			if !test.ok(got) || got.Lines != test.lines || got.ID != f.ID || got.PID != f.PID {
				t.Errorf("found %+v, focused is %+v", got, f)
			}
			if _, ok := c.Find(ctx, os.Getpid()); ok {
				t.Error("a process without a window has the focus")
			}
			stop(t, f.PID)
			if _, ok := c.Find(ctx, f.PID); ok {
				t.Error("a stopped application told an element")
			}
		})
	}
}

func TestNoBus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
	if _, err := Open(moment); !errors.Is(err, ErrNoBus) {
		t.Errorf("Open gave %v", err)
	}
}

// TestNoBusIsStarted: where there is no session bus, none is started: nobody would speak to it, and it would outlive the agent.
func TestNoBusIsStarted(t *testing.T) {
	dir := t.TempDir()
	ran := filepath.Join(dir, "ran")
	if err := os.WriteFile(filepath.Join(dir, "dbus-launch"), []byte("#!/bin/sh\n: > "+ran+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	if c, err := Open(moment); err == nil { // this machine has one of its own
		c.Close()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := Await(ctx, moment); err == nil {
		c.Close()
	}
	if err := Present(); err != nil && !errors.Is(err, ErrNoBus) {
		t.Errorf("no bus is told as %v", err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a session bus was started")
	}
}

// TestAwait holds that a bus that died is noticed, and that a session without one is waited for until it has one.
func TestAwait(t *testing.T) {
	d, c := session(t)
	var pid uint32
	bus, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	if err := bus.BusObject().Call("org.freedesktop.DBus.GetConnectionUnixProcessID", 0, "org.a11y.Bus").Store(&pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(int(pid), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for range c.Focused() { // until the bus is gone
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	again, err := Await(ctx, moment)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if f := started(t, d, again, Focus.Text, "l3afpad"); !f.Lines {
		t.Errorf("on the new bus: %+v", f)
	}
	gone, stop := context.WithCancel(ctx)
	stop()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
	if _, err := Await(gone, moment); err == nil {
		t.Error("a session that is not there has a bus")
	}
}

// TestAwaitABusThatIsSlow holds that a bus which is there, and too busy to answer, is asked until it answers: no event tells when it can.
func TestAwaitABusThatIsSlow(t *testing.T) {
	_, c := sessionOf(t, desktop.Options{NoX: true})
	var registry uint32
	if err := c.conn.BusObject().Call("org.freedesktop.DBus.GetConnectionUnixProcessID", 0, registryName).Store(&registry); err != nil {
		t.Fatal(err)
	}
	session, err := sessionBus(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	var address string
	if err := session.Object("org.a11y.Bus", "/org/a11y/bus").Call("org.a11y.Bus.GetAddress", 0).Store(&address); err != nil {
		t.Fatal(err)
	}
	bus, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	news := make(chan *dbus.Signal, 64)
	bus.Signal(news)
	if err := bus.AddMatchSignal(dbus.WithMatchInterface("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(int(registry), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	goOn := sync.OnceValue(func() error { return syscall.Kill(int(registry), syscall.SIGCONT) })
	t.Cleanup(func() { _ = goOn() })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	type end struct {
		c   *Client
		err error
	}
	ended := make(chan end, 1)
	go func() {
		c, err := Await(ctx, moment)
		ended <- end{c, err}
	}()
	for tries := 0; tries < 3; { // each is a connection of its own
		select {
		case s := <-news:
			if s.Name == "org.freedesktop.DBus.NameOwnerChanged" && strings.HasPrefix(s.Body[2].(string), ":") {
				tries++
			}
		case <-ctx.Done():
			t.Fatalf("asked %d times while it did not answer", tries)
		}
	}
	if err := goOn(); err != nil {
		t.Fatal(err)
	}
	e := <-ended
	if e.err != nil {
		t.Fatal(e.err)
	}
	e.c.Close()
}

// TestClaims holds that of several elements which say that they have the focus a secret one is believed, and no guess is made.
func TestClaims(t *testing.T) {
	for _, test := range []struct {
		roles []Role
		want  int // index of roles, -1 if none
	}{
		{nil, -1},
		{[]Role{RoleText}, 0},
		{[]Role{43}, 0},
		{[]Role{RoleText, roleFiller, RoleTab}, 0},
		{[]Role{RoleText, RolePasswordText}, 1},
		{[]Role{RoleText, RoleEntry}, -1},
		{[]Role{RoleText, RoleTerminal}, -1},
		{[]Role{43, 44}, -1},
	} {
		var f claims
		for i, r := range test.roles {
			f.add(node{name: string(rune('a' + i))}, r)
		}
		n, ok := f.one()
		if ok != (test.want >= 0) || ok && n.name != string(rune('a'+test.want)) {
			t.Errorf("%v: %v, %v", test.roles, n, ok)
		}
	}
}

func TestRoles(t *testing.T) {
	for role, want := range map[Role][3]bool{ // text, secret, terminal
		RoleText: {true}, RoleEntry: {true}, RoleComboBox: {true}, RolePasswordText: {false, true}, RoleTerminal: {false, false, true}, 43: {},
	} {
		f := Focus{Role: role, Known: true}
		if got := [3]bool{f.Text(), f.Secret(), f.Terminal()}; got != want {
			t.Errorf("role %d: %v, want %v", role, got, want)
		}
		f.Known = false
		if f.Text() || f.Secret() || f.Terminal() || f.Menu() {
			t.Errorf("role %d is told though it is not known", role)
		}
	}
}

// stop hangs a process that the test started, until the test ends.
func stop(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
			t.Error(err)
		}
	})
}

// TestSays asks real programs what stands in their windows: their own labels with their places, hidden fields, and nothing that was typed.
func TestSays(t *testing.T) {
	d, c := session(t)
	says := func(pid int, ok func(Said) bool) (s Said) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		err := desktop.Until(ctx, "its words", func() bool { // a window says that it is active a little after it is
			once, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			s, _ = c.Says(once, pid)
			return ok(s)
		})
		if err != nil {
			t.Fatalf("%v: it says %+v", err, s)
		}
		return s
	}
	f := started(t, d, c, Focus.Text, "l3afpad")
	s := says(f.PID, func(s Said) bool { return len(s.Labels) > 2 })
	for _, e := range s.Labels {
		if e.Name == "" || e.Rect.W <= 0 || e.Rect.Has(f.Element.Rect.X+5, f.Element.Rect.Y+50) {
			t.Errorf("label %+v", e)
		}
	}
	f = started(t, d, c, Focus.Secret, "zenity", "--password")
	if s := says(f.PID, func(s Said) bool { return len(s.Secrets) > 0 }); s.Secrets[0] != f.Element.Rect {
		t.Errorf("hidden field at %v, focused at %v", s.Secrets, f.Element.Rect)
	}
}
