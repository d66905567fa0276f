package export

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
)

func read(t *testing.T, parts ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	fatal(t, err)
	return string(b)
}

// names lists every file below dir.
func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	fatal(t, filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, err := filepath.Rel(dir, p)
			fatal(t, err)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	}))
	return out
}

func TestGoldenTrajectory(t *testing.T) {
	w := newWorld(t, 1)
	d := w.newDevice(t)
	w.seal(t, d, clicked(t, "Draft \x1b[31m\u202egpj.exe", 1))
	dir := filepath.Join(t.TempDir(), "x")
	m, err := w.export(t, dir)
	fatal(t, err)
	var frame string
	for name := range m.Files {
		if strings.HasPrefix(name, "frames/") {
			frame = name
		}
	}
	want := strings.ReplaceAll(`{"person":1,"session":1,"kind":"click","application":"editor","title":"Draft \u001b[31m\u202egpj.exe","canvas":{"width":8,"height":4},`+
		`"screen":{"x":10,"y":20,"width":1920,"height":1080,"scale":1.5},"at":{"x":2,"y":1,"nx":0.25,"ny":0.25},"button":"left","count":1,"element":{"role":"push button","name":"Save","x":0,"y":0,"width":5,"height":2},`+
		`"before":{"file":"FRAME","age_ms":1200,"proof":"damage","canvas":{"width":8,"height":4}},"after":{"withheld":"focus moved"},"duration_ms":100}
{"person":1,"session":1,"kind":"text","application":"editor","canvas":{"width":8,"height":4},"text":"pay \u003cCARD#1\u003e now",`+
		`"spans":[{"start":4,"end":12,"class":"CARD","id":1,"length":16}],"deleted":4}
{"person":1,"session":1,"kind":"gap","reason":"not_agreed","seconds":3}
`, "FRAME", frame)
	if diff := cmp.Diff(want, read(t, dir, "trajectories/000001.jsonl")); diff != "" {
		t.Error(diff)
	}
	if m.Boxes != 1 || m.Actions != 2 || m.Gaps != 1 || m.Frames != 1 || m.People != 1 || m.Missing != 0 || len(m.Refused) != 0 {
		t.Errorf("%+v", m)
	}
}

func TestManifestHashesEveryFileAndNamesNobody(t *testing.T) {
	w := newWorld(t, 1)
	d := w.newDevice(t)
	w.seal(t, d, clicked(t, "a", 1))
	dir := filepath.Join(t.TempDir(), "x")
	_, err := w.export(t, dir)
	fatal(t, err)
	var m Manifest
	fatal(t, json.Unmarshal([]byte(read(t, dir, "manifest.json")), &m))
	for _, name := range names(t, dir) {
		sum := sha256.Sum256([]byte(read(t, dir, name)))
		if name != "manifest.json" && m.Files[name] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: hash %q", name, m.Files[name])
		}
	}
	if len(names(t, dir)) != len(m.Files)+1 || len(m.Files) != 3 {
		t.Errorf("files: %v; in the manifest: %v", names(t, dir), m.Files)
	}
	h := d.last.Header()
	for _, name := range names(t, dir) {
		for what, id := range map[string][]byte{"batch": h.Batch[:], "subject": h.Subject[:], "device": h.Device[:], "session": bytes.Repeat([]byte{7}, 16)} {
			if s := read(t, dir, name); strings.Contains(s, hex.EncodeToString(id)) || strings.Contains(s, string(id)) {
				t.Errorf("%s holds the id of the %s", name, what)
			}
		}
		if strings.Contains(read(t, dir, name), "1800000000") {
			t.Errorf("%s holds a time of day", name)
		}
	}
}

// TestI24ExportsAreUnlinkable: two exports of the same boxes share no file name, no file hash and no id.
func TestI24ExportsAreUnlinkable(t *testing.T) {
	w := newWorld(t, 1)
	for range 3 {
		d := w.newDevice(t)
		w.seal(t, d, clicked(t, "a", 1))
		w.seal(t, d, clicked(t, "a", 2))
	}
	one, err := w.export(t, filepath.Join(t.TempDir(), "1"))
	fatal(t, err)
	two, err := w.export(t, filepath.Join(t.TempDir(), "2"))
	fatal(t, err)
	if one.Export == two.Export || slices.Contains(two.Releases, one.Releases[0]) {
		t.Error("the exports share an id")
	}
	for name, sum := range one.Files {
		if _, same := two.Files[name]; same && strings.HasPrefix(name, "frames/") {
			t.Errorf("%s stands in both exports", name)
		}
		for other, s := range two.Files {
			if s == sum {
				t.Errorf("%s and %s have one hash", name, other)
			}
		}
	}
	if len(one.Files) != 3+2+1 || len(two.Files) != 3+2+1 {
		t.Errorf("%d and %d files", len(one.Files), len(two.Files))
	}
}

