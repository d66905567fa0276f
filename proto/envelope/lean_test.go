package envelope_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/proto/envelope/payload"
	"github.com/byleave/byleave/proto/pb"
)

// leanSample is a minute in which everything is left out that can be: said as a reader gets it.
func leanSample() *pb.Payload {
	var frames []*pb.Frame
	for i := range 3 {
		image := fmt.Appendf(nil, "picture %d", i)
		sum := sha256.Sum256(image)
		frames = append(frames, &pb.Frame{Sha256: sum[:], Width: 800, Height: 500, Format: "png", Image: image, Mask: "strokes-1"})
	}
	canvas := &pb.Rect{X: 10, Y: 30, Width: 800, Height: 500}
	screen := &pb.Rect{Width: 1920, Height: 1080}
	w := &pb.Window{Application: "editor", Title: "letter", Canvas: canvas, Screen: screen, Monitors: []*pb.Rect{screen}, Scale: 1}
	e := &pb.Element{Role: "text", Rect: &pb.Rect{X: 1, Y: 2, Width: 790, Height: 400}}
	ref := func(n int, age uint32, proof string, c *pb.Rect) *pb.FrameRef {
		return &pb.FrameRef{Sha256: frames[n].Sha256, AgeMs: age, Proof: proof, Canvas: c}
	}
	wide := &pb.Rect{X: 10, Y: 30, Width: 1000, Height: 500}
	act := func(at int64, a *pb.Action) *pb.Event { return &pb.Event{AtMs: at, What: &pb.Event_Action{Action: a}} }
	return &pb.Payload{
		Schema: 2, Session: bytes.Repeat([]byte{9}, 16), StartedAt: 1_700_000_000_000, Redactor: "1-abcd", Platform: &pb.Platform{Os: "linux", Display: "x11"}, Frames: frames,
		Events: []*pb.Event{
			act(200, &pb.Action{Kind: pb.Kind_KIND_CLICK, Window: w, At: &pb.Point{X: 100, Y: 50, Nx: 100.0 / 800, Ny: 50.0 / 500}, Button: "left", Count: 1, Element: e,
				Before: ref(0, 40, "slot", canvas), After: ref(1, 120, "settled", canvas), DurationMs: 100}),
			act(1000, &pb.Action{Kind: pb.Kind_KIND_TEXT, Window: w, Element: e, Before: ref(1, 0, "damage", canvas), After: ref(2, 300, "settled", wide),
				Text: &pb.Text{Net: "pay <IBAN#1> or <TERM#12>", Spans: []*pb.Span{{Start: 4, End: 12, Class: "IBAN", Id: 1, Length: 17}, {Start: 16, End: 25, Class: "TERM", Id: 12, Length: 4}}}}),
			{AtMs: 3000, What: &pb.Event_Gap{Gap: &pb.Gap{EndMs: 5000, Reason: pb.Reason_REASON_SECRET}}},
			act(5100, &pb.Action{Kind: pb.Kind_KIND_DRAG, Window: w, At: &pb.Point{X: 500, Y: 1, Nx: 0.5, Ny: 1.0 / 500}, To: &pb.Point{X: 7, Y: 3, Nx: 7.0 / 1000, Ny: 3.0 / 500}, Button: "left",
				Before: ref(2, 10, "slot", wide), After: &pb.FrameRef{Withheld: "another action came first"}, DurationMs: 700}),
		},
	}
}

// TestLeanByTheSpec reads the lean vector as section 2.5 of SPEC.md says, without the code of this repository that does so.
func TestLeanByTheSpec(t *testing.T) {
	p, want := opened(t, "testdata/lean.txt", "internal/dictionary/1.zdict")
	if p.GetSchema() != 2 {
		t.Fatal("not schema 2")
	}
	writeOut(p)
	if !bytes.Equal(marshal(t, p), want) {
		t.Errorf("another payload came out:\n%v", p)
	}
}

