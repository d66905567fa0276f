//go:build linux && cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/byleave/byleave/demo/script"
)

// lookLimit is how long a person looks for a thing: a program that gets no processor shows it late.
const lookLimit = 2 * time.Minute

// mostNodes bounds a walk: a tree that is larger is not one of the demo's programs.
const mostNodes = 3000

const (
	accessible = "org.a11y.atspi.Accessible"
	component  = "org.a11y.atspi.Component"
)

// eyes find things on the screen by the accessibility bus.
type eyes struct{ bus *dbus.Conn }

type node struct {
	Name string
	Path dbus.ObjectPath
}

// find gives the middle of the showing element with the act's role and name, in the application that the act names.
// It looks again until there is one.
func (e *eyes) find(ctx context.Context, a script.Act) (x, y int, err error) {
	if err := e.open(ctx); err != nil {
		return 0, 0, err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if x, y, ok := e.once(ctx, a); ok {
			return x, y, nil
		}
		select {
		case <-ctx.Done():
			return 0, 0, fmt.Errorf("%s %q is not to be seen", a.Role, a.Name)
		case <-tick.C:
		}
	}
}

func (e *eyes) open(ctx context.Context) error {
	if e.bus != nil {
		return nil
	}
	session, err := dbus.ConnectSessionBus(dbus.WithContext(context.WithoutCancel(ctx)))
	if err != nil {
		return fmt.Errorf("session bus: %w", err)
	}
	defer session.Close()
	var addr string
	if err := session.Object("org.a11y.Bus", "/org/a11y/bus").CallWithContext(ctx, "org.a11y.Bus.GetAddress", 0).Store(&addr); err != nil {
		return fmt.Errorf("accessibility bus: %w", err)
	}
	bus, err := dbus.Connect(addr)
	if err != nil {
		return fmt.Errorf("accessibility bus: %w", err)
	}
	e.bus = bus
	return nil
}

func (e *eyes) once(ctx context.Context, a script.Act) (x, y int, ok bool) {
	apps, err := e.children(ctx, node{"org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root"})
	if err != nil {
		return 0, 0, false
	}
	left := mostNodes
	for _, app := range apps {
		if strings.EqualFold(e.name(ctx, app), a.App) {
			if x, y, ok = e.walk(ctx, app, a, &left); ok {
				return x, y, true
			}
		}
	}
	return 0, 0, false
}

func (e *eyes) walk(ctx context.Context, n node, a script.Act, left *int) (x, y int, ok bool) {
	if *left--; *left < 0 || ctx.Err() != nil {
		return 0, 0, false
	}
	var role string
	if e.call(ctx, n, accessible+".GetRoleName").Store(&role) == nil && role == a.Role && e.name(ctx, n) == a.Name {
		if x, y, ok = e.middle(ctx, n); ok {
			return x, y, true
		}
	}
	kids, err := e.children(ctx, n)
	if err != nil {
		return 0, 0, false
	}
	for _, k := range kids {
		if x, y, ok = e.walk(ctx, k, a, left); ok {
			return x, y, true
		}
	}
	return 0, 0, false
}

// middle refuses what has no place on the screen: items of a closed menu lie far outside or have no size.
func (e *eyes) middle(ctx context.Context, n node) (x, y int, ok bool) {
	var r struct{ X, Y, W, H int32 }
	const screen = uint32(0)
	if err := e.call(ctx, n, component+".GetExtents", screen).Store(&r); err != nil {
		return 0, 0, false
	}
	if r.X < -10000 || r.Y < -10000 || r.W < 2 || r.H < 2 || !e.showing(ctx, n) {
		return 0, 0, false
	}
	return int(r.X + r.W/2), int(r.Y + r.H/2), true
}

func (e *eyes) showing(ctx context.Context, n node) bool {
	var state []uint32
	const stateShowing = 25
	err := e.call(ctx, n, accessible+".GetState").Store(&state)
	return err == nil && len(state) > 0 && state[0]>>stateShowing&1 == 1
}

func (e *eyes) children(ctx context.Context, n node) ([]node, error) {
	var kids []node
	if err := e.call(ctx, n, accessible+".GetChildren").Store(&kids); err != nil {
		return nil, err
	}
	return kids, nil
}

func (e *eyes) name(ctx context.Context, n node) string {
	var v dbus.Variant
	if err := e.call(ctx, n, "org.freedesktop.DBus.Properties.Get", accessible, "Name").Store(&v); err != nil {
		return ""
	}
	s, ok := v.Value().(string)
	if !ok {
		return ""
	}
	return strings.TrimSpace(s) // GTK pads names with blanks
}

func (e *eyes) call(ctx context.Context, n node, method string, args ...any) *dbus.Call {
	if e.bus == nil {
		return &dbus.Call{Err: errors.New("the accessibility bus is not open")}
	}
	return e.bus.Object(n.Name, n.Path).CallWithContext(ctx, method, 0, args...)
}
