package export

import (
	"errors"
	"math"
	"strings"

	"github.com/byleave/byleave/proto/pb"
)

// Step is one line of a trajectory; the manifest's dictionary says what each field means.
type Step struct {
	Person      int      `json:"person"`
	Session     int      `json:"session"`
	Kind        string   `json:"kind"`
	Application string   `json:"application,omitempty"`
	Title       string   `json:"title,omitempty"`
	Canvas      *Size    `json:"canvas,omitempty"`
	Screen      *Screen  `json:"screen,omitempty"`
	At          *Point   `json:"at,omitempty"`
	To          *Point   `json:"to,omitempty"`
	Button      string   `json:"button,omitempty"`
	Count       uint32   `json:"count,omitempty"`
	ScrollX     int32    `json:"scroll_x,omitempty"`
	ScrollY     int32    `json:"scroll_y,omitempty"`
	Hotkey      string   `json:"hotkey,omitempty"`
	Text        *string  `json:"text,omitempty"`
	Spans       []Span   `json:"spans,omitempty"`
	Withheld    bool     `json:"withheld,omitempty"`
	Deleted     uint32   `json:"deleted,omitempty"`
	Element     *Element `json:"element,omitempty"`
	Before      *Frame   `json:"before,omitempty"`
	After       *Frame   `json:"after,omitempty"`
	DurationMS  uint32   `json:"duration_ms,omitempty"`
	Instruction string   `json:"instruction,omitempty"`
	Outcome     string   `json:"outcome,omitempty"`
	Reason      string   `json:"reason,omitempty"`
	Seconds     int64    `json:"seconds,omitempty"`
}

// Size is in pixels.
type Size struct {
	Width  int32 `json:"width"`
	Height int32 `json:"height"`
}

// Screen is all of it, and the place of the canvas on it: what is at a point of the canvas is at that point and this place together.
type Screen struct {
	X      int32   `json:"x"`
	Y      int32   `json:"y"`
	Width  int32   `json:"width"`
	Height int32   `json:"height"`
	Scale  float64 `json:"scale"`
}

// Point is in canvas pixels, and the same from 0 to 1.
type Point struct {
	X  int32   `json:"x"`
	Y  int32   `json:"y"`
	NX float64 `json:"nx"`
	NY float64 `json:"ny"`
}

// Span is where a class token stands in the text, in bytes of UTF-8. Length is a bucket of that of the value.
type Span struct {
	Start  uint32 `json:"start"`
	End    uint32 `json:"end"`
	Class  string `json:"class"`
	ID     uint32 `json:"id"`
	Length uint32 `json:"length"`
}

// Element is the accessible element under an action.
type Element struct {
	Role string `json:"role"`
	Name string `json:"name,omitempty"`
	X    int32  `json:"x"`
	Y    int32  `json:"y"`
	W    int32  `json:"width"`
	H    int32  `json:"height"`
}

// Frame is a masked picture, or why there is none.
type Frame struct {
	File     string `json:"file,omitempty"`
	AgeMS    uint32 `json:"age_ms,omitempty"`
	Proof    string `json:"proof,omitempty"`
	Withheld string `json:"withheld,omitempty"`
	Canvas   *Size  `json:"canvas,omitempty"`
}

// errContent says that a box opened and holds something that this program does not export.
var errContent = errors.New("holds something unknown")

// steps turns a payload into lines; names gives the file of each frame. The session is numbered when all boxes are there.
func steps(p *pb.Payload, names map[string]string) ([]Step, error) {
	var out []Step
	if len(p.GetInsteadOf()) > 0 { // somewhere in it; where is not told
		out = append(out, Step{Kind: "gap", Reason: word(pb.Reason_REASON_DELETED.String(), "REASON_")})
	}
	for _, e := range p.GetEvents() {
		if err := check(e, names); err != nil {
			return nil, err
		}
		if g := e.GetGap(); g != nil {
			out = append(out, Step{Kind: "gap", Reason: word(g.GetReason().String(), "REASON_"), Seconds: (g.GetEndMs() - e.GetAtMs() + 999) / 1000})
			continue
		}
		if t := e.GetTask(); t != nil {
			out = append(out, Step{Kind: "task", Instruction: t.GetText(), Outcome: word(t.GetStep().String(), "TASK_STEP_")})
			continue
		}
		out = append(out, action(e.GetAction(), names))
	}
	return out, nil
}