// TestBadBoxesAreLeftOutOneByOne puts every kind of bad box between good ones.
func TestBadBoxesAreLeftOutOneByOne(t *testing.T) {
	w := newWorld(t, 1)
	good := func() { w.seal(t, w.newDevice(t), clicked(t, "good", 1)) }
	bad := map[int]string{}
	add := func(why string, change func(d *device, r *pb.ReleaseResponse)) {
		d := w.newDevice(t)
		r := w.seal(t, d, clicked(t, "bad", 1))
		change(d, r)
		bad[len(w.boxes)-1] = why
		good()
	}
	content := func(why string, change func(p *pb.Payload)) {
		p := clicked(t, "bad", 1)
		change(p)
		w.seal(t, w.newDevice(t), p)
		bad[len(w.boxes)-1] = why
		good()
	}
	good()
	add("not a box", func(_ *device, r *pb.ReleaseResponse) { r.Box = nil })
	add("not a box", func(_ *device, r *pb.ReleaseResponse) { r.Box = r.Box[:len(r.Box)-1] })
	add("not a box", func(_ *device, r *pb.ReleaseResponse) { r.Box = bytes.Clone(r.Box); r.Box[len(r.Box)-1] ^= 1 })
	add("not signed by its device", func(_ *device, r *pb.ReleaseResponse) { r.SigningKey = w.boxes[0].SigningKey })
	add("not signed by its device", func(_ *device, r *pb.ReleaseResponse) { r.SigningKey = nil })
	add("the released half does not open", func(_ *device, r *pb.ReleaseResponse) { r.Half = []byte("half") })
	content("holds a frame that is no picture", func(p *pb.Payload) { p.Frames[0] = newFrame([]byte("GIF89a")) })
	content("holds a frame that is no picture", func(p *pb.Payload) { p.Frames[0].Width = 9 })
	content("holds a frame that is no picture", func(p *pb.Payload) { p.Frames[0] = hugePNG() })
	content("holds something unknown", func(p *pb.Payload) { p.Events[0].GetAction().At.Nx = math.NaN() })
	content("holds something unknown", func(p *pb.Payload) { p.Events[0].GetAction().At.Ny = math.MaxFloat64 })
	content("holds something unknown", func(p *pb.Payload) { p.Events[0].GetAction().Window.Scale = -math.MaxFloat64 })
	content("holds something unknown", func(p *pb.Payload) { p.Events[0].GetAction().Kind = 99 })
	content("holds something unknown", func(p *pb.Payload) { p.Events[0].What = nil })
	content("holds something unknown", func(p *pb.Payload) { p.Frames = nil })
	content("holds something unknown", func(p *pb.Payload) { p.Events[2].GetGap().Reason = 99 })
	content("holds something unknown", func(p *pb.Payload) { p.Redactor = strings.Repeat("a", 15<<20) })
	content("holds something unknown", func(p *pb.Payload) { p.Redactor = "<b>\n" })
	content("does not open", func(p *pb.Payload) { p.Schema = 2 })
	content("does not open", func(p *pb.Payload) { p.Frames[0].Image[20] ^= 1 })
	other := w.newDevice(t)
	other.params.Purpose = "other"
	w.seal(t, other, clicked(t, "bad", 1))
	bad[len(w.boxes)-1] = "sealed for another purpose"
	stranger := w.newDevice(t)
	stranger.params.Custodians = append(stranger.params.Custodians, hpkeKey(t).PublicKey())
	w.seal(t, stranger, clicked(t, "bad", 1))
	bad[len(w.boxes)-1] = "needs another custodian's key"
	bomb := w.newDevice(t)
	bomb.params.Sequence++
	box, err := seal.Seal(bomb.params, make([]byte, 64<<20))
	fatal(t, err)
	w.boxes, w.vaults = append(w.boxes, &pb.ReleaseResponse{Box: box.Bytes(), SigningKey: w.boxes[0].SigningKey}), append(w.vaults, bomb.vault)
	w.boxes[len(w.boxes)-1].SigningKey = bomb.params.Sign.Public().(ed25519.PublicKey)
	bad[len(w.boxes)-1] = "does not open"

	dir := filepath.Join(t.TempDir(), "x")
	m, err := w.export(t, dir)
	fatal(t, err)
	got := map[int]string{}
	for _, r := range m.RefusedAt {
		got[r.Box] = r.Why
	}
	if d := cmp.Diff(bad, got); d != "" {
		t.Error(d)
	}
	if m.Boxes != len(w.boxes)-len(bad) || m.Frames != 1 {
		t.Errorf("%d boxes of %d, %d bad; %d frames", m.Boxes, len(w.boxes), len(bad), m.Frames)
	}
	for _, name := range names(t, dir) {
		if strings.Contains(read(t, dir, name), `"bad"`) {
			t.Errorf("%s holds content of a bad box", name)
		}
	}
}

