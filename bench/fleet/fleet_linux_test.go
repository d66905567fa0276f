package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/byleave/byleave/bench/collector"
	"github.com/byleave/byleave/bench/report"
)

const program = "../../bin/byleave-collector"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// scale is how large the fleet is and how fast its day.
type scale struct {
	devices, collectors int
	load                Load
	out                 string
}

func scaleOf(t *testing.T) scale {
	if os.Getenv("BYLEAVE_BENCH") == "" {
		return scale{devices: 200, collectors: 1, load: Load{Speed: 7200, Boxes: 8, Seed: 7}, out: t.TempDir()}
	}
	return scale{devices: number(t, "DEVICES", 10_000), collectors: number(t, "COLLECTORS", 3), out: "../../bench/out",
		load: Load{Speed: float64(number(t, "SPEED", 60)), Boxes: float64(number(t, "BOXES", 40)), Seed: 7}}
}

func number(t *testing.T, name string, usual int) int {
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s: a number is needed", name, text)
	}
	return n
}

// served is the collectors that the fleet talks to, as far as they can be measured and shaken.
type served struct {
	name   string // of the report
	sites  []Site
	storms []Storm
	cpu    func() time.Duration
	memory func() int64 // of all, now
	peak   func() int64 // of the largest, ever
	index  func() int64 // bytes of what they know of boxes; 0: not told
	check  func() error // what they keep is whole
}

