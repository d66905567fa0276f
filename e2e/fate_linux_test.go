package e2e

import (
	"context"
	"image"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// markLimit is how long recording may go on without its mark.
const markLimit = 2 * time.Second

// fate makes the transitions and keeps account of what each of them forbids. It knows nothing from the agent but that it answered.
type fate struct {
	ctx           context.Context
	t             *testing.T
	s             *stage.Stage
	rnd           *rand.Rand
	hand          *busyHand
	x             *xgb.Conn
	agent         *desktop.Process
	editor, other desktop.Window

	bans   bans
	cards  dealer
	only   func(*fate) func()
	deck   []func()
	count  map[string]int
	paused bool
	ends   time.Time // of the consent; zero if there is none
	due    int       // transitions until the person agrees again

	seen     map[string]bool
	recorded map[any]int       // by place, or by word
	when     map[any]time.Time // the last of each began, as its box tells
}

func newFate(ctx context.Context, t *testing.T, s *stage.Stage, l life) *fate {
	t.Helper()
	f := &fate{ctx: ctx, t: t, s: s, cards: l.cards, only: l.only, count: map[string]int{}, seen: map[string]bool{}, recorded: map[any]int{}, when: map[any]time.Time{}}
	f.rnd = rand.New(rand.NewPCG(l.cards.seed, 1<<32+uint64(l.cards.hand)))
	f.bans.open = map[string]time.Time{noConsentYet: {}}
	f.editor = f.start("editor", "/usr/bin/mousepad")
	f.other = f.start("other", "/usr/bin/xterm", "-geometry", "90x30+1250+500", "-e", "sleep 86400")
	check(t, s.Desk.Place(ctx, f.editor.ID, image.Rect(60, 120, 1160, 1000)))
	hand, err := s.Desk.Hand()
	check(t, err)
	f.hand = &busyHand{Hand: hand}
	t.Cleanup(hand.Close)
	f.x, err = xgb.NewConnDisplay(s.Desk.Display())
	check(t, err)
	t.Cleanup(f.x.Close)
	f.focus(f.editor)
	f.run()
	t.Cleanup(func() {
		if t.Failed() { // the folder goes with the desktop
			log, err := os.ReadFile(f.agent.Log)
			t.Logf("the agent runs: %v; the end of its log (%v):\n%s", f.agent.Running(), err, log[max(0, len(log)-8000):])
		}
		check(t, f.agent.Stop())
	})
	return f
}

func (f *fate) start(name, program string, args ...string) desktop.Window {
	f.t.Helper()
	p, err := f.s.Desk.Start(name, program, args...)
	check(f.t, err)
	w, err := f.s.Desk.WaitWindow(f.ctx, name, desktop.OfProcess(p.Pid))
	check(f.t, err)
	return w
}

// rest lets time pass, in which the hand acts.
func (f *fate) rest(d time.Duration) {
	select {
	case <-time.After(d):
	case <-f.ctx.Done():
	}
}

// upTo is a random time, more often short than long.
func (f *fate) upTo(most time.Duration) time.Duration {
	u := f.rnd.Float64()
	return 50*time.Millisecond + time.Duration(u*u*float64(most-50*time.Millisecond))
}

// step makes the next transition. A consent that ended is given again some transitions later, and
// whoever went elsewhere comes back soon.
func (f *fate) step() {
	f.t.Helper()
	if f.hand.elsewhere && f.rnd.IntN(2) == 0 {
		f.toggleFocus()
		f.rest(f.upTo(1500 * time.Millisecond))
		return
	}
	if !time.Now().Before(f.ends) {
		if f.due--; f.due <= 0 {
			f.give("all", 24*time.Hour)
			f.rest(f.upTo(3 * time.Second))
			return
		}
	}
	if len(f.deck) == 0 {
		f.deck = f.cards.deal(f.kinds())
	}
	do := f.deck[0]
	f.deck = f.deck[1:]
	do()
	f.rest(f.upTo(1500 * time.Millisecond))
}

// kinds is a deck of a hundred transitions that holds each kind; of the one that is tried alone, each has time to show.
func (f *fate) kinds() []func() {
	if f.only != nil {
		do := f.only(f)
		return []func(){func() { do(); f.rest(markLimit + 2*time.Second) }}
	}
	return slices.Concat(slices.Repeat([]func(){f.togglePause}, 72), slices.Repeat([]func(){f.toggleFocus}, 8),
		slices.Repeat([]func(){f.kill, f.withdraw, f.giveUntilHour, f.giveShort}, 3), []func(){f.destroyMark})
}

func (f *fate) togglePause() {
	if f.paused {
		f.resume()
	} else {
		f.pause()
	}
}

func (f *fate) pause() {
	f.t.Helper()
	check(f.t, f.s.Ask(f.ctx, "pause", `{"until":"0001-01-01T00:00:00Z"}`, nil)) // as `byleave pause`, whose process ends some time after the answer
	f.bans.begin(paused, time.Now())
	f.paused = true
	f.count["pause"]++
}

func (f *fate) resume() {
	f.t.Helper()
	f.bans.end(time.Now(), paused)
	_, err := f.s.Byleave(f.ctx, "resume")
	check(f.t, err)
	f.paused = false
	f.count["resume"]++
}

// withdraw opens what is in the spool first: what is held is destroyed.
func (f *fate) withdraw() {
	f.t.Helper()
	f.gather()
	_, err := f.s.Byleave(f.ctx, "consent", "withdraw")
	check(f.t, err)
	f.bans.begin(withdrawn, time.Now())
	f.ends, f.due = time.Time{}, 2+f.rnd.IntN(3)
	f.count["withdraw"]++
}

// give agrees at a terminal. Whatever forbade for want of a consent ends just before.
func (f *fate) give(hours string, expires time.Duration) {
	f.t.Helper()
	f.bans.end(time.Now(), noConsentYet, withdrawn, expired, outOfHours)
	_, err := f.s.AtTerminal(f.ctx, "yes\n", "consent", "give", "--grant", stage.App+"=pointer,hotkeys,text,frames,elements",
		"--hours", hours, "--expires", expires.String())
	check(f.t, err)
	f.ends, f.due = time.Now().Add(expires), 2+f.rnd.IntN(3)
	f.bans.begin(expired, f.ends)
	f.count["give"]++
}

// giveShort agrees for two seconds.
func (f *fate) giveShort() { f.give("all", 2*time.Second) }

// giveUntilHour agrees in hours that end in a few seconds, and may end before the agent hears of them.
func (f *fate) giveUntilHour() {
	end := time.Now().UTC().Add(3 * time.Second).Truncate(time.Second)
	begin := end.Add(-5 * time.Second)
	if begin.Day() != end.Day() || end.Hour()+end.Minute()+end.Second() == 0 {
		f.giveShort() // hours lie within a day
		return
	}
	f.give(begin.Format(time.TimeOnly)+"-"+end.Format(time.TimeOnly), 24*time.Hour)
	f.ends = end
	if now := time.Now(); end.Before(now) {
		end = now
	}
	f.bans.begin(outOfHours, end)
	f.rest(time.Until(end) + 500*time.Millisecond) // the next transition could take these hours away before they end
}

func (f *fate) toggleFocus() {
	if f.hand.elsewhere {
		f.focus(f.editor)
	} else {
		f.focus(f.other)
	}
	f.count["focus"]++
}

// focus goes to another program, and the hand with it, into the middle of its window: no menu, no edge.
func (f *fate) focus(w desktop.Window) {
	f.t.Helper()
	f.hand.mu.Lock()
	defer f.hand.mu.Unlock()
	check(f.t, f.s.Desk.Focus(f.ctx, w.ID))
	box, err := f.s.Desk.Geometry(w.ID)
	check(f.t, err)
	f.hand.area, f.hand.elsewhere = image.Rect(box.Min.X+20, box.Min.Y+80, box.Max.X-40, box.Max.Y-60), w == f.other
}

// kill ends the agent as a crash would, and starts it again.
func (f *fate) kill() {
	f.t.Helper()
	check(f.t, f.agent.Kill())
	f.bans.begin(noAgent, time.Now())
	f.gather()
	f.bans.end(time.Now(), noAgent)
	f.run()
	f.count["kill"]++
}

// stop ends the agent as a logout would, which loses nothing that it took in, and starts it again.
func (f *fate) stop() {
	f.t.Helper()
	check(f.t, f.agent.Stop())
	f.bans.begin(noAgent, time.Now())
	f.gather()
	f.bans.end(time.Now(), noAgent)
	f.run()
	f.count["stop"]++
}

// run starts the agent and waits until it answers.
func (f *fate) run() {
	f.t.Helper()
	var err error
	f.agent, err = f.s.RunAgent()
	check(f.t, err)
	check(f.t, f.s.Until(f.ctx, "the agent to answer", func(stage.Status) bool { return true }))
}

// destroyMark is another client that destroys the mark each time it comes back, until the agent leaves it away for longer than recording
// may go on without. An agent that is started again shows it at once.
func (f *fate) destroyMark() {
	f.t.Helper()
	f.permit()
	for range 3 {
		f.loseMark()
	}
	f.stop() // a crash would take what came out wrongly with it
}

// loseMark destroys the mark once, and sees whether it stays away for longer than recording may go on without.
func (f *fate) loseMark() {
	f.t.Helper()
	check(f.t, desktop.Until(f.ctx, "the mark", func() bool { return len(f.marks()) > 0 }))
	for _, w := range f.marks() {
		check(f.t, xproto.DestroyWindowChecked(f.x, w).Check())
	}
	gone := time.Now()
	last := gone // when it surely was still away
	for now := gone; now.Before(gone.Add(markLimit+time.Second)) && len(f.marks()) == 0; now = time.Now() {
		last = now
		f.rest(10 * time.Millisecond)
	}
	f.bans.begin(noMark, gone.Add(markLimit))
	f.bans.end(last, noMark)
	f.count["mark destroyed"]++
}

// permit does what is missing for recording.
func (f *fate) permit() {
	f.t.Helper()
	if f.hand.elsewhere {
		f.toggleFocus()
	}
	f.give("all", 24*time.Hour)
	if f.paused {
		f.resume()
	}
	check(f.t, f.s.Until(f.ctx, "recording", recording))
	f.rest(time.Second)
}

// marks are the windows of the mark, as the X server tells.
func (f *fate) marks() (all []xproto.Window) {
	f.t.Helper()
	tree, err := xproto.QueryTree(f.x, xproto.Setup(f.x).DefaultScreen(f.x).Root).Reply()
	check(f.t, err)
	for _, w := range tree.Children {
		class, err := xproto.GetProperty(f.x, false, w, xproto.AtomWmClass, xproto.AtomString, 0, 64).Reply()
		if err == nil && strings.Contains(string(class.Value), "byleave-indicator") {
			all = append(all, w)
		}
	}
	return all
}

// gather opens the boxes that are new in the spool and notes which acts they hold.
func (f *fate) gather() {
	f.t.Helper()
	boxes, err := f.s.NewBoxes(f.seen)
	check(f.t, err)
	for _, b := range boxes {
		for _, e := range b.Payload.GetEvents() {
			a, began := e.GetAction(), time.UnixMilli(b.Payload.GetStartedAt()+e.GetAtMs())
			corner := image.Pt(int(a.GetWindow().GetCanvas().GetX()), int(a.GetWindow().GetCanvas().GetY()))
			if at := a.GetAt(); at != nil {
				id := corner.Add(image.Pt(int(at.GetX()), int(at.GetY())))
				f.recorded[id]++
				f.when[id] = began
			}
			if to := a.GetTo(); to != nil {
				f.recorded[corner.Add(image.Pt(int(to.GetX()), int(to.GetY())))]++
			}
			for word := range strings.FieldsSeq(a.GetText().GetNet()) {
				f.recorded[word]++
				f.when[word] = began
			}
		}
	}
}

// judge compares what came out with what was done.
func (f *fate) judge() verdict {
	f.t.Helper()
	v := verdict{transitions: f.count, acts: len(f.hand.acts), boxes: len(f.seen), reasons: map[string]int{}, leakedFor: map[string]int{}}
	for _, a := range f.hand.acts {
		whys, out := f.bans.forbids(a), f.recorded[a.id()]
		delete(f.recorded, a.id())
		for _, why := range whys {
			v.reasons[why]++
			if out > 0 {
				v.leakedFor[why]++
			}
		}
		switch {
		case len(whys) > 0:
			v.forbidden++
			if out > 0 {
				v.leaked++
				f.t.Logf("%v, from %v to %v while %v, is in a box", a.id(), a.from, a.until, whys)
			}
		case out > 1:
			f.t.Errorf("%v is in boxes %d times", a.id(), out)
		case out == 0:
			v.kept++
		case a.word != "":
			v.words++
		default:
			v.clicks++
		}
	}
	for id := range f.recorded {
		f.t.Errorf("%v is in a box of %v, and no hand did it; near it were %v", id, f.when[id], f.hand.near(f.when[id]))
	}
	return v
}
