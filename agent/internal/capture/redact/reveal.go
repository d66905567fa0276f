package redact

import (
	"context"
	"hash/maphash"
	"image"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
)

// reader reads one line of text: grey, text upright, dark or light on a ground of one shade. Sure is how sure it is of all of the
// line, from 0 to 1. An error means that it could not read, and the line stays masked. Two goroutines may ask at once.
type reader interface {
	Read(ctx context.Context, line *image.Gray) (text string, sure float64, err error)
}

// revealVersion names the rules by which lines are shown again.
const revealVersion = "clean-3"

// reach is which lines may be shown again.
type reach uint8

const (
	reachNone   reach = iota
	reachLabels       // lines of words that every program has
	reachLines        // all lines that are proven clean
)

// Limits of reading.
const (
	leastSure    = 0.80 // below that a line stays masked
	leastGuess   = 0.40 // below that nobody knows what it says: it may be the label of another
	mostReadings = 4096
	readShare    = 0.15            // of the time that passes may be spent on reading
	mostSaved    = 4 * time.Second // of it that were not spent can be saved
)

// reveal shows lines again that are proven clean. It reads under the mask, for as long as its caller waits and its budget lasts; what
// was not read stays masked. It reuses its memory: one goroutine at a time, which waits for those that read for it (ask.go).
type reveal struct {
	reader   reader
	ctx      context.Context // of the call: until when lines are read
	hurry    func() bool     // tells that nothing more may be read for now; nil: never
	layout   layout
	readings map[uint64]reading // by a keyed hash of what a line looks like
	budget   budget
	rows     rows
	typed    []digest // values in what is being typed
	typing   bool     // what was typed may be shown
	witness  witness
	shown    revealed
}

// reading is what a line was read as.
type reading struct {
	text string
	sure float64
}

// reach is how far the permit of a step lets lines of its picture be shown again. What stands there may have been typed: without
// leave for typed text only what the application calls its own is shown, and nothing if it says nothing.
func (r *Redactor) reach(s *raw.Step, shot *raw.Shot) reach {
	p := s.Permit
	v := &r.reveal
	v.typing = p.Allows(policy.Text)
	switch {
	case v.reader == nil || !p.Allows(policy.Frames) || !v.typing && shot.Said == nil:
		return reachNone
	case p.Allows(policy.Lines):
		return reachLines
	case p.Allows(policy.Labels):
		return reachLabels
	}
	return reachNone
}

// view is what decides what of a shot is shown. The same pixels show less when the permit does not let typed text be shown any more, when the
// application says that something hidden stands there, or when a value in them was found in typed text.
func (r *Redactor) view(s *raw.Shot, upTo reach) view {
	if upTo == reachNone {
		return view{}
	}
	var h maphash.Hash
	h.SetSeed(r.masker.recent.seed)
	maphash.WriteComparable(&h, r.names.last)
	for _, d := range r.typedNow(nil) {
		maphash.WriteComparable(&h, d)
	}
	if s.Said != nil {
		for _, part := range [...][]raw.Element{s.Said.Labels, s.Said.Cells} {
			maphash.WriteComparable(&h, len(part))
			for _, e := range part {
				maphash.WriteComparable(&h, e.Rect)
				maphash.WriteComparable(&h, e.Name)
			}
		}
		for _, b := range s.Said.Secrets {
			maphash.WriteComparable(&h, b)
		}
	}
	return view{upTo, r.reveal.typing, h.Sum64()}
}

// lines gives what of the shot may be shown again, and whether all lines were read. What it gives is valid until the next call.
func (v *reveal) lines(r *Redactor, s *raw.Shot, upTo reach) (again *revealed, all bool) {
	v.shown.strokes, v.shown.tokens = v.shown.strokes[:0], v.shown.tokens[:0]
	lines := v.layout.find(&r.masker, s)
	all = v.read(lines)
	v.rows.of(lines)
	r.hear(&v.witness, s)
	v.typed = r.typedNow(v.typed[:0])
	for i := range lines {
		if lines[i].sure >= leastSure && !v.witness.forbids(&lines[i], v.typing) {
			v.judge(r, lines, i, upTo)
		}
	}
	return &v.shown, all
}

// remember keeps a reading, and forgets any other if there are too many.
func (v *reveal) remember(key uint64, got reading) {
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
	v.rows.forget()
	clear(v.readings)
	v.witness, v.shown, v.typed = witness{}, revealed{}, nil
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

func (b *budget) spend(d time.Duration) { b.saved -= d }
