package agent

import (
	"context"
	"image"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
)

// load is what a scripted person does for a while at the editor, which fills most of the screen.
type load struct {
	name   string
	typing bool          // 5 keys a second, in words, in bursts of 20 s with 10 s between them
	click  time.Duration // between two clicks; 0: none
	scroll time.Duration // between two turns of the wheel; 0: none
	video  bool          // a part of the editor's window changes 24 times a second
}

// loads are the loads of the table. The last is the one that the budgets name: at least 900 actions an hour.
var loads = []load{
	{name: "idle"},
	{name: "typing", typing: true},
	{name: "clicking", click: 4 * time.Second},
	{name: "scrolling", scroll: 2 * time.Second},
	{name: "video", video: true, click: 4 * time.Second},
	{name: "working", typing: true, click: 4 * time.Second, scroll: 10 * time.Second},
}

// someLoads are all of them for the record, or those that BYLEAVE_LOADS names, and the two ends in `make test`.
func someLoads() []load {
	if names := os.Getenv("BYLEAVE_LOADS"); names != "" {
		return slices.DeleteFunc(slices.Clone(loads), func(l load) bool { return !slices.Contains(strings.Split(names, ","), l.name) })
	}
	if os.Getenv("BYLEAVE_BENCH") != "" {
		return loads
	}
	return []load{loads[0], loads[len(loads)-1]}
}

// beat is the shortest time between two things that the person does.
const beat = 200 * time.Millisecond

const words = "the quick brown fox jumps over a lazy dog and the customer asks for twelve more of them before the end of this week "

// person plays loads.
type person struct {
	hand    *desktop.Hand
	display string
	area    image.Rectangle // of the editor
	at      int             // the next letter of words
}

// play does what the load says for as long as d, and counts what was done: a burst of typing between two other things is one.
func (p *person) play(ctx context.Context, t *testing.T, l load, d time.Duration) (acts int) {
	t.Helper()
	tick := time.NewTicker(beat)
	defer tick.Stop()
	typed := false
	for n := range int(d / beat) {
		at := time.Duration(n) * beat
		x, y := p.area.Min.X+200+n*37%600, p.area.Min.Y+150+n*53%500
		typing := l.typing && at%(30*time.Second) < 20*time.Second
		switch {
		case l.click > 0 && at%l.click == 0:
			check(t, p.hand.Click(x, y))
			acts, typed = acts+1, false
		case l.scroll > 0 && at%l.scroll == l.scroll/2:
			check(t, p.hand.Scroll(x, y, 3-back(n)))
			acts, typed = acts+1, false
		case typing:
			check(t, p.hand.Type(ctx, words[p.at%len(words):][:1], time.Millisecond))
			p.at++
			if !typed {
				acts, typed = acts+1, true
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		}
	}
	return acts
}

// back turns every other scroll back.
func back(n int) int { return n / 10 % 2 * 6 }
