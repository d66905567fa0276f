package a11y

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/sysbus"
	"github.com/godbus/dbus/v5"
)

// guide is whoever owns the name of the accessibility bus, and says where it is.
type guide struct{ address string }

// GetAddress is that of org.a11y.Bus.
func (g guide) GetAddress() (string, *dbus.Error) { return g.address, nil }

// Set is that of org.freedesktop.DBus.Properties.
func (guide) Set(string, string, dbus.Variant) *dbus.Error { return nil }

// TestTheBusIsOfThisComputer: whoever says where the accessibility bus is leads to no other computer, and has no file sent to one.
func TestTheBusIsOfThisComputer(t *testing.T) {
	dir := t.TempDir()
	bus, err := sysbus.Start(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", bus.Address)
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 10)
	go func() {
		for {
			c, err := far.Accept()
			if err != nil {
				close(heard)
				return
			}
			_ = c.SetReadDeadline(time.Now().Add(openWait))
			b, _ := io.ReadAll(c)
			heard <- string(b)
			_ = c.Close()
		}
	}()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("what lies in a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	owner, err := dbus.Connect(bus.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	if _, err := owner.RequestName("org.a11y.Bus", dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(far.Addr().String())
	at := "host=127.0.0.1,port=" + port
	for _, address := range []string{"nonce-tcp:" + at + ",noncefile=" + secret, "tcp:" + at, "unix:path=/nonexistent;tcp:" + at, "unix:path=/nonexistent/bus"} {
		for _, as := range []string{"org.a11y.Bus", "org.freedesktop.DBus.Properties"} {
			if err := owner.Export(guide{address}, "/org/a11y/bus", as); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(moment); !errors.Is(err, ErrNoBus) {
			t.Errorf("%s: %v", address, err)
		}
	}
	far.Close()
	for b := range heard {
		t.Errorf("another computer was told %q", b)
	}
}

// TestABusThatNeverAnswers: a bus that takes a connection and says nothing is one that does not answer in time. It keeps nobody waiting: the agent could not end.
func TestABusThatNeverAnswers(t *testing.T) {
	dir := t.TempDir()
	bus, err := sysbus.Start(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	silent, err := net.Listen("unix", filepath.Join(dir, "silent"))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	owner, err := dbus.Connect(bus.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	if _, err := owner.RequestName("org.a11y.Bus", dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	for _, as := range []string{"org.a11y.Bus", "org.freedesktop.DBus.Properties"} {
		if err := owner.Export(guide{"unix:path=" + silent.Addr().String()}, "/org/a11y/bus", as); err != nil {
			t.Fatal(err)
		}
	}
	for what, session := range map[string]string{"the bus": bus.Address, "the session's": "unix:path=" + silent.Addr().String()} {
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", session)
		done := make(chan error, 1)
		go func() {
			_, err := open(t.Context(), moment, openWait)
			done <- err
		}()
		select {
		case err := <-done:
			if !errors.Is(err, ErrNoBus) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", what, err)
			}
		case <-time.After(3 * time.Minute):
			t.Fatalf("%s: it is waited for still", what)
		}
	}
}
