package e2e

import (
	"context"
	"flag"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
)

// sideBySide is how many desktops run at once, whatever the number of processors: they mostly wait.
const sideBySide = 5

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(sideBySide)); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// transitionsWanted is how many transitions are tried, on how many desktops, and how long that may take: many at night.
func transitionsWanted() (n, desktops int, limit time.Duration) {
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		return 10_000, sideBySide, 3 * time.Hour
	}
	return 200, 4, 10 * time.Minute
}

// TestTransitionsOnTheDesktop lets a hand act without rest while the person pauses, resumes, withdraws, agrees again, goes elsewhere, and
// while consents end, the mark is destroyed and the agent is killed, all at random. Every act tells by its place, or by its word, which
// one it is. No act that was done wholly while nothing might be recorded is in any box. The transitions are shared among some desktops.
func TestTransitionsOnTheDesktop(t *testing.T) {
	wanted, desktops, limit := transitionsWanted()
	seed := uint64(time.Now().UnixNano())
	if again, err := strconv.ParseUint(os.Getenv("BYLEAVE_SEED"), 10, 64); err == nil {
		seed = again
	}
	t.Logf("seed %d; BYLEAVE_SEED repeats the order, not the times", seed)
	verdicts := make([]verdict, desktops)
	t.Run("on", func(t *testing.T) {
		for i := range desktops {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				verdicts[i] = live(t, life{cards: dealer{seed: seed, hands: desktops, hand: i}, wanted: wanted / desktops, limit: limit})
				verdicts[i].log(t)
			})
		}
	})
	if t.Failed() {
		return // a desktop did not live to its end
	}
	var all verdict
	for _, v := range verdicts {
		all.add(v)
	}
	all.log(t)
	if all.leaked > 0 {
		t.Errorf("%d acts came out that were done while nothing might be recorded", all.leaked)
	}
	if all.clicks < wanted/4 {
		t.Errorf("only %d clicks came out: hardly anything was tested", all.clicks)
	}
	for _, why := range []string{noConsentYet, paused, withdrawn, expired, outOfHours, noMark, notAgreed} {
		if all.reasons[why] == 0 {
			t.Errorf("no act was done while %s", why)
		}
	}
}

// life is what happens to one person.
type life struct {
	bin    string // the folder of the binaries; "" is the one that is built
	cards  dealer
	only   func(*fate) func() // the one transition that is tried; nil: all kinds
	wanted int
	limit  time.Duration
}

// live is one person's life on a desktop of its own.
func live(t *testing.T, l life) verdict {
	t.Helper()
	ctx, s := openFor(t, l.limit, desktop.Options{}, stage.Options{Bin: l.bin, Edit: func(p map[string]any) {
		p["budgets"] = map[string]any{"bytes_per_day": strconv.Itoa(64 << 30)} // everything is to be sent before the end
	}})
	f := newFate(ctx, t, s, l)
	working, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- f.hand.work(working) }()
	f.rest(time.Second) // before the first consent
	f.give("all", 24*time.Hour)
	for said := 0; sum(f.count) < l.wanted; f.step() {
		if n := sum(f.count) / 500; n > said {
			said = n
			t.Logf("%v transitions", 500*n)
		}
	}
	f.pause()
	f.rest(time.Second)
	stop()
	check(t, <-done)
	check(t, s.Until(ctx, "everything to be sent", func(st stage.Status) bool { return st.Spool.Held == 0 }))
	f.gather()
	f.bans.end(time.Now())
	return f.judge()
}