// TestI14I16Fleet lets a fleet live through a day on which collectors are stopped and killed and the network is cut: what was acknowledged is
// there, once.
func TestI14I16Fleet(t *testing.T) {
	n := scaleOf(t)
	c := serve(t, n)
	f, err := New(n.load)
	must(t, err)
	began := time.Now()
	var g group
	for _, s := range c.sites {
		g.Go(func() error { return f.Enrol(t.Context(), s) })
	}
	must(t, g.Wait())
	enrolled, enrolCPU := time.Since(began), c.cpu()
	t.Logf("%d devices enrolled in %v", n.devices, enrolled.Round(time.Millisecond))

	own, before := collector.Own(), c.cpu()
	c.storms = append(c.storms, Storm{13 * time.Hour, func(ctx context.Context) error {
		f.Network.Cut()
		defer f.Network.Mend()
		return wait(ctx, time.Duration(float64(5*time.Minute)/n.load.Speed))
	}})
	must(t, f.Day(t.Context(), c.storms...))
	day, fleetCPU := c.cpu()-before, collector.Own()-own
	t.Log(&f.Tally)

	before, empty := c.cpu(), c.memory()
	var full int64
	var greet time.Duration
	allIn, err := f.Hold(t.Context(), func() error { full, greet = c.memory(), c.cpu()-before; return nil })
	must(t, err)
	a, err := f.Audit(t.Context())
	must(t, err)
	t.Logf("%+v; all connected in %v", a, allIn.Round(time.Millisecond))
	if a.Lost+a.Doubled+a.Unknown > 0 || a.Held != a.Acknowledged || a.Held == 0 {
		t.Errorf("%+v", a)
	}
	must(t, c.check())
	tally, devices, gb := &f.Tally, float64(n.devices), float64(f.Tally.Bytes.Load())/1e9
	figures := []report.Figure{
		{What: "boxes acknowledged and lost", Value: float64(a.Lost), Unit: "boxes", Goal: 0, Better: report.Lower,
			Peers: map[string]float64{"acknowledged": float64(a.Acknowledged), "GB": gb, "sent": float64(tally.Sent.Load()),
				"known already": float64(tally.Duplicates.Load()), "cut off": float64(tally.Unanswered.Load())}},
		{What: "boxes held twice", Value: float64(a.Doubled), Unit: "boxes", Goal: 0, Better: report.Lower},
		{What: "memory of the largest collector", Value: float64(c.peak()) / (1 << 20), Unit: "MiB", Goal: 1024, Better: report.Lower,
			Peers: map[string]float64{"devices": devices, "connected at once in the day": float64(tally.Most())}},
		{What: "memory per device that stays connected", Value: float64(full-empty) / 1024 / devices, Unit: "KB", Goal: 48, Better: report.Lower},
		{What: "all devices connected after a cut", Value: allIn.Seconds(), Unit: "s", Goal: devices / 100, Better: report.Lower,
			Peers: map[string]float64{"collectors' CPU per connection, ms": ms(greet) / devices}},
		{What: "CPU per 1,000 devices and day, collectors", Value: day.Seconds() / devices * 1000, Unit: "s", Goal: 60, Better: report.Lower,
			Peers: map[string]float64{"to enrol them": enrolCPU.Seconds() / devices * 1000, "sessions": float64(tally.Sessions.Load()) / devices * 1000,
				"per GB": day.Seconds() / gb, "the fleet itself, per GB": fleetCPU.Seconds() / gb}},
		{What: "ack p99, all day", Value: ms(tally.Acks.At(99)), Unit: "ms", Goal: 1000, Better: report.Lower,
			Peers: map[string]float64{"p50": ms(tally.Acks.At(50)), "refusals with a time": float64(tally.Told.Load()), "broken calls": float64(tally.Broken.Load())}},
	}
	if index := c.index(); index > 0 {
		figures = append(figures, report.Figure{What: "index per box", Value: float64(index) / float64(max(a.Held, 1)), Unit: "bytes", Goal: 6000, Better: report.Lower})
	}
	must(t, report.Write(os.Stdout, n.out, c.name, figures))
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// serve starts collectors, each with a share of the devices, and the storms that shake them; or three over the one store that the cloud.json
// STORE leads to; or takes those that the file SITES names.
func serve(t *testing.T, n scale) *served {
	bench := os.Getenv("BYLEAVE_BENCH") != ""
	if file := os.Getenv("SITES"); file != "" && bench {
		return named(t, file)
	}
	if file := os.Getenv("STORE"); file != "" && bench {
		return shared(t, n, file)
	}
	all, sites := make([]*collector.Collector, n.collectors), make([]Site, n.collectors)
	for i := range all {
		c, err := collector.Start(program, filepath.Join(t.TempDir(), "d"))
		must(t, err)
		t.Cleanup(func() { must(t, c.Stop()) })
		invitations, err := c.Invite((n.devices + n.collectors - 1 - i) / n.collectors)
		must(t, err)
		all[i], sites[i] = c, Site{[]string{c.Addr}, invitations}
	}
	s := shaken(all)
	s.sites = sites
	s.index = func() (sum int64) {
		for _, c := range all {
			index, _, err := c.Disk()
			must(t, err)
			sum += index
		}
		return sum
	}
	s.check = func() error {
		return each(all, func(c *collector.Collector) error { return errors.Join(c.Stop(), c.Check()) })
	}
	return s
}

// shared starts collectors over one store. Each device has all their addresses, and goes to the next one when one fails it.
func shared(t *testing.T, n scale, cloud string) *served {
	all, err := collector.Share(program, t.TempDir(), cloud, n.collectors)
	t.Cleanup(func() { must(t, each(all, (*collector.Collector).Stop)) })
	must(t, err)
	site := Site{}
	for _, c := range all {
		site.Addresses = append(site.Addresses, c.Addr)
	}
	site.Invitations, err = all[0].Invite(n.devices)
	must(t, err)
	s := shaken(all)
	s.name, s.sites = "fleet-shared", []Site{site}
	s.index = func() int64 { return 0 } // it lies in the database
	s.check = func() error { return errors.Join(each(all, (*collector.Collector).Stop), all[0].Check()) }
	return s
}

// each does something with all collectors at once.
func each(all []*collector.Collector, do func(*collector.Collector) error) error {
	var g group
	for _, c := range all {
		g.Go(func() error { return do(c) })
	}
	return g.Wait()
}

// shaken are collectors that are all stopped once and all killed once, and what they cost.
func shaken(all []*collector.Collector) *served {
	s := &served{name: "fleet"}
	s.storms = []Storm{
		{11 * time.Hour, func(context.Context) error {
			return each(all, func(c *collector.Collector) error { return errors.Join(c.Stop(), c.Again()) })
		}},
		{15 * time.Hour, func(context.Context) error {
			return each(all, func(c *collector.Collector) error { return errors.Join(c.Kill(), c.Again()) })
		}},
	}
	s.cpu = func() (sum time.Duration) {
		for _, c := range all {
			sum += c.CPU()
		}
		return sum
	}
	s.memory = func() (sum int64) {
		for _, c := range all {
			sum += c.Memory()
		}
		return sum
	}
	s.peak = func() (most int64) {
		for _, c := range all {
			most = max(most, c.Peak())
		}
		return most
	}
	return s
}

// named is collectors that somebody else runs. The file says where they are, and how to shake them.
func named(t *testing.T, file string) *served {
	text, err := os.ReadFile(file)
	must(t, err)
	var said struct {
		Sites  []Site            // with Addresses and Invitations
		PIDs   []int             // of collectors on this machine
		Storms map[string]string // "15h": a command
		Check  string            // a command that fails if something is not whole
	}
	must(t, json.Unmarshal(text, &said))
	run := func(ctx context.Context, command string) error {
		if out, err := exec.CommandContext(ctx, "sh", "-c", command).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command, err, out)
		}
		return nil
	}
	s := &served{name: "fleet-sites", sites: said.Sites}
	for at, command := range said.Storms {
		when, err := time.ParseDuration(at)
		must(t, err)
		s.storms = append(s.storms, Storm{when, func(ctx context.Context) error { return run(ctx, command) }})
	}
	s.cpu = func() (sum time.Duration) {
		for _, pid := range said.PIDs {
			sum += collector.CPU(pid)
		}
		return sum
	}
	s.memory = func() (sum int64) {
		for _, pid := range said.PIDs {
			sum += collector.Memory(pid)
		}
		return sum
	}
	s.index = func() int64 { return 0 }
	s.peak = func() (most int64) {
		for _, pid := range said.PIDs {
			most = max(most, collector.Peak(pid))
		}
		return most
	}
	s.check = func() error {
		if said.Check == "" {
			return nil
		}
		return run(t.Context(), said.Check)
	}
	return s
}
