package redact

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// Options are what a Redactor needs.
type Options struct {
	Policy  policy.Policy // adds patterns and terms to the built-in rules; the zero Policy adds none
	Session [16]byte      // class tokens are stable within it
	Reader  reader        // reads lines of pictures; nil: whatever was agreed, all text in them stays masked
}

// Redactor turns raw events into events that may leave RAM, in the order in which they happened. One goroutine at a time
// may use it.
//
//	raw.Event -> Apply -> typed text: field, run (held back) -> settle -> Event
//	                   -> anything else: action, behind held text -> Event
type Redactor struct {
	engine *engine
	names  *names
	masker masker
	reveal reveal

	field  field
	run    run        // live while typed text is held back
	frozen bool       // something else happened since: nothing may join the run
	behind []*pending // what happened since
	hidden uint64     // element of which withheld text was told last
	hiding bool

	cuts     map[uint64]struct{} // elements whose last text was cut in the middle of a token
	manyCuts bool                // more than cuts holds

	form fields // what waits for the next field

	out     []Event
	last    time.Time // no event begins before the one before it
	typing  time.Time // when the typing began that nothing has interrupted
	text    []byte    // memory that is used again
	found   []Found
	counts  [classes]int // of what Text has found
	digests []digest
	ids     []uint32
	from    []int32
	replay  []cell
}

// Limits of what is remembered.
const (
	mostCuts   = 1 << 14
	mostBehind = 6
)

// New makes a Redactor. It fails if the policy's rules do not compile; nothing may be recorded then.
func New(o Options) (*Redactor, error) {
	e, err := newEngine(o.Policy)
	if err != nil {
		return nil, err
	}
	return &Redactor{engine: e, names: newNames(o.Session), cuts: map[uint64]struct{}{}, field: newField(0, soft),
		reveal: reveal{reader: o.Reader, budget: budget{limited: true}}}, nil
}

// Version names the rules: it changes with the program's rules and with the policy's.
func (r *Redactor) Version() string {
	v := "byleave-redact/" + rulesVersion + " " + hex.EncodeToString(r.engine.digest[:8])
	if Disconnected {
		return "DISCONNECTED " + v
	}
	return v
}

// Apply redacts one event. It may hold text back, and then everything after it, until a later call. It takes over the pixels of ev
// and wipes them.
func (r *Redactor) Apply(ev raw.Event) []Event {
	return r.apply(context.Background(), ev)
}

// apply is Apply; lines of pictures are read until ctx ends.
func (r *Redactor) apply(ctx context.Context, ev raw.Event) []Event {
	r.reveal.ctx = ctx
	s := raw.Open(ev)
	defer s.Before.Wipe()
	defer s.After.Wipe()
	defer clear(s.Keys)
	switch {
	case s.Kind == 0:
	case s.Kind == raw.Leave:
		r.leave(soft)
	case s.Kind == raw.Gap:
		r.leave(hard)
		r.closeForm()
		r.typing = time.Time{}
		r.out = append(r.out, NewGap(s.From.Wall, s.Until.Wall, s.Reason))
	case !s.Permit.Open():
		r.leave(hard)
		r.closeForm()
	case s.Kind == raw.Text:
		r.typed(&s)
	default:
		r.other(&s)
	}
	return r.take()
}

// Flush settles everything that is held back; what is not finished becomes opaque. What is typed afterwards has a time of its own: a
// person who erases what was until now does not mean it.
func (r *Redactor) Flush() []Event {
	r.leave(hard)
	r.closeForm()
	r.typing = time.Time{}
	return r.take()
}

func (r *Redactor) take() []Event {
	out := r.out
	r.out = nil
	return out
}

// leave settles the run and forgets the element.
func (r *Redactor) leave(end edge) {
	r.settle(end)
	r.field.forget(soft)
	r.field.focus = 0
	r.hiding = false
	r.masker.forget()
	if end == hard {
		r.reveal.forget()
	}
}

