package redact

import (
	"context"
	"image"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// reader reads one line of text: grey, text upright, dark or light on a ground of one shade. Sure is how sure it is of all of the
// line, from 0 to 1. An error means that it could not read, and the line stays masked.
type reader interface {
	Read(ctx context.Context, line *image.Gray) (text string, sure float64, err error)
}

// revealVersion names the rules by which lines are shown again.
const revealVersion = "clean-1"

// reach is which lines may be shown again.
type reach uint8

const (
	reachNone   reach = iota
	reachLabels       // lines of words that every program has
	reachLines        // all lines that are proven clean
)

// Limits of reading.
const (
	leastSure    = 0.80
	mostReadings = 4096
	readShare    = 0.15            // of the time that passes may be spent on reading
	mostSaved    = 4 * time.Second // of it that were not spent can be saved
)

// reveal shows lines again that are proven clean. It reads under the mask, for as long as its caller waits and its budget lasts; what
// was not read stays masked. It reuses its memory: one goroutine at a time.
type reveal struct {
	reader   reader
	layout   layout
	readings map[uint64]reading // by a keyed hash of what a line looks like
	budget   budget
	shown    []stroke
	rows     rows
}

// reading is what a line was read as.
type reading struct {
	text string
	sure float64
}

// stroke is a part of a line that is shown again.
type stroke struct {
	*textLine
	image.Rectangle // in pixels of the picture
}

// lines gives what of the shot may be shown again, and whether all lines were read that could be. What it gives is valid until the next call.
func (v *reveal) lines(ctx context.Context, r *Redactor, s *raw.Shot, upTo reach) (shown []stroke, all bool) {
	v.shown = v.shown[:0]
	if v.reader == nil || upTo == reachNone || Disconnected {
		return nil, true
	}
	lines := v.layout.find(&r.masker, s)
	all = v.read(ctx, lines)
	v.rows.of(lines)
	for i := range lines {
		if lines[i].read && lines[i].sure >= leastSure {
			v.judge(r, lines, i, upTo)
		}
	}
	return v.shown, all
}

// read reads the lines that were not read before, from the top.
func (v *reveal) read(ctx context.Context, lines []textLine) (all bool) {
	all = true
	for i := range lines {
		t := &lines[i]
		got, ok := v.readings[t.key]
		if !ok && all {
			if all = ctx.Err() == nil && v.budget.left(time.Now()); !all {
				continue
			}
			began := time.Now()
			text, sure, err := v.reader.Read(ctx, t.gray())
			v.budget.spend(began, time.Now())
			if all = err == nil; !all {
				continue
			}
			got, ok = reading{plain(text), sure}, true
			v.keep(t.key, got)
		}
		if ok {
			t.text, t.sure, t.read = got.text, got.sure, true
		}
	}
	return all
}

// keep remembers a reading, and forgets any other if there are too many.
func (v *reveal) keep(key uint64, got reading) {
	if v.readings == nil {
		v.readings = map[uint64]reading{}
	}
	for k := range v.readings {
		if len(v.readings) < mostReadings {
			break
		}
		delete(v.readings, k)
	}
	v.readings[key] = got
}

// forget forgets everything that was read.
func (v *reveal) forget() {
	v.layout.forget()
	clear(v.readings)
	v.rows.forget()
}

// budget bounds how much of the time is spent on reading. Without a limit it is never spent.
type budget struct {
	limited bool
	saved   time.Duration
	at      time.Time
}

func (b *budget) left(now time.Time) bool {
	if !b.limited {
		return true
	}
	if b.at.IsZero() {
		b.saved = mostSaved
	} else {
		b.saved = min(mostSaved, b.saved+time.Duration(float64(now.Sub(b.at))*readShare))
	}
	b.at = now
	return b.saved > 0
}

func (b *budget) spend(from, to time.Time) { b.saved -= to.Sub(from) }
