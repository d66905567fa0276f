package e2e

import (
	"context"
	"image"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
)

// act is one thing that the hand did: a click at a place, or a word, that no other act has. It was injected between from and until.
type act struct {
	at          image.Point
	word        string
	elsewhere   bool // into the program that was not agreed
	from, until time.Time
}

// id is what tells the act in a box.
func (a act) id() any {
	if a.word != "" {
		return a.word
	}
	return a.at
}

// busyHand acts where it is told to, about 20 times a second.
type busyHand struct {
	*desktop.Hand
	mu        sync.Mutex // held for an act, and while the focus moves: no act falls between two programs
	area      image.Rectangle
	elsewhere bool
	acts      []act
}

func (h *busyHand) work(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		if err := h.act(ctx, n); err != nil && ctx.Err() == nil {
			return err
		}
		<-tick.C
	}
	return nil
}

// act clicks, or types a word at every sixteenth time, and notes when.
func (h *busyHand) act(ctx context.Context, n int) (err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a := act{elsewhere: h.elsewhere}
	if n%16 == 15 {
		a.word = wordOf(n)
		a.from = time.Now()
		err = h.Type(ctx, a.word+"\n", 2*time.Millisecond)
	} else {
		a.at = placeOf(n, h.area)
		a.from = time.Now()
		err = h.Click(a.at.X, a.at.Y)
	}
	a.until = time.Now()
	h.acts = append(h.acts, a)
	return err
}

// near are the words that were typed within two seconds of a moment.
func (h *busyHand) near(at time.Time) (words []act) {
	for _, a := range h.acts {
		if a.word != "" && a.from.Before(at.Add(2*time.Second)) && a.until.After(at.Add(-2*time.Second)) {
			words = append(words, a)
		}
	}
	return words
}

// placeOf is a place in area that no other number has, far from that of the number before: the step is a prime above any area.
func placeOf(n int, area image.Rectangle) image.Point {
	if n >= area.Dx()*area.Dy() {
		panic("e2e: more acts than places")
	}
	i := n * 1_000_003 % (area.Dx() * area.Dy())
	return area.Min.Add(image.Pt(i%area.Dx(), i/area.Dx()))
}

// wordOf is a word of three syllables that no other number has.
func wordOf(n int) string {
	const consonants, vowels = "bdfgklmnprstvz", "aeiou"
	word := ""
	for range 3 {
		word += string(consonants[n%len(consonants)]) + string(vowels[n/len(consonants)%len(vowels)])
		n /= len(consonants) * len(vowels)
	}
	return word
}

// ban is time in which nothing might be recorded, and why.
type ban struct {
	why         string
	from, until time.Time
}

// The reasons for which nothing may be recorded.
const (
	noConsentYet = "no consent yet"
	paused       = "paused"
	withdrawn    = "withdrawn"
	expired      = "expired"
	outOfHours   = "out of hours"
	noMark       = "no mark"
	noAgent      = "no agent"
	notAgreed    = "not agreed"
)

// bans are those that ended, and those that hold, by their reason.
type bans struct {
	past []ban
	open map[string]time.Time
}

// begin says from when on nothing may be recorded, which may lie ahead. Of two that hold for one reason the earlier counts.
func (b *bans) begin(why string, from time.Time) {
	if at, holds := b.open[why]; !holds || from.Before(at) {
		b.open[why] = from
	}
}

// end ends bans just before what permits is done, all if none is named.
func (b *bans) end(now time.Time, whys ...string) {
	if len(whys) == 0 {
		whys = slices.Collect(maps.Keys(b.open))
	}
	for _, why := range whys {
		if from, holds := b.open[why]; holds && from.Before(now) {
			b.past = append(b.past, ban{why, from, now})
		}
		delete(b.open, why)
	}
}

// forbids gives every reason for which the whole of an act was forbidden.
func (b *bans) forbids(a act) (whys []string) {
	if a.elsewhere {
		whys = append(whys, notAgreed)
	}
	for _, one := range b.past {
		if !a.from.Before(one.from) && !a.until.After(one.until) {
			whys = append(whys, one.why)
		}
	}
	return whys
}

// verdict is what came out, compared with what was done.
type verdict struct {
	transitions        map[string]int
	acts, boxes        int
	clicks, words      int            // recorded, and allowed
	kept               int            // permitted or at an edge, and in no box
	forbidden, leaked  int            // acts that were forbidden, and those of them that are in a box all the same
	reasons, leakedFor map[string]int // the same, by every reason
}

func (v *verdict) add(w verdict) {
	v.acts, v.boxes, v.clicks, v.words = v.acts+w.acts, v.boxes+w.boxes, v.clicks+w.clicks, v.words+w.words
	v.kept, v.forbidden, v.leaked = v.kept+w.kept, v.forbidden+w.forbidden, v.leaked+w.leaked
	v.transitions, v.reasons, v.leakedFor = plus(v.transitions, w.transitions), plus(v.reasons, w.reasons), plus(v.leakedFor, w.leakedFor)
}

func (v *verdict) log(t *testing.T) {
	t.Helper()
	t.Logf("%d transitions: %v", sum(v.transitions), v.transitions)
	t.Logf("%d acts; recorded in %d boxes: %d clicks, %d words; permitted or at an edge and in no box: %d; forbidden: %d %v, of which %d came out %v",
		v.acts, v.boxes, v.clicks, v.words, v.kept, v.forbidden, v.reasons, v.leaked, v.leakedFor)
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

func plus(a, b map[string]int) map[string]int {
	both := map[string]int{}
	for _, m := range []map[string]int{a, b} {
		for k, n := range m {
			both[k] += n
		}
	}
	return both
}

// dealer deals decks of transitions among the desktops of one test. One seed gives one order.
type dealer struct {
	seed        uint64
	hands, hand int // how many desktops there are, and which one this is
	decks       int // that were dealt
}

func (d *dealer) deal(deck []func()) (mine []func()) {
	rnd := rand.New(rand.NewPCG(d.seed, uint64(d.decks)))
	d.decks++
	rnd.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	for i := d.hand; i < len(deck); i += d.hands {
		mine = append(mine, deck[i])
	}
	return mine
}
