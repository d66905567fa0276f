package upload

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
)

// noon is an instant in the middle of a local day.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.Local)

func fresh(now time.Time, size int64) waiting { return waiting{next: size, bytes: size, since: now} }

func newBudget(t *testing.T, bytes uint64) (*Budget, *keystore.Store) {
	t.Helper()
	keys, err := keystore.Open(t.TempDir() + "/keys")
	fatal(t, err)
	b := NewBudget(keys)
	b.Policy(bytes)
	return b, keys
}

// drainDay takes boxes of that size until the budget says no.
func drainDay(t *testing.T, b *Budget, now time.Time, size int64) (n int64) {
	t.Helper()
	for {
		ok, err := b.take(now, fresh(now, size))
		fatal(t, err)
		if !ok {
			return n
		}
		if n += size; n > 1<<30 {
			t.Fatal("no budget holds")
		}
	}
}

// TestDailyBudget: the tighter of the two budgets counts, over restarts, until the local midnight and not a second before.
func TestDailyBudget(t *testing.T) {
	for name, k := range map[string]struct {
		policy uint64
		own    int64
		most   int64
	}{
		"the policy's":                 {policy: 3_000_000, most: 3_000_000},
		"the person's is tighter":      {policy: 9_000_000, own: 2_000_000, most: 2_000_000},
		"a policy loosens nothing":     {policy: math.MaxUint64, own: 2_000_000, most: 2_000_000},
		"the person loosens no policy": {policy: 1_000_000, own: 1 << 40, most: 1_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			b, keys := newBudget(t, k.policy)
			b.Own(keystore.Limits{BytesPerDay: k.own}, nil)
			const size = 300_000
			if got, want := drainDay(t, b, noon, size), k.most/size*size; got != want {
				t.Fatalf("sent %d, budget %d", got, k.most)
			}
			again := NewBudget(keys) // killed without a word: what was counted still counts
			again.Policy(k.policy)
			again.Own(keystore.Limits{BytesPerDay: k.own}, nil)
			if got := drainDay(t, again, noon.Add(11*time.Hour), size); got != 0 {
				t.Fatalf("sent %d more after a restart", got)
			}
			if why := again.Why(noon); k.most%size == 0 && !strings.HasPrefix(why, "daily budget used: ") {
				t.Errorf("says %q", why)
			}
			midnight := time.Date(2026, 3, 5, 0, 0, 0, 0, time.Local)
			_, end := again.start(noon, fresh(noon, size))
			if !end.Equal(midnight) {
				t.Errorf("again at %v", end)
			}
			if got := drainDay(t, again, midnight.Add(-time.Second), size); got != 0 {
				t.Errorf("sent %d before midnight", got)
			}
			if got, want := drainDay(t, again, midnight, size), k.most/size*size; got != want {
				t.Errorf("sent %d the next day", got)
			}
			if got := drainDay(t, again, noon, size); got != 0 {
				t.Errorf("a clock that was set back gave %d more", got)
			}
		})
	}
}

// TestBudgetWords: each reason is said in words, and ends when its cause does.
func TestBudgetWords(t *testing.T) {
	night := &keystore.Hours{From: 22 * 60, Until: 6 * 60}
	for name, k := range map[string]struct {
		own  keystore.Limits
		err  error
		here Conditions
		at   time.Time
		why  string
	}{
		"nothing in the way":   {at: noon},
		"metered":              {here: Conditions{Metered: true}, at: noon, why: "metered network"},
		"battery low":          {here: Conditions{Battery: true, Charge: 29}, at: noon, why: "battery below 30 %"},
		"battery of 30":        {here: Conditions{Battery: true, Charge: 30}, at: noon},
		"mains, charge is low": {here: Conditions{Charge: 5}, at: noon},
		"mains only":           {own: keystore.Limits{MainsOnly: true}, here: Conditions{Battery: true, Charge: 90}, at: noon, why: "mains only"},
		"mains only, on mains": {own: keystore.Limits{MainsOnly: true}, at: noon},
		"another network":      {own: keystore.Limits{OnlyOn: "Home"}, here: Conditions{Network: "Cafe"}, at: noon, why: `not on the network "Home"`},
		"unknown network":      {own: keystore.Limits{OnlyOn: "Home"}, at: noon, why: `not on the network "Home"`},
		"this network":         {own: keystore.Limits{OnlyOn: "Home"}, here: Conditions{Network: "Home"}, at: noon},
		"by day":               {own: keystore.Limits{Hours: night}, at: noon, why: "again at 22:00"},
		"late in the evening":  {own: keystore.Limits{Hours: night}, at: noon.Add(11 * time.Hour)},
		"early in the morning": {own: keystore.Limits{Hours: night}, at: noon.Add(-7 * time.Hour)},
		"the hours end":        {own: keystore.Limits{Hours: night}, at: noon.Add(-6 * time.Hour), why: "again at 22:00"},
		"limits not readable":  {err: errors.New("your limits: damaged"), at: noon, why: "your limits: damaged"},
	} {
		b, _ := newBudget(t, 10<<20)
		b.Own(k.own, k.err)
		b.Here(k.here)
		why := b.Why(k.at)
		ok, err := b.take(k.at, fresh(k.at, 1000))
		fatal(t, err)
		if ok != (k.why == "") || (k.why == "") != (why == "") || !strings.Contains(why, k.why) {
			t.Errorf("%s: sent %v, says %q", name, ok, why)
		}
	}
	unknown, _ := newBudget(t, 0)
	if ok, _ := unknown.take(noon, fresh(noon, 1)); ok || unknown.Why(noon) == "" {
		t.Error("sent without knowing the policy's budget")
	}
}

