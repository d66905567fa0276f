package upload

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
)

// Conditions are what the computer says of its energy and its network. The zero Conditions are mains, and a network that nobody
// counts.
type Conditions struct {
	Battery bool   // it runs on a battery
	Charge  int    // of the battery, in percent
	Metered bool   // bytes cost money
	Network string // the name of the network, "" if nobody knows it
}

// lowCharge is the charge below which a battery is for the person alone.
const lowCharge = 30

// What decides how boxes leave.
const (
	gatherFor   = 15 * time.Minute // on a battery, between two sendings
	gatherBytes = 2 << 20          // or when so much waits
	lateAfter   = 30 * time.Minute // a box that waits for longer was kept back by something: sleep, an outage, a budget
	burst       = 2 << 20          // late boxes that may leave at once
	normalRate  = 8_000_000        // bytes that an hour of work gives at the most; see bench
)

// days keeps the count of the day durably.
type days interface {
	Day() (day string, sent int64, err error)
	SaveDay(day string, sent int64) error
}

// Budget says when boxes may leave: the daily bytes of the policy and the tighter ones of the person, the person's network and
// hours, the battery, a network that costs money, and after an absence no more than twice the normal rate. Withdrawals, erasures
// and the check-in are no boxes and never wait for it. It is safe for concurrent use.
type Budget struct {
	days days

	mu     sync.Mutex
	policy uint64 // bytes a day; 0: not known
	own    keystore.Limits
	blind  error  // why own is not known
	stop   string // why nothing leaves whatever else is so, "" if nothing is wrong
	here   Conditions
	day    string // that used counts for, "" before the first look
	used   int64
	tokens float64   // bytes of late boxes that may leave now
	filled time.Time // when tokens was right
	last   time.Time // when a box last left
}

// NewBudget makes a budget on a durable count. Until Policy was called nothing may leave.
func NewBudget(d days) *Budget { return &Budget{days: d, tokens: burst} }

// Policy sets the bytes a day that the operator's policy allows; 0: nobody knows, and nothing leaves.
func (b *Budget) Policy(bytes uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.policy = bytes
}

// Own sets the person's limits; with err nobody knows them, and nothing leaves.
func (b *Budget) Own(l keystore.Limits, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.own, b.blind = l, err
}

// Stop keeps every box here for the reason why, until it is called with "".
func (b *Budget) Stop(why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stop = why
}

// Rate is how many bytes a second the person lets leave; 0: as many as the line takes.
func (b *Budget) Rate() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.own.Rate
}

// Here sets what the computer says.
func (b *Budget) Here(c Conditions) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.here = c
}

// Today is how many bytes of boxes were sent today, padding and repetitions counted, and how many may be.
func (b *Budget) Today(now time.Time) (used, most int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn(now)
	return b.used, b.most()
}

// Why is the reason why no box may leave now, in words; "" if there is none.
func (b *Budget) Why(now time.Time) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	why, _ := b.refuses(now, 1)
	return why
}

// Now is the reason why boxes do not leave at this instant although nothing else keeps them, in words; "" if there is none. next is the
// size of the first one, all of all.
func (b *Budget) Now(now time.Time, next, all int64) string {
	why, _ := b.start(now, waiting{next: next, bytes: all, since: now})
	return why
}

// waiting is what the queue holds and the hold no longer keeps back.
type waiting struct {
	next  int64     // bytes of the box that is next
	bytes int64     // of all
	since time.Time // since when the next one waits
}

// start tells whether a connection is worth making for w: "" says yes. Else it says why not and when that ends by itself; a zero
// time says that only a Kick tells.
func (b *Budget) start(now time.Time, w waiting) (why string, again time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if why, again := b.refuses(now, w.next); why != "" {
		return why, again
	}
	if due := b.last.Add(gatherFor); b.here.Battery && w.bytes < gatherBytes && now.Before(due) {
		return fmt.Sprintf("on battery: gathers until %s, or until 2 MB wait", clockTime(due)), due
	}
	if !late(now, w) {
		return "", time.Time{}
	}
	b.fill(now)
	if need := float64(max(min(w.bytes, burst/2), w.next)); b.tokens < need {
		again = now.Add(time.Duration((need-b.tokens)/b.rate()*float64(time.Second)) + time.Millisecond)
		return fmt.Sprintf("catching up slowly, again at %s", clockTime(again)), again
	}
	return "", time.Time{}
}

// keepsBack tells whether the next box may not leave, although there is a connection.
func (b *Budget) keepsBack(now time.Time, w waiting) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.allows(now, w)
}

