package play

import (
	"image"
	"os"
	"path/filepath"
	"testing"
)

func played() ([]Want, []Step) {
	want := []Want{
		{Kind: "click", Button: "left", Count: 2, At: image.Pt(10, 20)},
		{Kind: "text", Text: "my <SSN> and <KEY>\n"},
		{Kind: "drag", At: image.Pt(1, 2), To: image.Pt(30, 40)},
		{Kind: "scroll", At: image.Pt(5, 5), ScrollY: -2},
		{Kind: "hotkey", Hotkey: "ctrl+s"},
	}
	steps := []Step{
		{Kind: "click", Application: "editor", Button: "left", Count: 2, At: &Point{11, 19}},
		{Kind: "text", Application: "editor", Text: "my <SSN#1> and "},
		{Kind: "gap", Reason: "edge"},
		{Kind: "text", Application: "editor", Text: "<SECRET#4>\n"},
		{Kind: "drag", Application: "editor", At: &Point{1, 2}, To: &Point{30, 40}},
		{Kind: "scroll", Application: "editor", At: &Point{5, 5}, ScrollY: -2},
		{Kind: "hotkey", Application: "editor", Hotkey: "ctrl+s"},
	}
	return want, steps
}

func TestWhatWasDoneIsFound(t *testing.T) {
	want, steps := played()
	if found, missing, extra := Compare(want, steps); found != len(want) || len(missing)+len(extra) != 0 {
		t.Errorf("found %d of %d, missing %v, extra %v", found, len(want), missing, extra)
	}
}

func TestEachDifferenceIsSeen(t *testing.T) {
	for name, change := range map[string]func([]Step){
		"another button":      func(s []Step) { s[0].Button = "right" },
		"a single click":      func(s []Step) { s[0].Count = 1 },
		"four pixels beside":  func(s []Step) { s[0].At.X = 14 },
		"another application": func(s []Step) { s[0].Application = "files" },
		"a lost letter":       func(s []Step) { s[1].Text = "y <SSN#1> and " },
		"another class":       func(s []Step) { s[1].Text = "my <CARD#1> and " },
		"text withheld":       func(s []Step) { s[1].Withheld = true },
		"a drag that ends":    func(s []Step) { s[4].To = nil },
		"the other way":       func(s []Step) { s[5].ScrollY = 2 },
		"another hotkey":      func(s []Step) { s[6].Hotkey = "ctrl+w" },
	} {
		want, steps := played()
		change(steps)
		if found, missing, extra := Compare(want, steps); found != len(want)-1 || len(missing) != 1 || len(extra) != 1 {
			t.Errorf("%s: found %d, missing %v, extra %v", name, found, missing, extra)
		}
	}
}

func TestOrderAndSurplusAreSeen(t *testing.T) {
	want, steps := played()
	steps[4], steps[5] = steps[5], steps[4]
	if found, _, _ := Compare(want, steps); found != len(want)-1 {
		t.Errorf("two actions in the wrong order: found %d of %d", found, len(want))
	}
	want, steps = played()
	steps = append(steps, Step{Kind: "text", Application: "editor", Text: "never agreed"})
	if _, _, extra := Compare(want, steps); len(extra) != 1 {
		t.Errorf("surplus: got %v, want one", extra)
	}
}

func TestTypingMistakesAreTakenBack(t *testing.T) {
	for typed, want := range map[string]string{"almsot\b\b\bost": "almost", "\b\ba": "a", misspelt("1234"): "1234"} {
		if got := net(typed); got != want {
			t.Errorf("net(%q) = %q, want %q", typed, got, want)
		}
	}
}

func TestTrajectoriesAreReadInOrder(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "trajectories"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"000002.jsonl": `{"kind":"gap","reason":"edge","seconds":2}` + "\n",
		"000001.jsonl": `{"kind":"click","application":"editor","at":{"x":3,"y":4,"nx":0.1,"ny":0.2},"button":"left","count":1}` + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, "trajectories", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	steps, err := ReadSteps(dir)
	if err != nil || len(steps) != 2 || steps[0].Kind != "click" || steps[0].At.Y != 4 || steps[1].Seconds != 2 {
		t.Errorf("got %+v, %v", steps, err)
	}
}

// TestBlindedIsNoLeak: a piece is played again only for what a busy machine explains, never for something that was found or not to be recorded.
func TestBlindedIsNoLeak(t *testing.T) {
	begins, click := Step{Kind: "gap", Reason: "blind"}, Step{Kind: "click"}
	blind := []Step{begins, click, begins}
	lost := Actions{Missing: []string{`text "my <SSN>"`}, Extra: []string{`text "my " withheld=false`}}
	for name, test := range map[string]struct {
		r    Result
		want bool
	}{
		"part of a text is lost, and it is said":     {Result{Actions: lost, steps: blind}, true},
		"it is not said":                             {Result{Actions: lost, steps: []Step{begins, click}}, false},
		"nothing is missing":                         {Result{steps: blind}, false},
		"an action of another kind is there as well": {Result{Actions: Actions{Missing: lost.Missing, Extra: []string{"click left x1 at (1,2)"}}, steps: blind}, false},
		"a secret was found":                         {Result{Actions: lost, steps: blind, Canaries: []Verdict{{Found: true}}}, false},
		"something is released after a withdrawal":   {Result{Actions: lost, steps: blind, Released: 1}, false},
	} {
		if got := test.r.Blinded(); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