// check refuses what this program has no name for, numbers that JSON cannot say, and a frame by a hash that the box does not hold.
func check(e *pb.Event, names map[string]string) error {
	if g := e.GetGap(); g != nil {
		return unless(pb.Reason_name[int32(g.GetReason())] != "" && g.GetReason() != pb.Reason_REASON_UNSPECIFIED && g.GetEndMs() >= e.GetAtMs())
	}
	if t := e.GetTask(); t != nil {
		return unless(pb.TaskStep_name[int32(t.GetStep())] != "" && t.GetStep() != pb.TaskStep_TASK_STEP_UNSPECIFIED)
	}
	a := e.GetAction()
	if a == nil || pb.Kind_name[int32(a.GetKind())] == "" || a.GetKind() == pb.Kind_KIND_UNSPECIFIED {
		return errContent
	}
	for _, f := range []float64{a.GetAt().GetNx(), a.GetAt().GetNy(), a.GetTo().GetNx(), a.GetTo().GetNy(), a.GetWindow().GetScale()} {
		if f = round(f); math.IsNaN(f) || math.IsInf(f, 0) { // also what is too large to be rounded
			return errContent
		}
	}
	for _, f := range []*pb.FrameRef{a.GetBefore(), a.GetAfter()} {
		if len(f.GetSha256()) > 0 && names[string(f.GetSha256())] == "" {
			return errContent
		}
	}
	return nil
}

func unless(ok bool) error {
	if ok {
		return nil
	}
	return errContent
}

func action(a *pb.Action, names map[string]string) Step {
	w := a.GetWindow()
	s := Step{
		Kind: word(a.GetKind().String(), "KIND_"), Application: w.GetApplication(), Title: w.GetTitle(),
		At: point(a.GetAt()), To: point(a.GetTo()), Button: a.GetButton(), Count: a.GetCount(),
		ScrollX: a.GetScrollX(), ScrollY: a.GetScrollY(), Hotkey: a.GetHotkey(), DurationMS: a.GetDurationMs() / 100 * 100,
		Before: frame(a.GetBefore(), names), After: frame(a.GetAfter(), names), Canvas: size(w.GetCanvas()), Screen: screen(w),
	}
	if t := a.GetText(); t != nil {
		s.Withheld, s.Deleted = t.GetWithheld(), t.GetDeleted()
		if !t.GetWithheld() {
			net := t.GetNet()
			s.Text = &net
		}
		for _, sp := range t.GetSpans() {
			s.Spans = append(s.Spans, Span{sp.GetStart(), sp.GetEnd(), sp.GetClass(), sp.GetId(), sp.GetLength()})
		}
	}
	if el := a.GetElement(); el != nil {
		r := el.GetRect()
		s.Element = &Element{el.GetRole(), el.GetName(), r.GetX(), r.GetY(), r.GetWidth(), r.GetHeight()}
	}
	return s
}

func point(p *pb.Point) *Point {
	if p == nil {
		return nil
	}
	return &Point{p.GetX(), p.GetY(), round(p.GetNx()), round(p.GetNy())}
}

func round(f float64) float64 { return math.Round(f*1e4) / 1e4 }

// screen tells of several monitors only how large they are together: how they stand beside each other would tell people apart.
func screen(w *pb.Window) *Screen {
	s := w.GetScreen()
	if s == nil || w.GetCanvas() == nil {
		return nil
	}
	return &Screen{w.GetCanvas().GetX() - s.GetX(), w.GetCanvas().GetY() - s.GetY(), s.GetWidth(), s.GetHeight(), round(w.GetScale())}
}

func size(r *pb.Rect) *Size {
	if r == nil {
		return nil
	}
	return &Size{r.GetWidth(), r.GetHeight()}
}

func frame(f *pb.FrameRef, names map[string]string) *Frame {
	if f == nil {
		return nil
	}
	return &Frame{File: names[string(f.GetSha256())], AgeMS: f.GetAgeMs() / 100 * 100, Proof: f.GetProof(), Withheld: f.GetWithheld(), Canvas: size(f.GetCanvas())}
}

// word is the lower-case name of an enum value: KIND_CLICK is click.
func word(s, prefix string) string { return strings.ToLower(strings.TrimPrefix(s, prefix)) }
