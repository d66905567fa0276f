package flow

import (
	"context"
	"image"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/power"
	"github.com/byleave/byleave/e2e/sysbus"
)

// TestI25ThePersonIsTold: what the computer says and what the person set decide whether boxes leave, and the status says so.
func TestI25ThePersonIsTold(t *testing.T) {
	a := device(t, version(1, func(p map[string]any) { p["budgets"] = map[string]any{"bytes_per_day": "5000000"} }))
	bus, err := sysbus.Start(t.TempDir())
	check(t, err)
	t.Cleanup(func() { check(t, bus.Close()) })
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.Address)
	check(t, bus.Network(1, "Phone"))
	check(t, bus.Energy(true, 45))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := a.runPower(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	says := func(why, power string) {
		t.Helper()
		for got := a.status().Today; got.Why != why || got.Power != power; got = a.status().Today {
			select {
			case <-a.news:
			case <-time.After(2 * time.Minute):
				t.Fatalf("never %q, %q, but %+v", why, power, got)
			}
		}
	}
	says("metered network", `on battery, 45 %; network "Phone", metered`)
	if got := a.status().Today; got.Profile != "battery" || a.pace() != 500*time.Millisecond {
		t.Errorf("on battery: %+v, a picture in %v", got, a.pace())
	}
	check(t, bus.Network(2, "Home"))
	says("", `on battery, 45 %; network "Home"`)
	check(t, bus.Energy(true, 12))
	says("battery below 30 %", `on battery, 12 %; network "Home"`)
	if got := a.status().Today; got.Profile != "saver" || got.Thrift != "the battery is low: one picture in 1s at most, and no line of it is shown again" || a.pace() != time.Second || a.view().Thrift != got.Thrift {
		t.Errorf("on a low battery: %+v, a picture in %v", got, a.pace())
	}
	check(t, bus.Energy(false, 12))
	says("", `on mains; network "Home"`)
	if got := a.status().Today; got.Profile != "mains" || got.Thrift != "" || a.pace() != 200*time.Millisecond {
		t.Errorf("on mains: %+v, a picture in %v", got, a.pace())
	}

	if got := a.status().Today; got.Most != 5_000_000 || got.Bytes != 0 {
		t.Errorf("budget %+v", got)
	}
	hold := 2 * time.Hour
	check(t, a.keys.SaveLimits(keystore.Limits{BytesPerDay: 2_000_000, OnlyOn: "Office", Hold: &hold, KeepDays: 7}))
	check(t, a.load())
	says(`not on the network "Office", as you wish`, `on mains; network "Home"`)
	if got := a.status(); got.Today.Most != 2_000_000 || got.Limits.Held != hold || got.Limits.KeepDays != 7 || a.hold() != hold {
		t.Errorf("limits %+v, %+v", got.Today, got.Limits)
	}
	check(t, a.keys.SaveLimits(keystore.Limits{BytesPerDay: 1 << 40}))
	check(t, a.load())
	if got := a.status().Today.Most; got != 5_000_000 {
		t.Errorf("the person's limit loosened the policy's to %d", got)
	}
	check(t, os.WriteFile(filepath.Join(a.cfg.Home, "limits"), []byte("{\"bytes_per_day\":"), 0o600))
	check(t, a.load())
	if got := a.status(); got.Today.Why == "" || got.Limits != nil || a.hold() != keystore.LongestHold {
		t.Errorf("unreadable limits: %+v, hold %v", got.Today, a.hold())
	}
	a.pressure = busy(t)
	if got := a.status().Today; got.Profile != "saver" || got.Thrift != "other programs wait for the processor: one picture in 1s at most, and no line of it is shown again" {
		t.Errorf("busy: %+v", got)
	}
}

// busy is the pressure of a computer whose processor programs wait for.
func busy(t *testing.T) *power.Pressure {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cpu")
	check(t, os.WriteFile(file, []byte("some avg10=55.00 avg60=10.00 avg300=1.00 total=99\n"), 0o600))
	p := power.WatchPressure(file, func() {})
	t.Cleanup(p.Close)
	return p
}

// anyReader counts what it is asked for.
type anyReader struct{ asked int }

func (r *anyReader) Read(context.Context, *image.Gray) (string, float64, error) {
	r.asked++
	return "Save", 1, nil
}

func (*anyReader) State() error { return nil }

// TestNothingIsReadToSpareEnergy: a low battery or a busy processor stops the reading of pictures, mains and a full battery do not.
func TestNothingIsReadToSpareEnergy(t *testing.T) {
	a := &agent{}
	inner := &anyReader{}
	r := thriftyReader{inner, a.profile}
	for _, c := range []struct {
		s        power.State
		pressure *power.Pressure
		read     bool
	}{{power.State{}, nil, true}, {power.State{Battery: true, Charge: 80}, nil, true}, {power.State{Battery: true, Charge: 12}, nil, false}, {power.State{}, busy(t), false}} {
		a.energy.Store(&c.s)
		a.pressure = c.pressure
		before := inner.asked
		text, _, err := r.Read(t.Context(), image.NewGray(image.Rect(0, 0, 9, 9)))
		if read := inner.asked > before; read != c.read || read != (err == nil) || read != (text != "") {
			t.Errorf("%+v: read %v, %q, %v", c.s, read, text, err)
		}
	}
}
