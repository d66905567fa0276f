package export

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/byleave/byleave/proto/pb"
)

// hostile is a text that a format could break at.
const hostile = "a\x00b \x1b[31m\u202e\u2028\r\n\",\\ \U000e0041 \ufffd 日本 <CARD#1>"

// mixed seals what a step can be: three people, one without a picture, several runs of the agent, every kind, nothing known, and hostile text.
func mixed(t *testing.T, w *world) {
	t.Helper()
	one, two, three := w.newDevice(t), w.newDevice(t), w.newDevice(t)
	for i := range 6 {
		p := clicked(t, fmt.Sprint("one ", i), uint8(i))
		p.Session = bytes.Repeat([]byte{byte(i / 2)}, 16)
		next := newFrame(newPNG(t, uint8(i+1)))
		p.Frames = append(p.Frames, next)
		p.Events[0].GetAction().After = &pb.FrameRef{Sha256: next.Sha256, AgeMs: 700, Proof: "settled", Canvas: &pb.Rect{Width: 8, Height: 4}}
		w.seal(t, one, p)
	}
	p := clicked(t, hostile, 9)
	p.Events[1].GetAction().Text = &pb.Text{Net: hostile + strings.Repeat("long", 50_000), Spans: []*pb.Span{{Start: 1, End: 2, Class: "A"}, {End: 9, Class: "B", Id: 2, Length: 17}}}
	w.seal(t, two, p)
	act := func(a *pb.Action) *pb.Event { return &pb.Event{What: &pb.Event_Action{Action: a}} }
	task := func(step pb.TaskStep, text string) *pb.Event {
		return &pb.Event{What: &pb.Event_Task{Task: &pb.Task{Step: step, Text: text}}}
	}
	w.seal(t, three, &pb.Payload{Schema: 1, Session: make([]byte, 16), Events: []*pb.Event{
		task(pb.TaskStep_TASK_STEP_STARTED, hostile),
		act(&pb.Action{Kind: pb.Kind_KIND_DRAG, At: &pb.Point{}, To: &pb.Point{X: -3, Y: 1 << 30, Nx: 1, Ny: -0.5}, Button: "left", Hotkey: "ctrl", DurationMs: 1 << 31}),
		act(&pb.Action{Kind: pb.Kind_KIND_SCROLL, ScrollX: -2, ScrollY: 3, Element: &pb.Element{}}),
		act(&pb.Action{Kind: pb.Kind_KIND_TEXT, Text: &pb.Text{}}),
		act(&pb.Action{Kind: pb.Kind_KIND_TEXT, Text: &pb.Text{Withheld: true, Deleted: 16}, Before: &pb.FrameRef{}, After: &pb.FrameRef{Withheld: "late"}}),
		act(&pb.Action{Kind: pb.Kind_KIND_HOTKEY, Hotkey: "ctrl+s", Window: &pb.Window{}}),
		{AtMs: 5, What: &pb.Event_Gap{Gap: &pb.Gap{EndMs: 5, Reason: pb.Reason_REASON_NOT_AGREED}}},
		task(pb.TaskStep_TASK_STEP_DONE, ""),
	}})
}

// exportAs runs one export in a format.
func (w *world) exportAs(t *testing.T, f Format, dir string) (Manifest, error) {
	t.Helper()
	c, err := Dial(w.seen, w.key, w.others...)
	fatal(t, err)
	defer func() { fatal(t, c.Close()) }()
	return c.Run(t.Context(), Query{Purpose: purpose, Format: f}, dir, func(string, int) {})
}

// shown is a step and the pixels of its pictures.
type shown struct {
	Step          Step
	Before, After string
}

// pixels is a picture without its salt.
func pixels(t *testing.T, file []byte) string {
	t.Helper()
	if file == nil {
		return ""
	}
	img, err := png.Decode(bytes.NewReader(file))
	fatal(t, err)
	return fmt.Sprintf("%#v", img)
}

// readBack reads an export of any format, in its order.
func readBack(t *testing.T, f Format, dir string) (out []shown) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, f.data(), "*."+f.end()))
	fatal(t, err)
	for _, name := range files {
		switch f {
		case JSONL:
			out = append(out, linesOf(t, dir, read(t, name))...)
		case Parquet:
			out = append(out, rowsOf(t, name)...)
		case WebDataset:
			out = append(out, samplesOf(t, name)...)
		}
	}
	for _, s := range out { // a name is there if and only if its picture is
		for f, b := range map[*Frame]string{s.Step.Before: s.Before, s.Step.After: s.After} {
			if (f != nil && f.File != "") != (b != "") {
				t.Errorf("a frame of %+v and its picture do not belong together", s.Step)
			}
		}
	}
	return out
}

func linesOf(t *testing.T, dir, lines string) (out []shown) {
	open := func(f *Frame) []byte {
		if f == nil || f.File == "" {
			return nil
		}
		return []byte(read(t, dir, f.File))
	}
	for line := range strings.Lines(lines) {
		var s Step
		fatal(t, json.Unmarshal([]byte(line), &s))
		out = append(out, shown{s, pixels(t, open(s.Before)), pixels(t, open(s.After))})
	}
	return out
}

