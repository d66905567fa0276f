package export

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/byleave/byleave/proto/pb"
)

// program is what docs/export.md tells to run under some headings.
func program(t *testing.T, headings ...string) (out string) {
	t.Helper()
	for part := range strings.SplitSeq(read(t, "../../../docs/export.md"), "\n## ") {
		for _, h := range headings {
			if strings.HasPrefix(part, h+"\n") {
				for _, m := range regexp.MustCompile("(?s)```python\n(.*?)```").FindAllStringSubmatch(part, -1) {
					out += m[1]
				}
			}
		}
	}
	return out
}

// python runs a program in a folder.
func python(t *testing.T, dir, interpreter string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), interpreter, args...)
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir, "HF_HOME=" + dir, "HF_HUB_OFFLINE=1", "PATH=/usr/bin:/bin", "LANG=C.UTF-8"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// worked is a payload in which somebody begins a task, and does what can and what cannot be learned from.
func worked(t *testing.T) *pb.Payload {
	t.Helper()
	f := newFrame(newPNG(t, 1))
	canvas := &pb.Rect{Width: 8, Height: 4}
	before := &pb.FrameRef{Sha256: f.Sha256, Proof: "slot", Canvas: canvas}
	act := func(a *pb.Action) *pb.Event {
		a.Window = &pb.Window{Application: "editor", Canvas: canvas}
		if a.Before == nil {
			a.Before = before
		}
		return &pb.Event{What: &pb.Event_Action{Action: a}}
	}
	at := &pb.Point{X: 2, Y: 1, Nx: 0.25, Ny: 0.3333}
	return &pb.Payload{Schema: 1, Session: make([]byte, 16), Frames: []*pb.Frame{f}, Events: []*pb.Event{
		{What: &pb.Event_Task{Task: &pb.Task{Step: pb.TaskStep_TASK_STEP_STARTED, Text: "write to \"them\""}}},
		act(&pb.Action{Kind: pb.Kind_KIND_CLICK, At: at, Button: "left", Count: 1}),
		act(&pb.Action{Kind: pb.Kind_KIND_TEXT, Text: &pb.Text{Net: "Dear <PERSON#1>,\n\"日本\"", Spans: []*pb.Span{{Start: 5, End: 15, Class: "PERSON", Id: 1}}}}),
		act(&pb.Action{Kind: pb.Kind_KIND_TEXT, Text: &pb.Text{Withheld: true}}),
		act(&pb.Action{Kind: pb.Kind_KIND_CLICK, At: at, Button: "right", Count: 2, Hotkey: "ctrl", Before: &pb.FrameRef{Withheld: "late"}}),
		act(&pb.Action{Kind: pb.Kind_KIND_HOTKEY, Hotkey: "ctrl+s", Before: &pb.FrameRef{Sha256: f.Sha256, Canvas: &pb.Rect{Width: 9, Height: 4}}}),
		act(&pb.Action{Kind: pb.Kind_KIND_DRAG, At: at, To: &pb.Point{Nx: 1}, Button: "left"}),
		{What: &pb.Event_Gap{Gap: &pb.Gap{Reason: pb.Reason_REASON_SECRET}}},
		act(&pb.Action{Kind: pb.Kind_KIND_SCROLL, At: at, ScrollY: -3}),
		{What: &pb.Event_Task{Task: &pb.Task{Step: pb.TaskStep_TASK_STEP_DONE}}},
		act(&pb.Action{Kind: pb.Kind_KIND_HOTKEY, Hotkey: "ctrl+q"}),
	}}
}

// chats are what a model is asked and what it is to answer.
var chats = [][2]string{
	{"Task: write to \"them\"\nDone so far: nothing", "click(0.2500, 0.3333)"},
	{"Task: write to \"them\"\nDone so far: click(0.2500, 0.3333)", `type("Dear <PERSON#1>,\n\"日本\"")`},
	{"Task: write to \"them\"\nDone so far: " + `click(0.2500, 0.3333); type("Dear <PERSON#1>,\n\"日本\""); click(0.2500, 0.3333, button="right", count=2, keys="ctrl"); hotkey("ctrl+s")`,
		"drag(0.2500, 0.3333, 1.0000, 0.0000)"},
	{"Task: write to \"them\"\nDone so far: nothing", "scroll(0.2500, 0.3333, 0, -3)"},
	{"Task: go on\nDone so far: nothing", `hotkey("ctrl+q")`},
}

