package upload

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/power"
	"github.com/byleave/byleave/e2e/sysbus"
)

// powered is an uploader that hears a system bus of its own, as flow wires it.
func powered(t *testing.T, c *collector, change func(*Options)) (*running, *sysbus.Bus) {
	t.Helper()
	bus, err := sysbus.Start(t.TempDir())
	fatal(t, err)
	t.Cleanup(func() { fatal(t, bus.Close()) })
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.Address)
	fatal(t, bus.Energy(false, 90))
	fatal(t, bus.Network(2, "Home"))
	heard := make(chan struct{})
	once := sync.OnceFunc(func() { close(heard) })
	u := run(t, c.identity(t), func(o *Options, _ *pace) {
		if change != nil {
			change(o)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	var listening sync.WaitGroup
	listening.Go(func() {
		err := power.Run(ctx, power.Options{Woke: u.Woke, Changed: func(s power.State) {
			u.opt.Budget.Here(Conditions{Battery: s.Battery, Charge: s.Charge, Metered: s.Metered, Network: s.Network})
			u.Kick()
			once()
		}})
		if err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); listening.Wait() })
	<-heard
	return u, bus
}

// says waits until the uploader gives that reason.
func (r *running) says(t *testing.T, why string) {
	t.Helper()
	until(t, why, func() bool { return strings.Contains(r.Status().Words, why) })
}

// came is how many boxes the collector was sent.
func (c *collector) came() int { return c.count(func() int { return len(c.received) }) }

// TestI25BudgetsHold: what UPower and NetworkManager say on a real bus, and the daily budget, hold every box back and say why; when the
// reason goes, the box leaves by itself. What is no box is not held back.
func TestI25BudgetsHold(t *testing.T) {
	c := new(collector).start(t, newAuthority(t))
	u, bus := powered(t, c, nil)
	boxes := newBoxes(t, 30)
	size := int64(len(boxes[0].Bytes()))
	sent := 0
	for name, k := range map[string]struct {
		on, off func() error
		why     string
	}{
		"metered":     {func() error { return bus.Network(1, "Phone") }, func() error { return bus.Network(2, "Home") }, "metered network"},
		"guessed":     {func() error { return bus.Network(3, "Phone") }, func() error { return bus.Network(4, "Home") }, "metered network"},
		"low battery": {func() error { return bus.Energy(true, 29) }, func() error { return bus.Energy(false, 29) }, "battery below 30 %"},
	} {
		fatal(t, k.on())
		until(t, name, func() bool { return strings.Contains(u.opt.Budget.Why(noon), k.why) })
		u.send(boxes[sent])
		u.says(t, k.why)
		fatal(t, u.keys.SaveStub(newStub(t, byte(10+sent), true)))
		u.Kick()
		until(t, "a withdrawal in spite of it", func() bool { return c.count(func() int { return len(c.told) }) == sent+1 })
		if c.came() != sent {
			t.Fatalf("%s: a box left", name)
		}
		fatal(t, k.off())
		until(t, "the box, once the reason is gone", func() bool { return u.queue.done() == sent+1 })
		sent++
	}

	fatal(t, bus.Energy(true, 80))
	until(t, "battery", func() bool { u.send(); return u.gathers() })
	u.send(boxes[sent])
	u.says(t, "on battery: gathers until ")
	if c.came() != sent {
		t.Fatal("a box left soon after another, on a battery")
	}
	fatal(t, bus.Energy(false, 80))
	until(t, "the box, on mains again", func() bool { return u.queue.done() == sent+1 })
	sent++

	used, _ := u.opt.Budget.Today(noon)
	const more = 5
	u.opt.Budget.Own(keystore.Limits{BytesPerDay: used + more*size + size/2}, nil)
	u.send(boxes[sent:]...)
	u.says(t, "daily budget used: ")
	u.stop()
	if got := c.came() - sent; got != more || u.queue.left() != len(boxes)-sent-more {
		t.Fatalf("%d boxes left, the budget was for %d", got, more)
	}
}

// gathers tells whether the budget knows that the computer runs on a battery.
func (r *running) gathers() bool {
	r.opt.Budget.mu.Lock()
	defer r.opt.Budget.mu.Unlock()
	return r.opt.Budget.here.Battery
}

// TestWakingIsNoStorm: after a sleep the uploader waits a moment of chance before it calls, and then sends what is due.
func TestWakingIsNoStorm(t *testing.T) {
	c := new(collector).start(t, newAuthority(t))
	u, bus := powered(t, c, nil)
	until(t, "the check-in", func() bool { return c.count(func() int { return c.checkIns }) == 1 })
	fatal(t, bus.Sleep(true))
	fatal(t, bus.Sleep(false))
	until(t, "the wait after waking", func() bool { u.mu.Lock(); defer u.mu.Unlock(); return !u.pause.IsZero() })
	u.send(newBox(t, 1, 1))
	until(t, "the box", func() bool { return u.queue.done() == 1 })
	if got, err := bus.Inhibited(); got || err != nil {
		t.Errorf("the sleep was delayed (%v)", err)
	}
}
