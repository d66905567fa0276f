package main

import (
	"fmt"
	"image"
	"slices"
	"time"

	"github.com/byleave/byleave/bench/redaction/page"
	"github.com/byleave/byleave/bench/report"
)

// counts is what was measured of a page, or of several together. It holds no text.
type counts struct {
	Pages, Closely, Late, Partial int
	Panels, Missed                int // panels
	AnchorPanels, AnchorMissed    int
	Read                          map[string]*tally
	Either, Strokes               tally
	Harmless, Interface           ratio // in time
	HarmlessEver, InterfaceEver   int   // however long it took
	MaskCPU, ReadCPU, AnchorCPU   time.Duration
	Took                          []time.Duration // from the start of the command to the picture with lines shown
	Load                          float64         // of the machine then, added up
}

// tally counts sensitive words: all of them, those that are still there, and of these those that were read on a whole page alone; on pages that
// are looked at more closely those that a reader reads in the page as it was, and those that the anchor leaves.
type tally struct{ All, Left, Elsewhere, Closely, Control, Anchor, AnchorLeft int }

type ratio struct{ Yes, All int }

func (t *tally) count(left, elsewhere bool) {
	t.All, t.Left, t.Elsewhere = t.All+1, t.Left+one(left), t.Elsewhere+one(elsewhere)
}

func (t *tally) countClosely(control, anchorLeft, anchor bool) {
	t.Closely, t.Control, t.Anchor, t.AnchorLeft = t.Closely+1, t.Control+one(control), t.Anchor+one(anchor), t.AnchorLeft+one(anchorLeft)
}