func samplesOf(t *testing.T, name string) (out []shown) {
	f, err := os.Open(name)
	fatal(t, err)
	defer f.Close()
	r, last := tar.NewReader(f), ""
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		fatal(t, err)
		if h.ModTime.Unix() != 0 || h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || h.Mode != 0o600 || len(h.PAXRecords) > 0 {
			t.Errorf("%s: %+v", name, h)
		}
		body, err := io.ReadAll(r)
		fatal(t, err)
		key, end, _ := strings.Cut(h.Name, ".")
		if end == "json" {
			last = key
			out = append(out, shown{})
			fatal(t, json.Unmarshal(body, &out[len(out)-1].Step))
		}
		if key != last {
			t.Fatalf("%s stands apart from its sample", h.Name)
		}
		switch end {
		case "before.png":
			out[len(out)-1].Before = pixels(t, body)
		case "after.png":
			out[len(out)-1].After = pixels(t, body)
		}
	}
}

// rowsOf reads rows as the library makes values of the file's own schema, not as we took them apart.
func rowsOf(t *testing.T, name string) (out []shown) {
	f, err := os.Open(name)
	fatal(t, err)
	defer f.Close()
	r := parquet.NewReader(f)
	defer r.Close()
	for {
		row := reflect.New(r.Schema().GoType())
		if err := r.Read(row.Interface()); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		columns := plain(row.Elem()).(map[string]any)
		var s struct {
			Step
			Images images
		}
		text, err := json.Marshal(columns)
		fatal(t, err)
		fatal(t, json.Unmarshal(text, &s.Step))
		fatal(t, json.Unmarshal(text, &s.Images))
		see := func(p *picture, f *Frame) string {
			if p == nil {
				return ""
			}
			if p.Path != f.File {
				t.Errorf("a picture is called %q and %q", p.Path, f.File)
			}
			return pixels(t, p.Bytes)
		}
		out = append(out, shown{s.Step, see(s.Images.Before, s.Step.Before), see(s.Images.After, s.Step.After)})
	}
}

// plain turns what the library made into what JSON knows. What is null is left out.
func plain(v reflect.Value) any {
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil():
		return nil
	case v.Kind() == reflect.Pointer:
		return plain(v.Elem())
	case v.Kind() == reflect.Struct:
		m := map[string]any{}
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("parquet"), ",")
			of := plain(v.Field(i))
			if text, ok := of.([]byte); ok && name != "bytes" { // the library's word for a string
				of = string(text)
			}
			if of != nil {
				m[name] = of
			}
		}
		if list, ok := m["list"].([]any); ok {
			for i := range list {
				list[i] = list[i].(map[string]any)["element"]
			}
			return list
		}
		return m
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		var list []any
		for i := range v.Len() {
			list = append(list, plain(v.Index(i)))
		}
		if list == nil {
			return nil
		}
		return list
	}
	return v.Interface()
}

// trajectories are the people's, in an order that no export decides, without what an export calls people and pictures.
func trajectories(all []shown) (out []string) {
	people := map[int]string{}
	for _, s := range all {
		n := s.Step.Person
		s.Step.Person = 0
		for _, f := range []*Frame{s.Step.Before, s.Step.After} {
			if f != nil {
				f.File = ""
			}
		}
		b, _ := json.Marshal(s)
		people[n] += string(b) + "\n"
	}
	for _, p := range people {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// TestFormatsSayTheSame: every step and every pixel of the JSON lines is in each other format, in the same order, and nothing else.
func TestFormatsSayTheSame(t *testing.T) {
	w := newWorld(t, 1)
	mixed(t, w)
	var want []string
	for _, f := range Formats {
		dir := filepath.Join(t.TempDir(), "x")
		m, err := w.exportAs(t, f, dir)
		fatal(t, err)
		got := trajectories(readBack(t, f, dir))
		if f == JSONL {
			want = got
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", f, d)
		}
		if m.Format != f || m.People != 3 || m.Boxes != 8 || m.Actions != 6*2+2+5 || m.Gaps != 8 || m.Tasks != 2 || m.Frames != 8 || len(m.Refused) != 0 {
			t.Errorf("%s: %+v", f, m)
		}
		picture := map[Format]string{JSONL: "- name: kind\n    dtype: string", Parquet: "- name: before_image\n    dtype: image", WebDataset: "- name: before.png\n    dtype: image"}[f]
		if card := read(t, dir, cardName); !strings.Contains(card, fmt.Sprintf("path: %s/*.%s\n", f.data(), f.end())) || !strings.Contains(card, picture) {
			t.Errorf("the card of %s is another's:\n%s", f, card)
		}
		if f != JSONL && len(names(t, dir)) != 3 {
			t.Errorf("%s leaves %v", f, names(t, dir))
		}
	}
	if len(want) != 3 || !strings.Contains(strings.Join(want, ""), `a\u0000b`) {
		t.Errorf("the JSON lines hold %d people, or not what was sealed", len(want))
	}
}
