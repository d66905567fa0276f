package payload

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/proto/pb"
)

// tick is the step of all times but ages, in milliseconds.
const tick = 100

// What a click and a picture most often say.
const (
	usualButton = "left"
	usualCount  = 1
	usualBefore = "slot"
	usualAfter  = "settled"
)

// before is what the events before said, and the next need not say again.
type before struct {
	at       int64
	window   *pb.Window
	size     int // of window
	element  *pb.Element
	repeated int  // bytes of windows and elements that were left out
	marks    bool // tokens may stand in texts as marks
}

// shorten leaves out of an action what follows from what was before.
func (b *before) shorten(a *pb.Action, place map[string]uint32) {
	w, e := a.GetWindow(), a.GetElement()
	shortenRef(a.GetBefore(), w, place, usualBefore)
	shortenRef(a.GetAfter(), w, place, usualAfter)
	for _, at := range []*pb.Point{a.GetAt(), a.GetTo()} {
		if at != nil {
			at.Nx, at.Ny = 0, 0
		}
	}
	if a.GetKind() == pb.Kind_KIND_CLICK && a.GetButton() == usualButton && a.GetCount() == usualCount {
		a.Button, a.Count = "", 0
	}
	a.DurationMs /= tick
	if !mark(a.GetText()) {
		spans(a.GetText(), func(s *pb.Span, from uint32) {
			if s.GetEnd() == s.GetStart()+token(s) {
				s.End = 0
			}
			s.Start -= from
		})
	}
	if proto.Equal(w, b.window) {
		a.Window = nil
	}
	if e != nil && proto.Equal(e, b.element) {
		a.Element = &pb.Element{}
	}
	b.window = w
	if e != nil {
		b.element = e
	}
}

// expand writes all of it out again.
func (b *before) expand(a *pb.Action, frames []*pb.Frame) error {
	if a.Window == nil {
		b.repeated += b.size
		a.Window = b.window
	} else {
		b.window, b.size = a.GetWindow(), proto.Size(a.GetWindow())
	}
	if a.Element != nil && proto.Size(a.GetElement()) == 0 {
		b.repeated += proto.Size(b.element)
		a.Element = b.element
	} else if a.Element != nil {
		b.element = a.GetElement()
	}
	if b.repeated > mostRepeated {
		return errRepeated
	}
	if err := expandRef(a.GetBefore(), a.GetWindow(), frames, usualBefore); err != nil {
		return err
	}
	if err := expandRef(a.GetAfter(), a.GetWindow(), frames, usualAfter); err != nil {
		return err
	}
	c := a.GetWindow().GetCanvas()
	if seen := a.GetBefore().GetCanvas(); seen != nil {
		c = seen
	}
	share(a.GetAt(), c)
	share(a.GetTo(), c)
	if a.GetKind() == pb.Kind_KIND_CLICK && a.GetButton() == "" && a.GetCount() == 0 {
		a.Button, a.Count = usualButton, usualCount
	}
	a.DurationMs *= tick
	if b.marks && strings.Contains(a.GetText().GetNet(), tokenMark) {
		return b.unmark(a.GetText())
	}
	spans(a.GetText(), func(s *pb.Span, from uint32) {
		s.Start += from
		if s.GetEnd() == 0 {
			s.End = s.GetStart() + token(s)
		}
	})
	return nil
}

// shortenRef names a frame of the box by its place, and leaves out a canvas that is the window's.
func shortenRef(r *pb.FrameRef, w *pb.Window, place map[string]uint32, usual string) {
	n := place[string(r.GetSha256())]
	if n == 0 {
		return
	}
	r.Sha256, r.Frame = nil, n
	if proto.Equal(r.GetCanvas(), w.GetCanvas()) {
		r.Canvas = nil
	}
	if r.GetProof() == usual {
		r.Proof = ""
	}
}

func expandRef(r *pb.FrameRef, w *pb.Window, frames []*pb.Frame, usual string) error {
	n := int(r.GetFrame())
	switch {
	case n == 0:
		return nil
	case n > len(frames) || r.Sha256 != nil:
		return errPlace
	}
	r.Sha256, r.Frame = frames[n-1].Sha256, 0
	if r.Canvas == nil {
		r.Canvas = w.GetCanvas()
	}
	if r.Proof == "" {
		r.Proof = usual
	}
	return nil
}

// share gives a point its place from 0 to 1 on the canvas.
func share(at *pb.Point, c *pb.Rect) {
	if at == nil {
		return
	}
	at.Nx, at.Ny = along(at.GetX(), c.GetWidth()), along(at.GetY(), c.GetHeight())
}

func along(at, size int32) float64 {
	if size <= 0 {
		return 0
	}
	return float64(at) / float64(size)
}

// spans visits the spans of a text with the true end of the one before each.
func spans(t *pb.Text, visit func(s *pb.Span, from uint32)) {
	from := uint32(0)
	for _, s := range t.GetSpans() {
		start, end := s.GetStart(), s.GetEnd()
		visit(s, from)
		from = max(end, s.GetEnd(), start)
	}
}

// tokenMark stands for a token in a text: which one, its span says.
const tokenMark = "\x1a"

// mark puts marks in the place of all tokens of a text, whose spans then need no place; false, and nothing changed, if a span is no token.
func mark(t *pb.Text) bool {
	net, at := "", uint32(0)
	for _, s := range t.GetSpans() {
		word := tokenOf(s)
		if s.GetStart() < at || uint64(s.GetEnd()) > uint64(len(t.GetNet())) || s.GetEnd() < s.GetStart() || t.GetNet()[s.GetStart():s.GetEnd()] != word {
			return false
		}
		net += t.GetNet()[at:s.GetStart()] + tokenMark
		at = s.GetEnd()
	}
	if at == 0 {
		return false
	}
	t.Net = net + t.GetNet()[at:]
	for _, s := range t.GetSpans() {
		s.Start, s.End = 0, 0
	}
	return true
}

// unmark writes the tokens out again.
func (b *before) unmark(t *pb.Text) error {
	parts := strings.Split(t.GetNet(), tokenMark)
	if len(parts) != len(t.GetSpans())+1 {
		return errToken
	}
	var net strings.Builder
	for i, s := range t.GetSpans() {
		word := tokenOf(s)
		if b.repeated += len(word); b.repeated > mostRepeated {
			return errRepeated
		}
		net.WriteString(parts[i])
		s.Start = uint32(net.Len())
		net.WriteString(word)
		s.End = uint32(net.Len())
	}
	net.WriteString(parts[len(parts)-1])
	t.Net = net.String()
	return nil
}

// token is how many bytes the token of a span takes in a text.
func token(s *pb.Span) uint32 { return uint32(len(tokenOf(s))) }

func tokenOf(s *pb.Span) string { return fmt.Sprintf("<%s#%d>", s.GetClass(), s.GetId()) }