func (b *Budget) allows(now time.Time, w waiting) bool {
	if why, _ := b.refuses(now, w.next); why != "" {
		return false
	}
	b.fill(now)
	return !late(now, w) || b.tokens >= float64(w.next)
}

// take counts the next box before it leaves. false: it may not leave now. An error means that it could not be counted, and may
// not leave either.
func (b *Budget) take(now time.Time, w waiting) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.allows(now, w) {
		return false, nil
	}
	if err := b.days.SaveDay(b.day, b.used+w.next); err != nil {
		return false, fmt.Errorf("nothing is sent, because it cannot be counted: %w", err)
	}
	b.used += w.next
	b.tokens = max(b.tokens-float64(w.next), 0)
	b.last = now
	return true, nil
}

func late(now time.Time, w waiting) bool { return now.Sub(w.since) > lateAfter }

// refuses is the reason that keeps back a box of that size, and when it ends by itself.
func (b *Budget) refuses(now time.Time, size int64) (why string, again time.Time) {
	b.turn(now)
	used, most := b.used, b.most()
	switch {
	case b.stop != "":
		return b.stop, time.Time{}
	case b.blind != nil:
		return b.blind.Error(), time.Time{}
	case b.policy == 0:
		return "the policy's budget is not known", time.Time{}
	case b.here.Metered:
		return "metered network", time.Time{}
	case b.here.Battery && b.here.Charge < lowCharge:
		return fmt.Sprintf("battery below %d %%", lowCharge), time.Time{}
	case b.here.Battery && b.own.MainsOnly:
		return "on battery, and you allow mains only", time.Time{}
	case b.own.OnlyOn != "" && b.own.OnlyOn != b.here.Network:
		return fmt.Sprintf("not on the network %q, as you wish", b.own.OnlyOn), time.Time{}
	case b.own.Hours != nil && !within(*b.own.Hours, now):
		again = opens(*b.own.Hours, now)
		return "outside your hours, again at " + clockTime(again), again
	case used > most-size:
		again = b.tomorrow(now)
		return fmt.Sprintf("daily budget used: %s of %s MB, again at %s", megabytes(min(used, most)), megabytes(most), clockTime(again)), again
	}
	return "", time.Time{}
}

// most is the day's budget: the person's limit counts only where it is tighter than the policy's.
func (b *Budget) most() int64 {
	most := int64(min(b.policy, math.MaxInt64))
	if n := b.own.BytesPerDay; n > 0 {
		most = min(most, n)
	}
	return most
}

// turn begins a new day at the local midnight. A clock that is set back begins none: the day that was counted last goes on.
func (b *Budget) turn(now time.Time) {
	today := now.Local().Format(time.DateOnly)
	if b.day == "" {
		day, sent, err := b.days.Day()
		if err != nil {
			day, sent = today, math.MaxInt64 // nobody knows how much left today
			_ = b.days.SaveDay(day, sent)    // else tomorrow nobody would know either
		}
		b.day, b.used = day, sent
	}
	if b.day < today {
		b.day, b.used = today, 0
	}
}

// tomorrow is when the day that is counted ends.
func (b *Budget) tomorrow(now time.Time) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, b.day, now.Local().Location())
	if err != nil {
		day = now
	}
	y, m, d := day.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, now.Local().Location())
}

// fill adds what twice the normal rate allows since the last look, up to a burst.
func (b *Budget) fill(now time.Time) {
	if !b.filled.IsZero() {
		b.tokens = min(b.tokens+max(now.Sub(b.filled).Seconds(), 0)*b.rate(), burst)
	}
	b.filled = now
}

// rate is twice the normal one, in bytes a second: the day's budget spread over the day, or what an hour of work gives.
func (b *Budget) rate() float64 {
	return 2 * max(normalRate, float64(b.most())/24) / 3600
}

// within tells whether now lies in the hours.
func within(h keystore.Hours, now time.Time) bool {
	hour, minute, _ := now.Local().Clock()
	m := hour*60 + minute
	if h.From <= h.Until {
		return h.From <= m && m < h.Until
	}
	return m >= h.From || m < h.Until
}

// opens is when the hours next begin.
func opens(h keystore.Hours, now time.Time) time.Time {
	y, m, d := now.Local().Date()
	at := time.Date(y, m, d, h.From/60, h.From%60, 0, 0, now.Local().Location())
	if !at.After(now) {
		at = time.Date(y, m, d+1, h.From/60, h.From%60, 0, 0, now.Local().Location())
	}
	return at
}

func clockTime(t time.Time) string { return t.Local().Format("15:04") }

func megabytes(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) }
