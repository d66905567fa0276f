package redact

import (
	"runtime"
	"sync"
	"time"
)

// How lines are asked about.
const (
	mostHands = 2                      // lines that are read at once
	perHand   = 24                     // lines for which one hand more is worth its start
	leastLeft = 100 * time.Millisecond // of the time there is: a reader that is left in the middle of a line has to be started again
	shortLine = 16                     // times as wide as it is high
)

// asking is one picture's lines on their way to the reader. Several goroutines take from it; mu guards what it holds, and the readings
// and the budget of the reveal.
type asking struct {
	*reveal
	mu   sync.Mutex
	left []*textLine // not asked about yet
	over bool        // no more is asked: the time, the budget or the reader has come to an end
}

// read has the lines read that were not read before, and tells whether that was done for all.
func (v *reveal) read(lines []textLine) (all bool) {
	a := &asking{reveal: v, left: v.unread(lines)}
	var others sync.WaitGroup
	for range min(mostHands, runtime.NumCPU(), 1+len(a.left)/perHand) - 1 {
		others.Go(a.work)
	}
	a.work()
	others.Wait()
	for i := range lines {
		t := &lines[i]
		if t.shades == nil {
			continue
		}
		var got reading
		got, t.read = v.readings[t.key]
		t.text, t.sure = got.text, got.sure
	}
	return !a.over
}

// unread are the lines that were not read before. Short ones go first, for what programs say of themselves is short; else the order is
// that of the page.
func (v *reveal) unread(lines []textLine) []*textLine {
	var short, long []*textLine
	for i := range lines {
		t := &lines[i]
		if _, known := v.readings[t.key]; known || t.shades == nil {
			continue
		}
		if t.box.Dx() <= shortLine*t.box.Dy() {
			short = append(short, t)
		} else {
			long = append(long, t)
		}
	}
	return append(short, long...)
}

// work reads lines until there are none or no more may be read. Whatever goes wrong ends the reading: what was not read stays masked.
func (a *asking) work() {
	defer func() {
		if recover() != nil {
			a.end()
		}
	}()
	for t := a.next(); t != nil; t = a.next() {
		began := time.Now()
		text, sure, err := a.reader.Read(a.ctx, t.gray())
		a.answered(t, time.Since(began), reading{plain(text), sure}, err)
	}
}

// next is the line that is to be read now, nil if there is none.
func (a *asking) next() *textLine {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.left) > 0 && !a.over {
		t := a.left[0]
		if _, known := a.readings[t.key]; known { // it stands twice on the page
			a.left = a.left[1:]
			continue
		}
		now := time.Now()
		end, limited := a.ctx.Deadline()
		if a.ctx.Err() != nil || limited && end.Sub(now) < leastLeft || a.hurry != nil && a.hurry() || !a.budget.left(now) {
			a.over = true
			break
		}
		a.left = a.left[1:]
		return t
	}
	return nil
}

func (a *asking) answered(t *textLine, took time.Duration, got reading, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.budget.spend(took)
	if err != nil {
		a.over = true
		return
	}
	a.remember(t.key, got)
}

func (a *asking) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
}