// noDays is a count that cannot be kept.
type noDays struct{}

func (noDays) Day() (string, int64, error) { return "", 0, nil }
func (noDays) SaveDay(string, int64) error { return errors.New("disk") }

// TestNothingUncounted: what cannot be counted does not leave, and a count that cannot be read is a budget that is used up, for a day.
func TestNothingUncounted(t *testing.T) {
	b := NewBudget(noDays{})
	b.Policy(1 << 30)
	if ok, err := b.take(noon, fresh(noon, 1)); ok || err == nil {
		t.Errorf("left uncounted: %v, %v", ok, err)
	}
	d := &brokenDays{err: keystore.ErrDamaged}
	b = NewBudget(d)
	b.Policy(1 << 30)
	if ok, _ := b.take(noon, fresh(noon, 1)); ok {
		t.Error("left although nobody knows how much did")
	}
	if ok, _ := b.take(noon.AddDate(0, 0, 1), fresh(noon.AddDate(0, 0, 1), 1)); !ok || d.day != "2026-03-05" {
		t.Errorf("did not begin anew the next day: %+v", d)
	}
}

type brokenDays struct {
	day  string
	sent int64
	err  error
}

func (d *brokenDays) Day() (string, int64, error) { return d.day, d.sent, d.err }
func (d *brokenDays) SaveDay(day string, sent int64) error {
	d.day, d.sent, d.err = day, sent, nil
	return nil
}

// TestGathersOnBattery: a quarter of an hour lies between two connections, unless 2 MB wait.
func TestGathersOnBattery(t *testing.T) {
	b, _ := newBudget(t, 1<<40)
	b.Here(Conditions{Battery: true, Charge: 80})
	connections := 0
	for minute := range 8 * 60 { // a box a minute for a working day
		now := noon.Add(time.Duration(minute) * time.Minute)
		w := fresh(now, 9000)
		if why, _ := b.start(now, w); why == "" {
			connections++
			if ok, err := b.take(now, w); !ok || err != nil {
				t.Fatal("a connection for nothing", err)
			}
		} else if !strings.HasPrefix(why, "on battery: gathers until ") {
			t.Fatal(why)
		}
	}
	if connections != 8*4 {
		t.Errorf("%d connections in eight hours", connections)
	}
	now := noon.Add(8*time.Hour - 59*time.Second)
	if why, _ := b.start(now, waiting{next: 9000, bytes: gatherBytes, since: now}); why != "" {
		t.Errorf("2 MB wait: %s", why)
	}
	b.Here(Conditions{})
	if why, _ := b.start(now, fresh(now, 9000)); why != "" {
		t.Errorf("on mains: %s", why)
	}
}

// TestCatchesUpWithoutAStorm: after seven days without a collector everything leaves in order, and no hour carries more than twice the
// normal rate and one burst.
func TestCatchesUpWithoutAStorm(t *testing.T) {
	b, _ := newBudget(t, 1<<40)
	b.Own(keystore.Limits{BytesPerDay: normalRate * 24}, nil)
	const size, boxes = 132_000, 7 * 8 * 60
	back := noon.AddDate(0, 0, 7)
	now, hour, inHour, most, sessions := back, back, int64(0), int64(0), 0
	for left := int64(boxes); left > 0; {
		w := waiting{next: size, bytes: left * size, since: noon}
		if why, again := b.start(now, w); why != "" {
			if !again.After(now) {
				t.Fatalf("%s, without an end", why)
			}
			now = again
			continue
		}
		sessions++
		for left > 0 {
			ok, err := b.take(now, w)
			fatal(t, err)
			if !ok {
				break
			}
			if now.Sub(hour) >= time.Hour {
				hour, inHour = now, 0
			}
			left--
			inHour += size
			most = max(most, inHour)
		}
	}
	if limit := int64(2*normalRate + burst + size); most > limit {
		t.Errorf("%d bytes in an hour, twice the normal rate is %d", most, 2*normalRate)
	}
	if sessions > boxes/6 {
		t.Errorf("%d connections for %d boxes", sessions, boxes)
	}
	t.Logf("%d boxes of %d bytes in %v, %d connections, at most %.1f MB an hour", boxes, size, now.Sub(back), sessions, float64(most)/1e6)
}
