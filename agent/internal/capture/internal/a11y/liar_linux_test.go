package a11y

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// liar is a program that tells of itself what it likes.
type liar struct {
	bus  *dbus.Conn
	name string
}

const liesAt = "/org/a11y/atspi/accessible/1"

// GetRole is that of org.a11y.atspi.Accessible.
func (l liar) GetRole() (uint32, *dbus.Error) { return uint32(RoleText), nil }

// GetRoleName is that of org.a11y.atspi.Accessible.
func (l liar) GetRoleName() (string, *dbus.Error) { return "text", nil }

// GetState is that of org.a11y.atspi.Accessible.
func (l liar) GetState() ([]uint32, *dbus.Error) { return []uint32{1 << stateShowing, 0}, nil }

// Get is that of org.freedesktop.DBus.Properties.
func (l liar) Get(string, string) (dbus.Variant, *dbus.Error) { return dbus.MakeVariant(l.name), nil }

func newLiar(t *testing.T, name string) liar {
	t.Helper()
	bus, err := dial(t.Context(), patience, arrivals{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bus.Close() })
	l := liar{bus, name}
	for _, as := range []string{"org.a11y.atspi.Accessible", "org.freedesktop.DBus.Properties"} {
		if err := bus.Export(l, liesAt, as); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// says tells that an element at path got the focus.
func (l liar) says(path dbus.ObjectPath) error {
	return l.bus.Emit(path, "org.a11y.atspi.Event.Object.StateChanged", "focused", int32(1), int32(0), dbus.MakeVariant(0), map[string]dbus.Variant{})
}

// TestLiars: what a program says of its elements is taken if somebody could read it. One that pours focus events out, or gives one a path without end, is
// not kept for ever: nobody knows any more what has the focus, and that is told.
func TestLiars(t *testing.T) {
	_, c := session(t)
	for name, want := range map[string]string{"Save": "Save", strings.Repeat("x", longestWords+1): ""} {
		l := newLiar(t, name)
		at := node{l.bus.Names()[0], liesAt}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if e := c.describe(ctx, at); e.Role != "text" || e.Name != want {
			t.Errorf("a name of %d bytes: role %q, %d bytes", len(name), e.Role, len(e.Name))
		}
		cancel()
	}
	c.Close()
	for what, path := range map[string]dbus.ObjectPath{"a flood": liesAt, "a long path": dbus.ObjectPath("/" + strings.Repeat("a", longestPath))} {
		c, err := Open(moment)
		if err != nil {
			t.Fatal(err)
		}
		l, poured := newLiar(t, "x"), make(chan struct{})
		go func() {
			defer close(poured)
			for l.says(path) == nil {
			}
		}()
		end := time.After(patience)
		for open := true; open; {
			select {
			case _, open = <-c.Focused():
			case <-end:
				t.Fatalf("%s is taken in without end", what)
			}
		}
		if n := len(c.arrived.waiting); n > backlog {
			t.Errorf("%s: %d are kept", what, n)
		}
		c.Close()
		l.bus.Close()
		<-poured
	}
}