// writeOut follows the list of section 2.5, line by line.
func writeOut(p *pb.Payload) {
	for _, f := range p.Frames {
		sum := sha256.Sum256(f.Image)
		f.Sha256 = sum[:]
	}
	at := int64(0)
	var w *pb.Window
	var element *pb.Element
	for _, e := range p.Events {
		at += e.AtMs * 100
		e.AtMs = at
		if g := e.GetGap(); g != nil {
			g.EndMs = at + g.EndMs*100
		}
		a := e.GetAction()
		if a == nil {
			continue
		}
		if a.Window != nil {
			w = a.Window
		}
		a.Window = w
		if a.Element != nil {
			if proto.Size(a.Element) > 0 {
				element = a.Element
			}
			a.Element = element
		}
		for usual, r := range map[string]*pb.FrameRef{"slot": a.Before, "settled": a.After} {
			if r == nil || r.Frame == 0 {
				continue
			}
			r.Sha256, r.Frame = p.Frames[r.Frame-1].Sha256, 0
			if r.Proof == "" {
				r.Proof = usual
			}
			if r.Canvas == nil {
				r.Canvas = w.Canvas
			}
		}
		c := w.Canvas
		if a.Before.GetCanvas() != nil {
			c = a.Before.Canvas
		}
		for _, point := range []*pb.Point{a.At, a.To} {
			if point != nil {
				point.Nx, point.Ny = float64(point.X)/float64(c.Width), float64(point.Y)/float64(c.Height)
			}
		}
		if a.Kind == pb.Kind_KIND_CLICK && a.Button == "" && a.Count == 0 {
			a.Button, a.Count = "left", 1
		}
		a.DurationMs *= 100
		end := uint32(0)
		for _, s := range a.GetText().GetSpans() {
			s.Start += end
			if s.End == 0 {
				s.End = s.Start + uint32(len(fmt.Sprint("<", s.Class, "#", s.Id, ">")))
			}
			end = s.End
		}
	}
}

// TestWhatIsNotUsualIsToldInFull: a payload that the lean form cannot tell exactly is written in the full one, and nothing of it changes.
func TestWhatIsNotUsualIsToldInFull(t *testing.T) {
	for name, change := range map[string]func(*pb.Payload){
		"no window":          func(p *pb.Payload) { p.Events[1].GetAction().Window = nil },
		"another share":      func(p *pb.Payload) { p.Events[0].GetAction().At.Nx = 0.3 },
		"an odd time":        func(p *pb.Payload) { p.Events[2].AtMs = 3001 },
		"an odd duration":    func(p *pb.Payload) { p.Events[0].GetAction().DurationMs = 150 },
		"an empty element":   func(p *pb.Payload) { p.Events[0].GetAction().Element = &pb.Element{} },
		"a click of nothing": func(p *pb.Payload) { a := p.Events[0].GetAction(); a.Button, a.Count = "", 0 },
		"a picture unproven": func(p *pb.Payload) { p.Events[0].GetAction().Before.Proof = "" },
		"a mark of its own":  func(p *pb.Payload) { p.Events[1].GetAction().Text = &pb.Text{Net: "a\x1ab"} },
		"a mark too many":    func(p *pb.Payload) { t := p.Events[1].GetAction().Text; t.Net += "\x1a" },
		"a span without end": func(p *pb.Payload) { p.Events[1].GetAction().Text.Spans[0].End = 0 },
	} {
		want := leanSample()
		change(want)
		packed, err := payload.Pack(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := payload.Unpack(packed)
		if err != nil || got.GetSchema() != payload.Full {
			t.Errorf("%s: schema %d, %v", name, got.GetSchema(), err)
			continue
		}
		if want.Schema = payload.Full; !proto.Equal(got, want) {
			t.Errorf("%s: another payload came back: %v", name, got)
		}
	}
}

// unknownDictionary compresses with a dictionary that nobody has.
func unknownDictionary(t *testing.T, b []byte) []byte {
	t.Helper()
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderDictRaw(0xb1ff, bytes.Repeat([]byte("editor 1-abcd a picture, masked "), 8)))
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	return enc.EncodeAll(b, nil)
}