// hugePNG says that it has more pixels than fit into memory.
func hugePNG() *pb.Frame {
	raw := []byte(pngHead)
	head := binary.BigEndian.AppendUint32(nil, 60000)
	head = append(binary.BigEndian.AppendUint32(head, 60000), 8, 6, 0, 0, 0)
	raw = append(append(raw, pngChunk("IHDR", head)...), pngChunk("IEND", nil)...)
	f := newFrame(raw)
	f.Width, f.Height = 60000, 60000
	return f
}

func TestChainIsChecked(t *testing.T) {
	w := newWorld(t, 1)
	d := w.newDevice(t)
	w.seal(t, d, clicked(t, "one", 1))
	w.seal(t, d, clicked(t, "two", 1))
	d.params.Sequence++ // three is not released
	w.seal(t, d, clicked(t, "four", 1))
	four := d.last
	d.last = w.mustParse(t, 0) // five names one as the box before it
	w.seal(t, d, clicked(t, "five", 1))
	d.params.Sequence, d.last = 3, four // four a second time, with other content
	w.seal(t, d, clicked(t, "again", 1))
	slices.Reverse(w.boxes) // the order of arrival is no order
	slices.Reverse(w.vaults)
	m, err := w.export(t, filepath.Join(t.TempDir(), "x"))
	fatal(t, err)
	if m.Missing != 1 || m.Refused["its chain names another box"] != 1 || m.Refused["its number in the chain stands twice"] != 1 || m.Boxes != 3 {
		t.Errorf("%+v", m)
	}
}

func TestStepsStandInTheOrderOfTheChain(t *testing.T) {
	w := newWorld(t, 1)
	d := w.newDevice(t)
	for _, title := range []string{"a", "b", "c", "d"} {
		p := clicked(t, title, 1)
		if title > "b" {
			p.Session = bytes.Repeat([]byte{8}, 16) // the agent was started again
		}
		w.seal(t, d, p)
	}
	slices.Reverse(w.boxes)
	slices.Reverse(w.vaults)
	dir := filepath.Join(t.TempDir(), "x")
	_, err := w.export(t, dir)
	fatal(t, err)
	var got []Step
	for line := range strings.Lines(read(t, dir, "trajectories/000001.jsonl")) {
		var s Step
		fatal(t, json.Unmarshal([]byte(line), &s))
		if s.Kind == "click" {
			got = append(got, Step{Title: s.Title, Session: s.Session})
		}
	}
	if d := cmp.Diff([]Step{{Title: "a", Session: 1}, {Title: "b", Session: 1}, {Title: "c", Session: 2}, {Title: "d", Session: 2}}, got); d != "" {
		t.Error(d)
	}
}

func TestSeveralCustodiansAreNeededTogether(t *testing.T) {
	w := newWorld(t, 3)
	w.seal(t, w.newDevice(t), clicked(t, "a", 1))
	m, err := w.export(t, filepath.Join(t.TempDir(), "x"))
	fatal(t, err)
	if m.Boxes != 1 {
		t.Errorf("all keys: %+v", m)
	}
	w.others = w.others[:1]
	m, err = w.export(t, filepath.Join(t.TempDir(), "y"))
	fatal(t, err)
	if m.Boxes != 0 || m.Refused["needs another custodian's key"] != 1 {
		t.Errorf("one key missing: %+v", m)
	}
}

