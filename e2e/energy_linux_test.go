package e2e

import (
	"strings"
	"testing"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
	"github.com/byleave/byleave/e2e/sysbus"
)

// TestI25NothingLeavesOnAMeteredNetwork: what NetworkManager and UPower say and what the person sets keep the boxes here, and the status says
// why; when the reason goes, they leave by themselves and are counted.
func TestI25NothingLeavesOnAMeteredNetwork(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	bus, err := sysbus.Start(s.Desk.Dir())
	check(t, err)
	t.Cleanup(func() { check(t, bus.Close()) })
	check(t, bus.Network(1, "Phone"))
	check(t, bus.Energy(false, 80))
	s.Bus = bus.Address
	record(ctx, t, s)
	typist(ctx, t, s)("apricot banana")
	_, err = s.Byleave(ctx, "pause", "forever")
	check(t, err)
	kept := func(why string) func(stage.Status) bool {
		return func(st stage.Status) bool {
			return st.Spool.Held > 0 && st.Spool.Sent == 0 && st.Today.Bytes == 0 && strings.HasPrefix(st.Today.Why, why)
		}
	}
	check(t, s.Until(ctx, "a box that waits for another network", kept("metered network")))
	check(t, bus.Energy(true, 20))
	check(t, bus.Network(2, "Cafe"))
	check(t, s.Until(ctx, "a box that waits for mains", kept("battery below 30 %")))
	_, err = s.Byleave(ctx, "limit", "--only-on", "Home", "--bytes-per-day", "2MB")
	check(t, err)
	check(t, bus.Energy(false, 20))
	check(t, s.Until(ctx, "a box that waits for the person's network", kept(`not on the network "Home"`)))
	said, err := s.Byleave(ctx, "status")
	check(t, err)
	for _, want := range []string{`Sent today: 0 kB of 2.0 MB.`, `not on the network "Home"`, `on mains; network "Cafe"`} {
		if !strings.Contains(said, want) {
			t.Errorf("status does not say %q:\n%s", want, said)
		}
	}
	check(t, bus.Network(2, "Home"))
	check(t, s.Until(ctx, "the boxes to leave", func(st stage.Status) bool {
		return st.Spool.Held == 0 && st.Spool.Sent > 0 && st.Today.Bytes >= st.Spool.SentBytes && st.Today.Why == ""
	}))
}