// TestDocumentedProgram: what docs/export.md gives for the standard library checks and reads an export, and makes chats of it: of every action whose picture and
// whose content are known, and of no other.
func TestDocumentedProgram(t *testing.T) {
	w := newWorld(t, 1)
	w.seal(t, w.newDevice(t), worked(t))
	dir := t.TempDir()
	_, err := w.exportAs(t, JSONL, filepath.Join(dir, "trajectories"))
	fatal(t, err)
	said := python(t, dir, "python3", "-c", program(t, "In Python", "As chats for a model"))
	if !strings.Contains(said, "types Dear <PERSON#1>,\n\"日本\" [('PERSON', '<PERSON#1>')]") || strings.Count(said, "frames/") != 7 {
		t.Errorf("it prints %s", said)
	}
	if !strings.Contains(said, "train 1 frames/") || strings.Contains(said, "test 1 ") {
		t.Errorf("of one person nobody is held out: %s", said)
	}
	fatal(t, os.Mkdir(filepath.Join(dir, "many"), 0o700))
	fatal(t, os.WriteFile(filepath.Join(dir, "many", manifestName), []byte(`{"counts": {"people": [30, 4, 60, 5, 2, 1]}}`), 0o600))
	if out := python(t, dir, "python3", "-c", program(t, "In Python")+"\nprint('held', held_out('many'))\n"); !strings.Contains(out, "held {2, 4, 6}") {
		t.Errorf("for a tenth of the steps it holds out %s", out)
	}
	var got [][2]string
	for line := range strings.Lines(read(t, dir, "chats.jsonl")) {
		var c struct {
			Images   []string
			Messages []struct {
				Role    string
				Content []struct{ Type, Text string }
			}
		}
		fatal(t, json.Unmarshal([]byte(line), &c))
		if len(c.Images) != 1 || len(c.Messages) != 3 || c.Messages[1].Content[0].Type != "image" {
			t.Fatalf("%+v", c)
		}
		_ = read(t, dir, "trajectories", c.Images[0])
		got = append(got, [2]string{c.Messages[1].Content[1].Text, c.Messages[2].Content[0].Text})
	}
	if d := cmp.Diff(chats, got); d != "" {
		t.Error(d)
	}
}

// TestLoaders: what docs/export.md gives for datasets and webdataset reads exports in the three formats, and each reader yields every step and every pixel
// of the JSON lines, and nothing else. Only at night: the libraries are hundreds of megabytes.
func TestLoaders(t *testing.T) {
	if os.Getenv("BYLEAVE_NIGHTLY") == "" {
		return
	}
	w := newWorld(t, 1)
	mixed(t, w)
	w.seal(t, w.newDevice(t), worked(t))
	dir := t.TempDir()
	for f, name := range map[Format]string{JSONL: "trajectories", Parquet: "rows", WebDataset: "samples"} {
		_, err := w.exportAs(t, f, filepath.Join(dir, name))
		fatal(t, err)
	}
	fatal(t, os.WriteFile(filepath.Join(dir, "program.py"), []byte(program(t, "In Python", "As chats for a model", "With datasets")), 0o600))
	script, err := filepath.Abs("testdata/loaders.py")
	fatal(t, err)
	said := python(t, dir, loaders(t), script)
	t.Log(said)
	if !strings.Contains(said, "9 readings of 40 steps and 20 pictures agree") {
		t.Error("not every reading agrees, or not of everything")
	}
}

// loaders is an interpreter with the libraries of testdata/loaders.txt. They are fetched once, of exact versions and checksums.
func loaders(t *testing.T) string {
	t.Helper()
	list, err := filepath.Abs("testdata/loaders.txt")
	fatal(t, err)
	dir, err := filepath.Abs("../../../bench/out/loaders")
	fatal(t, err)
	want, done := []byte(read(t, list)), filepath.Join(dir, "done")
	if have, err := os.ReadFile(done); err == nil && bytes.Equal(have, want) {
		return filepath.Join(dir, "bin", "python")
	}
	fatal(t, os.RemoveAll(dir))
	python(t, t.TempDir(), "python3", "-m", "venv", dir)
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "bin", "pip"), "install", "-q", "--require-hashes", "--only-binary", ":all:", "-r", list)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	fatal(t, os.WriteFile(done, want, 0o600))
	return filepath.Join(dir, "bin", "python")
}
