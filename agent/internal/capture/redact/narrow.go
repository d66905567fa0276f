package redact

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// Cut is what the person takes out of a box that has not left. The zero Cut takes nothing. Places are those of the payload as it was.
type Cut struct {
	Events []int          // actions that go whole, by their place among the events
	Apps   []string       // applications of which every action goes
	Words  []string       // that go wherever they stand: typed texts, titles, names of elements, tasks
	Parts  []Part         // parts of typed texts
	Texts  map[int]string // typed texts in the person's own words now, by place; each passes the redactor like anything typed
	Frames [][32]byte     // pictures that go whole, by SHA-256
	Areas  []Area         // parts of pictures that are blacked out
}

// Part is a stretch of the typed text of one event, in bytes. It is widened to whole characters and tokens.
type Part struct{ Event, Start, End int }

// Area is a rectangle of a picture, in its pixels.
type Area struct {
	Frame      [32]byte
	X, Y, W, H int
}

// Narrowed is a payload from which the person took something. Only Narrow makes one, so whoever holds one holds nothing that was not
// in the payload before, but for words that the person wrote on purpose and that passed the redactor. The zero Narrowed is empty.
type Narrowed struct{ p *pb.Payload }

// IsEmpty tells that nothing which the person did is left: the box is to be destroyed, not replaced.
func (n Narrowed) IsEmpty() bool {
	return n.p == nil || !slices.ContainsFunc(n.p.GetEvents(), func(e *pb.Event) bool { return e.GetGap() == nil })
}

// Payload is what is left. The caller must not change it.
func (n Narrowed) Payload() *pb.Payload { return n.p }

// cutClass is the class of the tokens that stand for what a person cut.
const cutClass = "CUT"

// withheldCut is what stands in place of a picture that the person took away.
const withheldCut = "cut by the person"

// ErrCut says that a cut names what the box does not hold.
var ErrCut = errors.New("the cut does not fit the box: look at it again")

// Narrow takes out of p what the cut names, and changes nothing else; p stays as it is. It leaves no gap where an action stood, no
// picture that no action names any more, and no time before the first event that is left.
func (r *Redactor) Narrow(p *pb.Payload, c Cut) (Narrowed, error) {
	n := &narrowing{r: r, p: proto.CloneOf(p), cut: c, keep: make([]bool, len(p.GetEvents()))}
	if err := n.check(); err != nil {
		return Narrowed{}, err
	}
	n.texts()
	if err := n.words(); err != nil {
		return Narrowed{}, err
	}
	if err := n.pictures(); err != nil {
		return Narrowed{}, err
	}
	n.events()
	return Narrowed{n.p}, nil
}

// narrowing is one cut while it is carried out. Everything is done in the clone.
type narrowing struct {
	r     *Redactor
	p     *pb.Payload
	cut   Cut
	keep  []bool // by place
	token uint32 // number of the last CUT token
}

// check holds the cut against the payload before anything is done.
func (n *narrowing) check() error {
	events := n.p.GetEvents()
	for i, e := range events {
		n.keep[i] = e.GetAction() == nil || !slices.Contains(n.cut.Apps, e.GetAction().GetWindow().GetApplication())
	}
	for _, i := range n.cut.Events {
		if i < 0 || i >= len(events) || events[i].GetGap() != nil {
			return fmt.Errorf("%w: an action is not there", ErrCut)
		}
		n.keep[i] = false
	}
	text := func(i int) *pb.Text {
		if i < 0 || i >= len(events) {
			return nil
		}
		return events[i].GetAction().GetText()
	}
	for _, part := range n.cut.Parts {
		if t := text(part.Event); t == nil || part.Start < 0 || part.End <= part.Start || part.End > len(t.GetNet()) {
			return fmt.Errorf("%w: a part of a text is not there", ErrCut)
		}
	}
	for i := range n.cut.Texts {
		if t := text(i); t == nil || t.GetWithheld() {
			return fmt.Errorf("%w: a text is not there", ErrCut)
		}
	}
	for _, sum := range n.cut.Frames {
		if n.frame(sum) == nil {
			return fmt.Errorf("%w: a picture is not there", ErrCut)
		}
	}
	for _, a := range n.cut.Areas {
		if n.frame(a.Frame) == nil || a.W <= 0 || a.H <= 0 {
			return fmt.Errorf("%w: an area of a picture is not there", ErrCut)
		}
	}
	return nil
}

func (n *narrowing) frame(sum [32]byte) *pb.Frame {
	i := slices.IndexFunc(n.p.GetFrames(), func(f *pb.Frame) bool { return string(f.GetSha256()) == string(sum[:]) })
	if i < 0 {
		return nil
	}
	return n.p.GetFrames()[i]
}

// events drops the actions that go, the pictures that nobody names any more, and the time before what is left.
func (n *narrowing) events() {
	var kept []*pb.Event
	named := map[string]bool{}
	for i, e := range n.p.GetEvents() {
		if !n.keep[i] {
			continue
		}
		kept = append(kept, e)
		for _, ref := range refsOf(e) {
			named[string(ref.GetSha256())] = true
		}
	}
	n.p.Frames = slices.DeleteFunc(n.p.GetFrames(), func(f *pb.Frame) bool { return !named[string(f.GetSha256())] })
	n.p.Events = kept
	if len(kept) == 0 {
		return
	}
	first := slices.MinFunc(kept, func(a, b *pb.Event) int { return cmp.Compare(a.GetAtMs(), b.GetAtMs()) }).GetAtMs()
	n.p.StartedAt += first
	for _, e := range kept {
		e.AtMs -= first
		if g := e.GetGap(); g != nil {
			g.EndMs -= first
		}
	}
}

// refsOf are the pictures that an event may name.
func refsOf(e *pb.Event) []*pb.FrameRef {
	a := e.GetAction()
	if a == nil {
		return nil
	}
	return slices.DeleteFunc([]*pb.FrameRef{a.GetBefore(), a.GetAfter()}, func(f *pb.FrameRef) bool { return f == nil })
}
