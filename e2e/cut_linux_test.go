package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// cut takes one line out of a throw-away build of the agent, so that a fact does not count in it.
type cut struct{ file, line, instead string }

// fact is one thing that must stop recording, how to take it out of the agent, and what a person does so that it shows.
type fact struct {
	why  string
	cuts []cut
	try  func(f *fate) func()
}

// facts are those that the person, the clock or the desktop turn. The source that ships has no switch for any of them.
var facts = []fact{
	{paused, []cut{{"policy/decide.go", "case s.Paused:", "case false:"}}, func(f *fate) func() { return f.togglePause }},
	{withdrawn, []cut{{"agent/internal/flow/withdraw.go", "a.rules.Store(nil) // first:", "return Withdrawn{Consents: 1}, nil\n\ta.rules.Store(nil) // first:"}},
		func(f *fate) func() { return f.withdraw }},
	{expired, []cut{{"policy/decide.go", "case !s.ClockDoubt && !s.Now.Wall.Before(s.Rules.expires):", "case false:"}},
		func(f *fate) func() { return f.giveShort }},
	{outOfHours, []cut{{"policy/decide.go", "case !s.Rules.hours.has(s.Now.Wall):", "case false:"}},
		func(f *fate) func() { return f.giveUntilHour }},
	{noMark, []cut{
		{"policy/decide.go", "case !s.Indicator:", "case false:"},
		{"agent/internal/capture/watch.go", "if !l.prove(now) {", "if l.prove(now); false {"},
		{"agent/internal/flow/sight.go", "if err := mark.Show(face); err != nil {\n\t\t\treturn err\n\t\t}", "_ = mark.Show(face)"},
	}, func(f *fate) func() { return func() { f.permit(); f.loseMark(); f.stop() } }}, // the mark of a cut agent never comes back
}

// patch writes the files that the cuts change into dir, and which files of the house they stand for.
func (f fact) patch(t *testing.T, dir string) (overlay string) {
	t.Helper()
	replace := map[string]string{}
	for _, c := range f.cuts {
		file, err := filepath.Abs(filepath.Join("..", c.file))
		check(t, err)
		if replace[file] == "" {
			replace[file] = filepath.Join(dir, filepath.Base(file))
			check(t, os.WriteFile(replace[file], []byte(read(t, file)), 0o600))
		}
		text := read(t, replace[file])
		if n := strings.Count(text, c.line); n != 1 {
			t.Fatalf("%s has the line %q %d times; the cut must be made anew", c.file, c.line, n)
		}
		check(t, os.WriteFile(replace[file], []byte(strings.Replace(text, c.line, c.instead, 1)), 0o600))
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	check(t, err)
	overlay = filepath.Join(dir, "overlay.json")
	check(t, os.WriteFile(overlay, b, 0o600))
	return overlay
}

// build makes a folder of binaries whose agent lacks the fact.
func (f fact) build(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	cmd := exec.Command("go", "build", "-overlay", f.patch(t, dir), "-o", filepath.Join(dir, "byleave"), "./agent")
	cmd.Dir, cmd.Env = "..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build without %q: %v\n%s", f.why, err, out)
	}
	for _, name := range []string{"byleave-collector", "byleave-ocr"} {
		built, err := filepath.Abs(filepath.Join(bin, name))
		check(t, err)
		check(t, os.Symlink(built, filepath.Join(dir, name)))
	}
	return dir
}

// TestCutsFit: the lines that a nightly test takes out of the agent are in it, once each.
func TestCutsFit(t *testing.T) {
	for _, f := range facts {
		f.patch(t, t.TempDir())
	}
}

// TestTransitionsFindACut takes each fact out of a throw-away agent. What TestTransitionsOnTheDesktop judges by must find that acts come
// out which were done while it held. Only at night: it builds five agents.
func TestTransitionsFindACut(t *testing.T) {
	if os.Getenv("BYLEAVE_NIGHTLY") == "" {
		return
	}
	for _, f := range facts {
		t.Run(f.why, func(t *testing.T) {
			v := live(t, life{bin: f.build(t), cards: dealer{seed: 1, hands: 1}, only: f.try, wanted: 10, limit: 5 * time.Minute})
			v.log(t)
			if v.leakedFor[f.why] == 0 {
				t.Errorf("an agent that ignores %q was not found out", f.why)
			}
		})
	}
}