// TestCutExportGoesOn: after a cut the same command finishes, nothing is doubled, and the folder is as after an export in one go.
func TestCutExportGoesOn(t *testing.T) {
	w := newWorld(t, 1)
	d := w.newDevice(t)
	for i := range 6 {
		w.seal(t, d, clicked(t, "a", uint8(i)))
	}
	w.cutAt = 4
	dir := filepath.Join(t.TempDir(), "x")
	if _, err := w.export(t, dir); err == nil || !strings.Contains(err.Error(), "again to go on") {
		t.Fatalf("the cut: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, manifestName)); err == nil {
		t.Fatal("a cut export has a manifest")
	}
	c, err := Dial(w.seen, w.key)
	fatal(t, err)
	defer func() { fatal(t, c.Close()) }()
	if _, err := c.Run(t.Context(), Query{Purpose: "other"}, dir, func(string, int) {}); err == nil || !strings.Contains(err.Error(), "another export") {
		t.Fatalf("another query went on: %v", err)
	}
	m, err := w.export(t, dir)
	fatal(t, err)
	if m.Boxes != 6 || m.Frames != 6 || m.Actions != 12 || m.People != 1 || len(m.Releases) != 2 || bytes.Equal(w.ids[0], w.ids[1]) {
		t.Errorf("%+v", m)
	}
	if got := names(t, dir); len(got) != 6+1+1+1 {
		t.Errorf("files: %v", got)
	}
	if _, err := w.export(t, dir); err == nil || !strings.Contains(err.Error(), "whole export already") {
		t.Errorf("a second export into the folder: %v", err)
	}
}

// TestCutExportLeavesOutWhatWasTakenBack: what its person withdrew or erased after an export was cut off, and before it went on, is not in it,
// wherever it was cut off.
func TestCutExportLeavesOutWhatWasTakenBack(t *testing.T) {
	w := newWorld(t, 1)
	d, other := w.newDevice(t), w.newDevice(t)
	for i := range 3 {
		w.seal(t, d, clicked(t, "stays", uint8(i)))
		w.seal(t, other, clicked(t, "taken back", uint8(100+i)))
	}
	w.cutAt = 4
	dir := filepath.Join(t.TempDir(), "x")
	if _, err := w.export(t, dir); err == nil {
		t.Fatal("it was not cut off")
	}
	fatal(t, os.WriteFile(filepath.Join(dir, "trajectories", "000002.jsonl"), []byte(`"taken back"`), 0o600)) // as a death while all is joined leaves it
	for i := 0; i < len(w.boxes); i++ {                                                                       // the collector releases them no more
		if bytes.Equal(w.boxes[i].GetSigningKey(), other.params.Sign.Public().(ed25519.PublicKey)) {
			w.boxes, w.vaults = slices.Delete(w.boxes, i, i+1), slices.Delete(w.vaults, i, i+1)
			i--
		}
	}
	m, err := w.export(t, dir)
	fatal(t, err)
	if m.Boxes != 3 || m.People != 1 || m.Frames != 3 {
		t.Errorf("%+v", m)
	}
	for _, name := range names(t, dir) {
		if strings.Contains(read(t, dir, name), "taken back") {
			t.Errorf("%s holds what was taken back", name)
		}
	}
	if got := names(t, dir); len(got) != 3+1+1+1 {
		t.Errorf("files: %v", got)
	}
}

func TestFolderOfSomethingElseIsLeftAlone(t *testing.T) {
	w := newWorld(t, 1)
	dir := t.TempDir()
	fatal(t, os.WriteFile(filepath.Join(dir, "mine"), []byte("x"), 0o600))
	if _, err := w.export(t, dir); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Fatal(err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"mine"}) || len(w.ids) != 0 {
		t.Fatalf("files %v, releases %d", got, len(w.ids))
	}
}

func TestFramesHoldThePictureAndNothingElse(t *testing.T) {
	raw := newPNG(t, 5)
	hidden := pngChunk("tEXt", []byte("Comment\x00not masked"))
	spiked := slices.Concat(raw[:33], hidden, raw[33:], []byte("after the end"))
	clean, err := cleanPNG(spiked, 8, 4, []byte("salt"))
	fatal(t, err)
	if bytes.Contains(clean, []byte("not masked")) || bytes.Contains(clean, []byte("after the end")) || !bytes.Contains(clean, []byte("salt")) {
		t.Error("something else than picture and salt is left, or the salt is missing")
	}
	want, err := png.Decode(bytes.NewReader(raw))
	fatal(t, err)
	got, err := png.Decode(bytes.NewReader(clean))
	fatal(t, err)
	if !reflect.DeepEqual(want, got) {
		t.Error("the picture changed")
	}
	for n := range len(raw) {
		if _, err := cleanPNG(raw[:n], 8, 4, nil); err == nil {
			t.Errorf("cut after %d bytes: accepted", n)
		}
	}
	if crc32.ChecksumIEEE([]byte("IEND")) != binary.BigEndian.Uint32(raw[len(raw)-4:]) {
		t.Error("the test's picture does not end with IEND")
	}
}

