package export

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/byleave/byleave/proto/pb"
)

// done makes a payload of words: an application with an upper-case letter is a click there, with a picture; "+x" begins a task, "-" ends it, "." is a gap.
func done(t *testing.T, session byte, words ...string) *pb.Payload {
	t.Helper()
	p := &pb.Payload{Schema: 1, Session: bytes.Repeat([]byte{session}, 16), Redactor: "redactor 1"}
	for i, word := range words {
		e := &pb.Event{AtMs: int64(i) * 1000}
		switch app, task := strings.ToLower(word), strings.TrimPrefix(word, "+"); {
		case word == ".":
			e.What = &pb.Event_Gap{Gap: &pb.Gap{EndMs: e.AtMs + 1000, Reason: pb.Reason_REASON_PAUSED}}
		case word == "-":
			e.What = &pb.Event_Task{Task: &pb.Task{Step: pb.TaskStep_TASK_STEP_DONE}}
		case task != word:
			e.What = &pb.Event_Task{Task: &pb.Task{Step: pb.TaskStep_TASK_STEP_STARTED, Text: task}}
		default:
			f := newFrame(newPNG(t, session*16+uint8(len(p.Frames))))
			p.Frames = append(p.Frames, f)
			e.What = &pb.Event_Action{Action: &pb.Action{Kind: pb.Kind_KIND_CLICK, Window: &pb.Window{Application: app, Title: "title of " + app},
				Before: &pb.FrameRef{Sha256: f.Sha256, Proof: "damage"}}}
		}
		p.Events = append(p.Events, e)
	}
	return p
}

// inWords is the other way round.
func inWords(steps []shown) string {
	var out []string
	for _, s := range steps {
		word := "-"
		switch s := s.Step; {
		case s.Kind == "gap" && s.Reason == elsewhere:
			word = "*"
		case s.Kind == "gap":
			word = "."
		case s.Kind != "task":
			word = s.Application
		case s.Outcome == started:
			word = "+" + s.Instruction
		}
		out = append(out, fmt.Sprintf("%d%s", s.Step.Session, word))
	}
	return strings.Join(out, " ")
}

// TestExportOfSomeApplications: what was done in others is in no file, not as a word, a picture, a task, a person or a number; a gap stands in its place, and counts, manifest
// and card are of what is there. The release is one of all.
func TestExportOfSomeApplications(t *testing.T) {
	for _, f := range Formats {
		w := newWorld(t, 1)
		d, nobody := w.newDevice(t), w.newDevice(t)
		for _, p := range []*pb.Payload{
			done(t, 1, "Bank", "Bank"), // a session without the editor
			done(t, 2, "+letter", "Bank", ".", "Editor", ".", "Editor", "Bank"),
			done(t, 2, "Bank", "+pay", "Bank", "-", "."), // a box without it, and a task
			done(t, 2, "+poem", ".", "Files", "Bank", "-"),
		} {
			w.seal(t, d, p)
		}
		w.seal(t, nobody, done(t, 3, "+pay", "Bank", "-"))
		dir := filepath.Join(t.TempDir(), "x")
		c, err := Dial(w.seen, w.key)
		fatal(t, err)
		w.cutAt = 3
		q := Query{Purpose: purpose, Format: f, Applications: []string{"editor", "files"}}
		if _, err := c.Run(t.Context(), q, dir, func(string, int) {}); err == nil {
			t.Fatal("it was not cut off")
		}
		if _, err := c.Run(t.Context(), Query{Purpose: purpose, Format: f}, dir, func(string, int) {}); err == nil || !strings.Contains(err.Error(), "applications: editor, files") {
			t.Errorf("it went on with other applications: %v", err)
		}
		m, err := c.Run(t.Context(), q, dir, func(string, int) {})
		fatal(t, err)
		fatal(t, c.Close())
		if d := cmp.Diff("1+letter 1* 1editor 1. 1editor 1* 1+poem 1. 1files 1* 1-", inWords(readBack(t, f, dir))); d != "" {
			t.Error(d)
		}
		found := looksPrivate(t, dir, m, map[string]string{"an application": "bank", "a task": "pay"})
		if !strings.Contains(found, "title of files") || !strings.Contains(found, "poem") {
			t.Error("the control: what is exported is not found")
		}
		if m.People != 1 || m.Boxes != 2 || m.Actions != 3 || m.Gaps != 5 || m.Tasks != 3 || m.Frames != 3 || m.Missing != 0 || len(m.Refused) != 0 {
			t.Errorf("%s: %+v", f, m)
		}
		if d := cmp.Diff(map[string]int{"editor": 2, "files": 1}, m.Counts.Applications); d != "" || fmt.Sprint(m.Counts.People) != "[11]" || !cmp.Equal(m.Applications, q.Applications) {
			t.Errorf("%s: %+v", d, m)
		}
		if card := read(t, dir, cardName); !strings.Contains(card, "Only what was done in editor, files is here") {
			t.Error(card)
		}
	}
}

// TestSieveIsBounded: whoever makes boxes of gaps and tasks alone cannot fill the exporter's memory.
func TestSieveIsBounded(t *testing.T) {
	var s sieve
	for range 10_000 {
		s.sift([]Step{{Kind: "gap", Reason: "paused"}, {Kind: "task", Outcome: started}, {Kind: "gap", Reason: elsewhere}, {Kind: "gap", Reason: "hours"}})
	}
	if len(s.held) > mostHeld {
		t.Errorf("%d steps are held", len(s.held))
	}
	s = sieve{}
	for range 10_000 {
		s.sift([]Step{{Kind: "task", Outcome: started}, {Kind: "gap", Reason: "paused"}, {Kind: "gap", Reason: "hours"}})
	}
	if len(s.held) > mostHeld {
		t.Errorf("%d steps are held", len(s.held))
	}
}

// TestATaskIsThereIfAnActionOfItIs: however much lies between the start of a task and its first action.
func TestATaskIsThereIfAnActionOfItIs(t *testing.T) {
	for gaps := range 3 * mostHeld {
		var s sieve
		steps := []Step{{Kind: "task", Outcome: started}}
		for i := range gaps {
			steps = append(steps, Step{Kind: "gap", Reason: []string{"paused", "hours"}[i%2]})
		}
		out, _ := s.sift(append(steps, Step{Kind: "click", Application: "editor"}, Step{Kind: "task", Outcome: "done"}))
		if n := len(out); n < 3 || out[0].Outcome != started || out[n-2].Kind != "click" || out[n-1].Outcome != "done" || len(s.held) > 0 {
			t.Fatalf("after %d gaps: %+v", gaps, out)
		}
	}
}
