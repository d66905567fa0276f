package export

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/pb"
	"github.com/google/go-cmp/cmp"
)

// cutWorld is a chain a, b, c in which b was cut before it left: its number never arrives, and the fourth box stands in its place.
func cutWorld(t *testing.T, spoil func(*pb.Tombstone)) (Manifest, []Step) {
	t.Helper()
	w := newWorld(t, 1)
	d := w.newDevice(t)
	w.seal(t, d, clicked(t, "a", 1))
	w.seal(t, d, clicked(t, "b", 1))
	b := w.mustParse(t, 1)
	w.seal(t, d, clicked(t, "c", 1))
	w.boxes, w.vaults = slices.Delete(w.boxes, 1, 2), slices.Delete(w.vaults, 1, 2)
	previous, digest := b.Header().Previous, b.Digest()
	stone := &pb.Tombstone{Sequence: b.Header().Sequence, Previous: previous[:], Digest: digest[:], Signature: make([]byte, 64)}
	if spoil != nil {
		spoil(stone)
	}
	p := clicked(t, "what is left of b", 1)
	p.InsteadOf = []*pb.Tombstone{stone}
	p.Events = append([]*pb.Event{{What: &pb.Event_Task{Task: &pb.Task{Step: pb.TaskStep_TASK_STEP_STARTED, Text: "tidy up"}}}}, p.Events...)
	p.Events = append(p.Events, &pb.Event{AtMs: 9000, What: &pb.Event_Task{Task: &pb.Task{Step: pb.TaskStep_TASK_STEP_FAILED}}})
	w.seal(t, d, p)
	dir := filepath.Join(t.TempDir(), "x")
	m, err := w.export(t, dir)
	fatal(t, err)
	var got []Step
	for line := range strings.Lines(read(t, dir, "trajectories/000001.jsonl")) {
		var s Step
		fatal(t, json.Unmarshal([]byte(line), &s))
		if s.Kind == "click" || s.Kind == "task" || s.Reason == "deleted" {
			got = append(got, Step{Kind: s.Kind, Title: s.Title, Reason: s.Reason, Instruction: s.Instruction, Outcome: s.Outcome})
		}
	}
	return m, got
}

// TestCutBoxesStandInTheirPlace: what is left of a box stands where the box stood, says that something is gone, and closes the chain;
// the person's own words for what they did come along.
func TestCutBoxesStandInTheirPlace(t *testing.T) {
	m, got := cutWorld(t, nil)
	want := []Step{{Kind: "click", Title: "a"}, {Kind: "gap", Reason: "deleted"}, {Kind: "task", Instruction: "tidy up", Outcome: "started"},
		{Kind: "click", Title: "what is left of b"}, {Kind: "task", Outcome: "failed"}, {Kind: "click", Title: "c"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if m.Missing != 0 || m.Cut != 1 || m.Tasks != 2 || len(m.Refused) != 0 || m.Boxes != 3 {
		t.Errorf("%+v", m)
	}
}

// TestTombstonesAreHeldAgainstTheChain: one that names another box, or a number that nothing stood at, does not pass.
func TestTombstonesAreHeldAgainstTheChain(t *testing.T) {
	for name, spoil := range map[string]func(*pb.Tombstone){
		"another digest":   func(s *pb.Tombstone) { s.Digest[0]++ },
		"another previous": func(s *pb.Tombstone) { s.Previous[0]++ },
		"its own number":   func(s *pb.Tombstone) { s.Sequence = 4 },
		"no digest":        func(s *pb.Tombstone) { s.Digest = nil },
	} {
		if m, _ := cutWorld(t, spoil); len(m.Refused) != 1 && m.Missing == 0 {
			t.Errorf("%s: %+v", name, m)
		}
	}
}