// TestCard: the head of the card is what was loaded with Hugging Face's datasets, and names each field that a step can have.
func TestCard(t *testing.T) {
	w := newWorld(t, 1)
	w.seal(t, w.newDevice(t), clicked(t, "a", 1))
	dir := filepath.Join(t.TempDir(), "x")
	m, err := w.export(t, dir)
	fatal(t, err)
	_, rest, _ := strings.Cut(read(t, dir, cardName), "---\n")
	head, body, ok := strings.Cut(rest, "---\n")
	if diff := cmp.Diff(read(t, "testdata", "card.yaml"), head); !ok || diff != "" {
		t.Errorf("load an export with this head before you change the expected one:\n%s", diff)
	}
	for _, want := range []string{m.Export, purpose, m.Policies[0], "1 person:", "2 actions, 1 gap, 0 tasks, 1 frame."} {
		if !strings.Contains(body, want) {
			t.Errorf("the card lacks %q:\n%s", want, body)
		}
	}
}

// TestCountsAreOfTheSteps: manifest and card say of the steps what reading them all says, and print no name that a box made up.
func TestCountsAreOfTheSteps(t *testing.T) {
	w := newWorld(t, 1)
	w.seal(t, w.newDevice(t), clicked(t, "a", 1))
	p := clicked(t, "b", 2)
	p.Events[0].GetAction().Window.Application = "a|b](http://x)\n# owned"
	p.Events = append(p.Events, &pb.Event{What: &pb.Event_Task{Task: &pb.Task{Step: pb.TaskStep_TASK_STEP_DONE}}})
	d := w.newDevice(t)
	w.seal(t, d, p)
	flood := &pb.Payload{Schema: 1, Session: make([]byte, 16)}
	for i := range mostNames + 5 {
		flood.Events = append(flood.Events, &pb.Event{What: &pb.Event_Action{Action: &pb.Action{Kind: pb.Kind_KIND_WAIT, Window: &pb.Window{Application: fmt.Sprint("made-up-", i)}}}})
	}
	w.seal(t, d, flood)
	dir := filepath.Join(t.TempDir(), "x")
	m, err := w.export(t, dir)
	fatal(t, err)
	slices.Sort(m.Counts.People)
	if n := len(m.Counts.Applications); n > mostNames+1 {
		t.Errorf("a device makes the manifest name %d applications", n)
	}
	if m.Counts.Applications["other"] != 1+5+2 { // the one that is no name, and those that are too many beside editor and other
		t.Errorf("%d actions are of applications without a name that may be printed", m.Counts.Applications["other"])
	}
	m.Counts.Applications = nil
	want := Counts{People: []int{3, 4 + mostNames + 5}, Kinds: map[string]int{"click": 2, "text": 2, "gap": 2, "task": 1, "wait": mostNames + 5},
		Before: map[string]int{"damage": 2, "none": 2 + mostNames + 5}, After: map[string]int{"withheld: focus moved": 2, "none": 2 + mostNames + 5},
		Redacted: map[string]int{"CARD": 2}, GapSeconds: map[string]int{"not_agreed": 6}, Characters: 2 * len("pay <CARD#1> now")}
	if diff := cmp.Diff(want, m.Counts); diff != "" {
		t.Error(diff)
	}
	card := read(t, dir, cardName)
	for _, line := range []string{"| steps by kind | wait 205; click 2; gap 2; text 2; task 1 |", "| tokens in typed text | CARD 2 |", "| seconds of gaps | not_agreed 6 |"} {
		if !strings.Contains(card, line+"\n") {
			t.Errorf("the card lacks %q:\n%s", line, card)
		}
	}
	if strings.Contains(card, "owned") {
		t.Error("the card prints what a box made up")
	}
}

// TestEveryFieldOfAStepIsExplained holds the dictionary against the type.
func TestEveryFieldOfAStepIsExplained(t *testing.T) {
	known := map[string]bool{}
	for key := range fields {
		for _, name := range strings.Split(key, ", ") {
			known[name] = true
		}
	}
	known["scroll_y"] = known["_y"]
	for f := range reflect.TypeFor[Step]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !known[name] {
			t.Errorf("%s is not in the dictionary", name)
		}
	}
}
