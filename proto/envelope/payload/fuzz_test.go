package payload

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/proto/pb"
)

// FuzzUnpack: any bytes as a payload give one that can be told again, or an error; never a panic.
func FuzzUnpack(f *testing.F) {
	w := &pb.Window{Application: "editor", Title: "letter", Canvas: &pb.Rect{Y: 30, Width: 800, Height: 500}, Monitors: []*pb.Rect{{Width: 1920}, {X: 1920, Width: 800}}, Scale: 1.5}
	text := &pb.Text{Net: "pay <IBAN#1> or <TERM#12>", Spans: []*pb.Span{{Start: 4, End: 12, Class: "IBAN", Id: 1, Length: 17}, {Start: 16, End: 25, Class: "TERM", Id: 12, Length: 4}}}
	act := func(a *pb.Action) *pb.Event { return &pb.Event{AtMs: 300, What: &pb.Event_Action{Action: a}} }
	seed := &pb.Payload{Schema: Columns, Session: make([]byte, 16), Events: []*pb.Event{
		act(&pb.Action{Kind: pb.Kind_KIND_TEXT, Window: w, Text: text, Element: &pb.Element{Role: "text", Rect: &pb.Rect{X: -1}}}),
		act(&pb.Action{Kind: pb.Kind_KIND_SCROLL, Window: w, ScrollY: -3, Before: &pb.FrameRef{Withheld: "no picture"}}),
		{AtMs: 400, What: &pb.Event_Gap{Gap: &pb.Gap{EndMs: 2000, Reason: pb.Reason_REASON_SECRET}}},
		{AtMs: 200, What: &pb.Event_Task{Task: &pb.Task{Step: pb.TaskStep_TASK_STEP_DONE}}},
	}}
	for _, events := range [][]*pb.Event{seed.Events, seed.Events[:2], seed.Events[2:], nil} {
		seed.Events = events
		b, err := Pack(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 16<<10 {
			return
		}
		p, err := Unpack(b)
		if err != nil {
			return
		}
		packed, err := Pack(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Unpack(packed)
		if err != nil {
			t.Fatalf("what was read cannot be told again: %v", err)
		}
		if again.Schema = p.GetSchema(); !proto.Equal(again, p) {
			t.Fatal("what was read is told otherwise")
		}
	})
}
