package redact

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"image"
	"image/color"
	"image/png"
	"regexp"
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

func narrower(t testing.TB) *Redactor {
	t.Helper()
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// colourful is a picture whose every pixel is told by its place.
func colourful(seed int, paletted bool) *pb.Frame {
	var img interface {
		image.Image
		Set(x, y int, c color.Color)
	} = image.NewNRGBA(image.Rect(0, 0, 24, 16))
	if paletted {
		var p color.Palette
		for i := range 256 {
			p = append(p, color.NRGBA{uint8(i), uint8(255 - i), 200, 255})
		}
		img = image.NewPaletted(image.Rect(0, 0, 24, 16), p)
	}
	for y := range 16 {
		for x := range 24 {
			v := uint8(x*9 + y*5 + seed)
			img.Set(x, y, color.NRGBA{v, 255 - v, 200, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return &pb.Frame{Sha256: sum[:], Width: 24, Height: 16, Format: "png", Image: b.Bytes()}
}

// minute is a payload of two applications with texts, tokens, pictures, a gap and a task.
func minute() *pb.Payload {
	p := &pb.Payload{Schema: 1, Session: make([]byte, 16), StartedAt: 1000, Frames: []*pb.Frame{colourful(1, true), colourful(2, false), colourful(3, true)}}
	ref := func(i int) *pb.FrameRef { return &pb.FrameRef{Sha256: p.Frames[i].Sha256, Proof: "damage"} }
	act := func(ms int64, a *pb.Action) {
		p.Events = append(p.Events, &pb.Event{AtMs: ms, What: &pb.Event_Action{Action: a}})
	}
	in := func(app, title string) *pb.Window { return &pb.Window{Application: app, Title: title} }
	act(0, &pb.Action{Kind: pb.Kind_KIND_CLICK, Window: in("editor", "letter to <TERM#1>"), Element: &pb.Element{Role: "push button", Name: "Send to Überallgäu"}, Before: ref(0), After: ref(1)})
	act(2000, &pb.Action{Kind: pb.Kind_KIND_TEXT, Window: in("editor", "harbour plan"), Before: ref(1), Text: &pb.Text{
		Net: "Pay <IBAN#1> by Friday, harbour überall", Spans: []*pb.Span{{Start: 4, End: 12, Class: "IBAN", Id: 1, Length: 17}}}})
	p.Events = append(p.Events, &pb.Event{AtMs: 3000, What: &pb.Event_Gap{Gap: &pb.Gap{EndMs: 9000, Reason: pb.Reason_REASON_SECRET}}})
	p.Events = append(p.Events, &pb.Event{AtMs: 9000, What: &pb.Event_Task{Task: &pb.Task{Step: pb.TaskStep_TASK_STEP_STARTED, Text: "find the harbour"}}})
	act(12000, &pb.Action{Kind: pb.Kind_KIND_TEXT, Window: in("files", "harbour"), After: ref(2), Text: &pb.Text{Net: "harbour harbour"}})
	return p
}

// TestNarrowTakesOutExactlyThat goes through every kind of cut.
func TestNarrowTakesOutExactlyThat(t *testing.T) {
	p, r := minute(), narrower(t)
	before := proto.CloneOf(p)
	sum := func(i int) [32]byte { return [32]byte(p.Frames[i].Sha256) }
	cut := func(c Cut) *pb.Payload {
		t.Helper()
		n, err := r.Narrow(p, c)
		if err != nil {
			t.Fatal(err)
		}
		return n.Payload()
	}
	if got := cut(Cut{}); !proto.Equal(got, p) {
		t.Error("an empty cut changes something")
	}
	got := cut(Cut{Events: []int{0}})
	if len(got.Events) != 4 || len(got.Frames) != 2 || got.StartedAt != 3000 || got.Events[0].AtMs != 0 || got.Events[1].GetGap().EndMs != 7000 {
		t.Errorf("the first action is cut: %v", got)
	}
	if got = cut(Cut{Apps: []string{"editor"}}); len(got.Events) != 3 || len(got.Frames) != 1 || strings.Contains(got.String(), "IBAN") {
		t.Errorf("an application is cut: %v", got)
	}
	if got = cut(Cut{Words: []string{"HARBOUR"}}); strings.Contains(strings.ToLower(got.String()), "harbour") || strings.Count(got.String(), "<CUT#") != 6 {
		t.Errorf("a word is cut: %v", got)
	}
	got = cut(Cut{Parts: []Part{{1, 6, 14}, {4, 8, 15}}})
	text := got.Events[1].GetAction().GetText()
	if text.Net != "Pay <CUT#1>y Friday, harbour überall" || len(text.Spans) != 1 || text.Net[text.Spans[0].Start:text.Spans[0].End] != "<CUT#1>" || text.Spans[0].Length != 0 {
		t.Errorf("a part that touches a token: %v", text)
	}
	if text = got.Events[4].GetAction().GetText(); text.Net != "harbour <CUT#2>" {
		t.Errorf("a part: %v", text)
	}
	if got = cut(Cut{Frames: [][32]byte{sum(1)}}); len(got.Frames) != 2 || got.Events[1].GetAction().GetBefore().GetWithheld() != withheldCut {
		t.Errorf("a picture is cut: %v", got.Events)
	}
	for _, c := range []Cut{{Events: []int{5}}, {Events: []int{2}}, {Events: []int{-1}}, {Parts: []Part{{0, 0, 1}}}, {Parts: []Part{{4, 3, 99}}},
		{Texts: map[int]string{0: "x"}}, {Frames: [][32]byte{{}}}, {Areas: []Area{{Frame: sum(0)}}}, {Words: []string{" "}}} {
		if _, err := r.Narrow(p, c); !errors.Is(err, ErrCut) {
			t.Errorf("%+v is taken: %v", c, err)
		}
	}
	if n, err := r.Narrow(p, Cut{Apps: []string{"editor", "files"}, Events: []int{3}}); err != nil || !n.IsEmpty() {
		t.Errorf("nothing is left, and it is not said: %v %v", n, err)
	}
	if !proto.Equal(before, p) {
		t.Error("the payload itself was changed")
	}
}

// TestCorrectedTextIsScanned: the person may write what they like, and it passes the redactor; tokens that stood there keep their
// meaning, made-up ones get none.
func TestCorrectedTextIsScanned(t *testing.T) {
	p, r := minute(), narrower(t)
	for _, c := range []struct{ words, want string }{
		{"Pay <IBAN#1> on Monday", "Pay <IBAN#1> on Monday"},
		{"card 4111 1111 1111 1111 and <IBAN#1>", `card <CARD#\d+> and <IBAN#1>`},
		{"mail to jane.roe@example.org", `mail to <EMAIL#\d+>`},
		{"<CARD#7> is mine", "<CARD#7> is mine"},
		{"a\x00b\u202ec\r\nd", "abc\nd"},
		{"", ""},
	} {
		n, err := r.Narrow(p, Cut{Texts: map[int]string{1: c.words}})
		if err != nil {
			t.Fatal(err)
		}
		got := n.Payload().Events[1].GetAction().GetText()
		if !regexp.MustCompile("^(?s:" + c.want + ")$").MatchString(got.Net) {
			t.Errorf("%q became %q", c.words, got.Net)
		}
		for _, s := range got.Spans {
			if token := got.Net[s.Start:s.End]; !strings.HasPrefix(token, "<"+s.Class+"#") || token == "<CARD#7>" {
				t.Errorf("%q: a span stands at %q", c.words, token)
			}
			if s.Class == "CARD" && s.Id <= correctedIDs {
				t.Errorf("the token %d of a corrected text may stand for another value of the session", s.Id)
			}
		}
	}
}

// TestNarrowOnlyTakes: whatever is cut, nothing is in the result that was not there before, but for CUT tokens and black.
func TestNarrowOnlyTakes(t *testing.T) {
	r := narrower(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := minute()
		c := Cut{Events: rapid.SliceOfDistinct(rapid.SampledFrom([]int{0, 1, 3, 4}), rapid.ID).Draw(rt, "events")}
		if rapid.Bool().Draw(rt, "by app") {
			c.Apps = []string{rapid.SampledFrom([]string{"editor", "files", "other"}).Draw(rt, "app")}
		}
		c.Words = rapid.SliceOfN(rapid.SampledFrom([]string{"harbour", "a", "Über", "IBAN", ">", "by Fri"}), 0, 3).Draw(rt, "words")
		for range rapid.IntRange(0, 3).Draw(rt, "parts") {
			at := rapid.IntRange(0, 38).Draw(rt, "from")
			c.Parts = append(c.Parts, Part{1, at, rapid.IntRange(at+1, 39).Draw(rt, "to")})
		}
		for range rapid.IntRange(0, 3).Draw(rt, "areas") {
			i := rapid.IntRange(0, 2).Draw(rt, "picture")
			c.Areas = append(c.Areas, Area{[32]byte(p.Frames[i].Sha256), rapid.IntRange(-5, 30).Draw(rt, "x"), rapid.IntRange(-5, 30).Draw(rt, "y"),
				rapid.IntRange(1, 40).Draw(rt, "w"), rapid.IntRange(1, 40).Draw(rt, "h")})
		}
		n, err := r.Narrow(p, c)
		if err != nil {
			rt.Fatal(err)
		}
		j := -1
		for _, e := range n.Payload().Events { // in order, each one of before
			for j++; j < len(p.Events) && !sameButCut(p.Events[j], e); j++ {
			}
			if j == len(p.Events) {
				rt.Fatalf("made up, or out of order: %v", e)
			}
		}
		for _, f := range n.Payload().Frames {
			if sum := sha256.Sum256(f.Image); !bytes.Equal(sum[:], f.Sha256) || !fromOneOf(rt, f, p.Frames, c.Areas) {
				rt.Fatal("a picture shows what none of before shows there")
			}
		}
	})
}

var cutToken = regexp.MustCompile(`<CUT#\d+>`)

// takenFrom tells whether now is was with tokens in place of parts of it.
func takenFrom(was, now string) bool {
	var pieces []string
	for _, piece := range cutToken.Split(now, -1) {
		pieces = append(pieces, regexp.QuoteMeta(piece))
	}
	return regexp.MustCompile("^(?s:" + strings.Join(pieces, ".+") + ")$").MatchString(was)
}

// sameButCut tells whether now is was, less something.
func sameButCut(was, now *pb.Event) bool {
	a, b := was.GetAction(), now.GetAction()
	if a == nil {
		if t := was.GetTask(); t != nil {
			return now.GetTask() != nil && takenFrom(t.GetText(), now.GetTask().GetText())
		}
		return now.GetGap() != nil && was.GetGap().GetReason() == now.GetGap().GetReason()
	}
	if b == nil || a.GetKind() != b.GetKind() || a.GetWindow().GetApplication() != b.GetWindow().GetApplication() {
		return false
	}
	for _, s := range b.GetText().GetSpans() {
		if !strings.HasPrefix(b.GetText().GetNet()[s.Start:s.End], "<"+s.Class+"#") {
			return false
		}
	}
	return takenFrom(a.GetText().GetNet(), b.GetText().GetNet()) && takenFrom(a.GetWindow().GetTitle(), b.GetWindow().GetTitle()) &&
		takenFrom(a.GetElement().GetName(), b.GetElement().GetName())
}

// fromOneOf tells whether f is one of frames with exactly the areas of a uniform colour.
func fromOneOf(rt *rapid.T, f *pb.Frame, frames []*pb.Frame, areas []Area) bool {
	now, err := png.Decode(bytes.NewReader(f.Image))
	if err != nil {
		rt.Fatal(err)
	}
next:
	for _, of := range frames {
		was, err := png.Decode(bytes.NewReader(of.Image))
		if err != nil {
			rt.Fatal(err)
		}
		var hidden color.Color
		for y := range 16 {
			for x := range 24 {
				in := false
				for _, a := range areas {
					in = in || string(a.Frame[:]) == string(of.Sha256) && image.Pt(x, y).In(image.Rect(a.X, a.Y, a.X+a.W, a.Y+a.H))
				}
				c := color.NRGBAModel.Convert(now.At(x, y))
				if in && hidden == nil {
					hidden = c
				}
				if in && c != hidden || !in && c != color.NRGBAModel.Convert(was.At(x, y)) {
					continue next
				}
			}
		}
		return true
	}
	return false
}

// TestTaskIsRedacted: the words of a task are one line, bounded and redacted; a task that ends has none.
func TestTaskIsRedacted(t *testing.T) {
	r := narrower(t)
	at := r.last
	got := r.Task(at, pb.TaskStep_TASK_STEP_STARTED, "pay 4111 1111 1111 1111\n to jane.roe@example.org\x1b[31m").Task()
	if got.Text != "pay <CARD#1> to <EMAIL#1>" {
		t.Errorf("the task is %q", got.Text)
	}
	if got = r.Task(at, pb.TaskStep_TASK_STEP_DONE, "secret").Task(); got.Text != "" {
		t.Errorf("an end has words: %q", got.Text)
	}
	if got = r.Task(at, pb.TaskStep_TASK_STEP_STARTED, strings.Repeat("word ", 1000)).Task(); len(got.Text) > mostTask {
		t.Errorf("a task of %d bytes", len(got.Text))
	}
}
