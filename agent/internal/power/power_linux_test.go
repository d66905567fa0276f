package power

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/byleave/byleave/e2e/sysbus"
	"github.com/godbus/dbus/v5"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// room is a running watch on a bus of its own.
type room struct {
	bus    *sysbus.Bus
	states chan State
	woke   chan struct{}
}

func start(t *testing.T, before func(*sysbus.Bus)) *room {
	t.Helper()
	bus, err := sysbus.Start(t.TempDir())
	check(t, err)
	t.Cleanup(func() { check(t, bus.Close()) })
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.Address)
	if before != nil {
		before(bus)
	}
	r := &room{bus: bus, states: make(chan State, 100), woke: make(chan struct{}, 10)}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := Run(ctx, Options{Changed: func(s State) { r.states <- s }, Woke: func() { r.woke <- struct{}{} }}); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	return r
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until waits for a state; those on the way to it do not matter.
func (r *room) until(t *testing.T, want State) {
	t.Helper()
	for {
		select {
		case got := <-r.states:
			if got == want {
				return
			}
		case <-t.Context().Done():
			t.Fatalf("never %+v", want)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	r := start(t, nil)
	r.until(t, State{}) // a bus without the services: mains, not counted
	check(t, r.bus.Energy(true, 55))
	r.until(t, State{Battery: true, Charge: 55}) // it came later
}

func TestWhatTheServicesSay(t *testing.T) {
	r := start(t, func(b *sysbus.Bus) {
		check(t, b.Energy(true, 81))
		check(t, b.Network(2, "Home"))
	})
	r.until(t, State{Battery: true, Charge: 81, Network: "Home"})
	check(t, r.bus.Energy(true, 29.4))
	r.until(t, State{Battery: true, Charge: 29, Network: "Home"})
	for metered, want := range map[uint32]bool{0: false, 1: true, 2: false, 3: true, 4: false} {
		name := string(rune('A' + metered))
		check(t, r.bus.Network(metered, name))
		r.until(t, State{Battery: true, Charge: 29, Metered: want, Network: name})
	}
	check(t, r.bus.Energy(false, 100))
	check(t, r.bus.Network(1, "Phone"))
	r.until(t, State{Charge: 100, Metered: true, Network: "Phone"})
}

// A service that dies leaves what it said last: a metered network does not become free because NetworkManager restarts.
func TestWhatWasSaidLastCounts(t *testing.T) {
	r := start(t, func(b *sysbus.Bus) { check(t, b.Network(1, "Phone")) })
	r.until(t, State{Metered: true, Network: "Phone"})
	check(t, r.bus.StopNetwork())
	r.until(t, State{Metered: true, Network: "Phone"}) // asked again, and nobody answered
	check(t, r.bus.Network(2, "Home"))
	r.until(t, State{Network: "Home"})
}

func TestWakingIsHeardAndSleepIsNeverDelayed(t *testing.T) {
	r := start(t, nil)
	r.until(t, State{})
	check(t, r.bus.Sleep(true))
	check(t, r.bus.Sleep(false))
	<-r.woke
	if got, err := r.bus.Inhibited(); got || err != nil {
		t.Errorf("somebody delayed the sleep (%v)", err)
	}
	if len(r.woke) > 0 {
		t.Error("going to sleep counts as waking")
	}
}

// Without any bus nothing is asked for again, and the end is clean.
// TestStrangersAreNotHeard: every user of the computer may send us any signal. That the computer woke counts only from who says it.
func TestStrangersAreNotHeard(t *testing.T) {
	r := start(t, nil)
	r.until(t, State{})
	check(t, r.bus.Sleep(true))
	check(t, r.bus.Sleep(false))
	<-r.woke
	stranger, err := dbus.Connect(r.bus.Address)
	check(t, err)
	defer stranger.Close()
	var names []string
	check(t, stranger.BusObject().Call(theBus+".ListNames", 0).Store(&names))
	for range 3 {
		for _, to := range names {
			if !strings.HasPrefix(to, ":") {
				continue
			}
			stranger.Send(&dbus.Message{Type: dbus.TypeSignal, Body: []any{false}, Headers: map[dbus.HeaderField]dbus.Variant{
				dbus.FieldPath: dbus.MakeVariant(dbus.ObjectPath("/org/freedesktop/login1")), dbus.FieldInterface: dbus.MakeVariant(logind + ".Manager"),
				dbus.FieldMember: dbus.MakeVariant("PrepareForSleep"), dbus.FieldDestination: dbus.MakeVariant(to),
				dbus.FieldSignature: dbus.MakeVariant(dbus.SignatureOf(false)),
			}}, nil)
		}
		check(t, stranger.BusObject().Call(theBus+".ListNames", 0).Store(&names)) // what was sent before has been handed on
	}
	check(t, r.bus.Energy(true, 55)) // and what came before this has been heard
	r.until(t, State{Battery: true, Charge: 55})
	if n := len(r.woke); n > 0 {
		t.Errorf("woken %d times", n)
	}
}

func TestNoBus(t *testing.T) {
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+t.TempDir()+"/none")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	check(t, Run(ctx, Options{Changed: func(State) { t.Error("something was said") }, Woke: func() {}}))
}
