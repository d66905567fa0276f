package redact

import (
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// Times are told in steps of tick, of typing in steps of coarse. How long typing took is not told at all, and what is typed with nothing else
// between has one time, that of its beginning, for so long as stretch: with how much was typed it would tell who typed (docs/decisions/0022).
const (
	tick    = 100 * time.Millisecond
	coarse  = time.Second
	stretch = time.Minute
)

// event closes an action into an Event.
func (r *Redactor) event(a *pb.Action, from, until time.Time, frames []*pb.Frame) Event {
	step := tick
	if a.Text != nil {
		step = coarse
	}
	at := from.Truncate(step)
	if at.Before(r.last) {
		at = r.last
	}
	switch {
	case a.Text == nil:
		r.typing = time.Time{}
	case !r.typing.IsZero() && at.Sub(r.typing) < stretch:
		at = r.typing
	default:
		r.typing = at
	}
	r.last = at
	until = roundUp(until, step)
	if until.Before(at) {
		until = at
	}
	if a.Text == nil {
		a.DurationMs = uint32(min(until.Sub(at).Milliseconds(), math.MaxUint32))
	}
	return Event{at: at, until: until, action: a, frames: once(frames)}
}

func roundUp(t time.Time, step time.Duration) time.Time {
	if down := t.Truncate(step); down.Before(t) {
		return down.Add(step)
	}
	return t.Truncate(step)
}

// once drops frames that are there already.
func once(frames []*pb.Frame) []*pb.Frame {
	if len(frames) == 2 && string(frames[0].Sha256) == string(frames[1].Sha256) {
		return frames[:1]
	}
	return frames
}

// deed is a step that is no typing; false if its permit lacks the class.
func (r *Redactor) deed(s *raw.Step) (*pending, bool) {
	kind, class := pb.Kind_KIND_WAIT, policy.Pointer
	switch s.Kind {
	case raw.Click:
		kind = pb.Kind_KIND_CLICK
	case raw.Drag:
		kind = pb.Kind_KIND_DRAG
	case raw.Scroll:
		kind = pb.Kind_KIND_SCROLL
	case raw.Hotkey:
		kind, class = pb.Kind_KIND_HOTKEY, policy.Hotkeys
	case raw.Wait:
	default:
		return nil, false
	}
	if s.Kind != raw.Wait && !s.Permit.Allows(class) {
		return nil, false
	}
	a := r.action(s, kind)
	switch s.Kind {
	case raw.Click, raw.Drag, raw.Scroll:
		pointer(a, s, canvas(s))
		if s.Permit.Allows(policy.Hotkeys) {
			a.Hotkey = held(s.Combo)
		}
	case raw.Hotkey:
		if a.Hotkey = combo(s.Combo); a.Hotkey == "" {
			return nil, false
		}
	}
	var frames []*pb.Frame
	var before, after *pb.Frame
	a.Before, before = r.frame(s, s.Before, s.NoBefore)
	a.After, after = r.frame(s, s.After, s.NoAfter)
	for _, f := range [...]*pb.Frame{before, after} {
		if f != nil {
			frames = append(frames, f)
		}
	}
	return &pending{action: a, from: s.From.Wall, to: s.Until.Wall, frames: frames}, true
}

// action is what every kind of action says: in which window, and upon what.
func (r *Redactor) action(s *raw.Step, kind pb.Kind) *pb.Action {
	a := &pb.Action{Kind: kind, Window: r.window(s)}
	if s.Permit.Allows(policy.Elements) && s.Element.Role != "" {
		c := canvas(s)
		rect := s.Element.Rect
		rect.X, rect.Y = rect.X-c.X, rect.Y-c.Y
		a.Element = &pb.Element{Role: role(s.Element.Role), Name: r.title(s.Element.Name), Rect: wireRect(rect)}
		if strings.Contains(s.Element.Role, "password") {
			a.Element.Name = ""
		}
	}
	return a
}

func (r *Redactor) window(s *raw.Step) *pb.Window {
	w := &pb.Window{Application: s.Permit.App(), Title: r.title(s.Window.Title), Canvas: wireRect(canvas(s)),
		Screen: wireRect(s.Window.Screen), Scale: s.Window.Scale}
	if math.IsNaN(w.Scale) || math.IsInf(w.Scale, 0) {
		w.Scale = 1
	}
	for _, m := range s.Window.Monitors {
		w.Monitors = append(w.Monitors, wireRect(m))
	}
	return w
}

// canvas is what coordinates are relative to: what the frame before shows, else the window.
func canvas(s *raw.Step) raw.Rect {
	if s.Before != nil && s.Before.Canvas.W > 0 && s.Before.Canvas.H > 0 {
		return s.Before.Canvas
	}
	return s.Window.Rect
}

func pointer(a *pb.Action, s *raw.Step, c raw.Rect) {
	a.At = point(s.X, s.Y, c)
	switch s.Kind {
	case raw.Drag:
		a.To = point(s.ToX, s.ToY, c)
		a.Button = button(s.Button)
	case raw.Click:
		a.Button, a.Count = button(s.Button), uint32(min(max(s.Count, 1), 3))
	case raw.Scroll:
		a.ScrollX, a.ScrollY = clamp32(s.DX), clamp32(s.DY)
	}
}

func button(name string) string {
	switch name {
	case "left", "middle", "right", "back", "forward":
		return name
	}
	return ""
}

// point is a place on the canvas; one outside lies on its edge.
func point(x, y int, c raw.Rect) *pb.Point {
	px, nx := along(x-c.X, c.W)
	py, ny := along(y-c.Y, c.H)
	return &pb.Point{X: px, Y: py, Nx: nx, Ny: ny}
}

func along(at, size int) (int32, float64) {
	if size <= 0 {
		return 0, 0
	}
	at = min(max(at, 0), size-1)
	return clamp32(at), float64(at) / float64(size)
}

func clamp32(n int) int32 { return int32(min(max(n, math.MinInt32), math.MaxInt32)) }

func wireRect(r raw.Rect) *pb.Rect {
	return &pb.Rect{X: clamp32(r.X), Y: clamp32(r.Y), Width: clamp32(r.W), Height: clamp32(r.H)}
}

// held lets the names of modifiers pass, and nothing else.
func held(raw string) string {
	for key := range strings.SplitSeq(raw, "+") {
		switch key {
		case "ctrl", "alt", "shift", "super":
		default:
			return ""
		}
	}
	return raw
}

// combo lets the name of a combination or of a key pass, and never a character that was typed.
func combo(raw string) string {
	if len(raw) > 48 || strings.ContainsFunc(raw, func(c rune) bool { return !unicode.IsPrint(c) || c == ' ' }) {
		return ""
	}
	key, modifiers := raw, ""
	if i := strings.LastIndexByte(raw, '+'); i >= 0 {
		key, modifiers = raw[i+1:], raw[:i]
	}
	n := utf8.RuneCountInString(key)
	if n == 0 || n == 1 && (modifiers == "" || modifiers == "shift") {
		return ""
	}
	return raw
}