// typed takes a step of typing.
func (r *Redactor) typed(s *raw.Step) {
	if s.Focus == 0 || !s.Permit.Allows(policy.Text) {
		r.withhold(s)
		return
	}
	r.hiding = false
	if r.field.focus != s.Focus {
		r.leave(soft)
		r.field = newField(s.Focus, r.leftOf(s.Focus))
	}
	if r.frozen {
		r.settle(hard)
	}
	if !r.run.live {
		r.field.trim()
		r.run = r.begin(s)
	}
	for _, k := range s.Keys {
		r.run.to = s.From.Wall.Add(k.At - s.From.Boot)
		r.edit(k)
	}
	r.run.to = s.Until.Wall
	r.after(s)
	if r.final() {
		r.settle(closed)
	}
}

// begin opens a run at the caret.
func (r *Redactor) begin(s *raw.Step) run {
	a := r.action(s, pb.Kind_KIND_TEXT)
	n := run{live: true, action: a, from: s.From.Wall, to: s.Until.Wall, lo: r.field.caret, hi: r.field.caret}
	var f *pb.Frame
	a.Before, f = r.frame(s, s.Before, s.NoBefore)
	if f != nil {
		n.frames = []*pb.Frame{f}
	}
	return n
}

// after takes the picture after the newest part of the run, in place of the one before.
func (r *Redactor) after(s *raw.Step) {
	ref, f := r.frame(s, s.After, s.NoAfter)
	r.run.action.After, r.run.last = ref, nil
	if f != nil {
		r.run.last = []*pb.Frame{f}
	}
}

// final tells whether the token at the end of the run can no longer grow.
func (r *Redactor) final() bool {
	n, f := &r.run, &r.field
	if n.hi == n.lo || f.caret != n.hi || f.anchor >= 0 || f.all {
		return false
	}
	r.write(f.cells[:n.hi])
	return r.engine.open(r.text) == len(r.text) && !r.engine.hanging(r.text)
}

// withhold says that text was typed where none may be told: once, however much it was.
func (r *Redactor) withhold(s *raw.Step) {
	if r.hiding && r.hidden == s.Focus {
		return
	}
	r.leave(soft)
	r.closeForm()
	r.hiding, r.hidden = true, s.Focus
	a := &pb.Action{Kind: pb.Kind_KIND_TEXT, Window: r.window(s), Text: &pb.Text{Withheld: true},
		Before: &pb.FrameRef{Withheld: "text is withheld"}, After: &pb.FrameRef{Withheld: "text is withheld"}}
	r.out = append(r.out, r.event(a, s.From.Wall, s.From.Wall, nil))
}

// other takes a step that is no typing. Text that is held back stays before it.
func (r *Redactor) other(s *raw.Step) {
	r.hiding = false
	enter := s.Kind == raw.Hotkey && len(s.Keys) == 1 && (s.Keys[0].Edit == raw.Newline || s.Keys[0].Edit == raw.Tab)
	switch {
	case enter:
		r.settle(closed)
		if s.Keys[0].Edit == raw.Newline {
			r.submit()
		}
		r.remember(r.field.focus, false)
		r.field.forget(soft)
	case s.Kind == raw.Scroll || s.Kind == raw.Wait:
		r.frozen = r.run.live
	default:
		r.frozen = r.run.live
		if !r.run.live {
			r.field.forget(r.leftOf(r.field.focus))
		} else {
			r.run.strayed = true
		}
	}
	p, ok := r.deed(s)
	switch {
	case !ok:
	case r.frozen:
		if r.behind = append(r.behind, p); len(r.behind) >= mostBehind {
			r.settle(hard)
		}
	default:
		r.tell(p)
	}
}

// leftOf is what stands before the first character typed into an element.
func (r *Redactor) leftOf(focus uint64) edge {
	if _, ok := r.cuts[focus]; ok || r.manyCuts {
		return hard
	}
	return soft
}

func (r *Redactor) remember(focus uint64, cut bool) {
	switch {
	case !cut:
		delete(r.cuts, focus)
	case len(r.cuts) < mostCuts:
		r.cuts[focus] = struct{}{}
	default:
		r.manyCuts = true
	}
}