func (t *tally) add(o tally) {
	t.All, t.Left, t.Elsewhere, t.Closely = t.All+o.All, t.Left+o.Left, t.Elsewhere+o.Elsewhere, t.Closely+o.Closely
	t.Control, t.Anchor, t.AnchorLeft = t.Control+o.Control, t.Anchor+o.Anchor, t.AnchorLeft+o.AnchorLeft
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// add takes in what was measured of other pages.
func (c *counts) add(o counts) {
	c.Pages, c.Closely, c.Late, c.Partial = c.Pages+o.Pages, c.Closely+o.Closely, c.Late+o.Late, c.Partial+o.Partial
	c.Panels, c.Missed, c.AnchorPanels, c.AnchorMissed = c.Panels+o.Panels, c.Missed+o.Missed, c.AnchorPanels+o.AnchorPanels, c.AnchorMissed+o.AnchorMissed
	if c.Read == nil {
		c.Read = map[string]*tally{}
	}
	for name, t := range o.Read {
		if c.Read[name] == nil {
			c.Read[name] = &tally{}
		}
		c.Read[name].add(*t)
	}
	c.Either.add(o.Either)
	c.Strokes.add(o.Strokes)
	c.Harmless, c.HarmlessEver = ratio{c.Harmless.Yes + o.Harmless.Yes, c.Harmless.All + o.Harmless.All}, c.HarmlessEver+o.HarmlessEver
	c.Interface, c.InterfaceEver = ratio{c.Interface.Yes + o.Interface.Yes, c.Interface.All + o.Interface.All}, c.InterfaceEver+o.InterfaceEver
	c.MaskCPU, c.ReadCPU, c.AnchorCPU = c.MaskCPU+o.MaskCPU, c.ReadCPU+o.ReadCPU, c.AnchorCPU+o.AnchorCPU
	c.Took, c.Load = append(c.Took, o.Took...), c.Load+o.Load
}

// kept counts which words that may be shown are drawn again, and sensitive ones that are.
func (c *counts) kept(s page.Shot, shown, timely image.Image, tell func(page.Shot, page.Word, string)) {
	for _, w := range s.Words {
		left := drawn(s.Image, shown, w.Box)
		inTime := left && (shown == timely || drawn(s.Image, timely, w.Box))
		switch w.Kind {
		case page.Harmless:
			c.Harmless, c.HarmlessEver = ratio{c.Harmless.Yes + one(inTime), c.Harmless.All + 1}, c.HarmlessEver+one(left)
		case page.Interface:
			c.Interface, c.InterfaceEver = ratio{c.Interface.Yes + one(inTime), c.Interface.All + 1}, c.InterfaceEver+one(left)
		default:
			c.Strokes.count(left, false)
			if left {
				tell(s, w, "is drawn")
			}
		}
	}
}

// panels counts panels that the mask misses: over half of their words are still drawn where nothing should be. Seen is what the anchor found,
// if it was asked.
func (c *counts) panels(s page.Shot, masked image.Image, seen []image.Rectangle) {
	words, left, found := map[int]int{}, map[int]int{}, map[int]int{}
	for _, w := range s.Words {
		words[w.Panel]++
		if drawn(s.Image, masked, w.Box) {
			left[w.Panel]++
		}
		for _, b := range seen {
			if in := b.Intersect(w.Box); 2*in.Dx() > w.Box.Dx() {
				found[w.Panel]++
				break
			}
		}
	}
	for n, all := range words {
		c.Panels++
		c.Missed += one(2*left[n] > all)
		c.AnchorPanels += c.Closely
		c.AnchorMissed += c.Closely * one(2*found[n] < all)
	}
}

// rows writes what was measured into the table.
func (c *counts) rows(t *table, readers []string) {
	t.names = append(t.names, engine{name: anchorName})
	cover := func(what string, k *tally) {
		r := t.row("pixels, sensitive words covered after reveal, "+what, "of 1", .999, report.Higher)
		r.set("byleave", k.All-k.Left, k.All)
		r.set(anchorName, k.Anchor-k.AnchorLeft, k.Anchor)
	}
	for _, name := range readers {
		k := c.Read[name]
		if k == nil {
			continue
		}
		t.row("pixels, control: sensitive words that "+name+" reads unmasked, on every seventh page", "of 1", 0, report.HigherNoGoal).set("byleave", k.Control, k.Closely)
		cover("read back by "+name, k)
	}
	cover("read back by any of them", &c.Either)
	elsewhere := 0
	for _, k := range c.Read {
		elsewhere += k.Elsewhere
	}
	t.row(fmt.Sprintf("pixels, control: words read on all of every seventh page, and not at their place, of %d", c.Either.Closely), "words", 0, report.LowerNoGoal).value("byleave", float64(elsewhere))
	t.row("pixels, sensitive words of which no drawing is left", "of 1", .999, report.Higher).set("byleave", c.Strokes.All-c.Strokes.Left, c.Strokes.All)
	missed := t.row(fmt.Sprintf("pixels, panels missed of %d (by others of %d)", c.Panels, c.AnchorPanels), "panels", 0, report.Lower)
	missed.value("byleave", float64(c.Missed))
	if c.AnchorPanels > 0 {
		missed.value(anchorName, float64(c.AnchorMissed))
	}
	t.row("pixels, harmless words revealed within 5 s", "of 1", .60, report.Higher).set("byleave", c.Harmless.Yes, c.Harmless.All)
	t.row("pixels, harmless words revealed, however long it took", "of 1", .60, report.Higher).set("byleave", c.HarmlessEver, c.Harmless.All)
	t.row("pixels, interface words revealed within 5 s", "of 1", .90, report.Higher).set("byleave", c.Interface.Yes, c.Interface.All)
	t.row("pixels, interface words revealed, however long it took", "of 1", .90, report.Higher).set("byleave", c.InterfaceEver, c.Interface.All)
	late := t.row(fmt.Sprintf("pixels, pages not read to the end in 5 s, of %d", c.Pages), "pages", 0, report.Lower)
	late.value("byleave", float64(c.Late))
	t.row("pixels, pages not read to the end, however long it took", "pages", 0, report.Lower).value("byleave", float64(c.Partial))
	slices.Sort(c.Took)
	if n := len(c.Took); n > 0 {
		t.row("pixels, from the start of the command to the picture with lines shown, p95", "s", 5, report.Lower).value("byleave", c.Took[n*95/100].Seconds())
		t.row("pixels, programs that ran or waited for a processor meanwhile, mean", "", 0, report.LowerNoGoal).value("byleave", c.Load/float64(n))
	}
	per := func(d time.Duration, pages int) float64 { return d.Seconds() * 1000 / float64(max(pages, 1)) }
	t.row("pixels, processor time of masking a page (the whole command)", "ms", 0, report.LowerNoGoal).value("byleave", per(c.MaskCPU, c.Pages))
	read := t.row("pixels, processor time of reading and revealing a page", "ms", 0, report.LowerNoGoal)
	read.value("byleave", per(c.ReadCPU, c.Pages))
	read.value(anchorName, per(c.AnchorCPU, c.Closely))
}
