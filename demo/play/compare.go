package play

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"regexp"
	"sort"
)

// Step is one line of an exported trajectory, as far as the demo compares it.
type Step struct {
	Kind        string                       `json:"kind"`
	Application string                       `json:"application"`
	At          *Point                       `json:"at"`
	To          *Point                       `json:"to"`
	Button      string                       `json:"button"`
	Count       int                          `json:"count"`
	ScrollX     int                          `json:"scroll_x"`
	ScrollY     int                          `json:"scroll_y"`
	Hotkey      string                       `json:"hotkey"`
	Text        string                       `json:"text"`
	Withheld    bool                         `json:"withheld"`
	Before      *Frame                       `json:"before"`
	After       *Frame                       `json:"after"`
	Reason      string                       `json:"reason"`
	Seconds     int                          `json:"seconds"`
	Spans       []struct{ Class string }     `json:"spans"`
	Canvas      *struct{ Width, Height int } `json:"canvas"`
}

// Point is in pixels of the window.
type Point struct{ X, Y int }

// Frame names a picture, or says why there is none.
type Frame struct {
	File     string `json:"file"`
	Withheld string `json:"withheld"`
	Proof    string `json:"proof"`
}

// ReadSteps reads every trajectory of an export, in order.
func ReadSteps(export string) ([]Step, error) {
	names, err := filepath.Glob(filepath.Join(export, "trajectories", "*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("read the export: %w", err)
	}
	sort.Strings(names)
	var out []Step
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the export: %w", err)
		}
		sc := bufio.NewScanner(bytes.NewReader(b))
		sc.Buffer(nil, len(b)+1)
		for sc.Scan() {
			var s Step
			if err := json.Unmarshal(sc.Bytes(), &s); err != nil {
				return nil, fmt.Errorf("read the export: %w", err)
			}
			out = append(out, s)
		}
	}
	return out, nil
}

// slop is how far a point may lie from where the person pointed, in pixels.
const slop = 3

var (
	token = regexp.MustCompile(`<([A-Z]+)#\d+>`)
	keys  = regexp.MustCompile(`<(?:SECRET|TOKEN|KEY)>`)
)

// actions are the steps without gaps, neighbouring text joined, tokens without their numbers.
func actions(steps []Step) []Step {
	var out []Step
	for _, s := range steps {
		if s.Kind == "gap" {
			continue
		}
		s.Text = keys.ReplaceAllString(token.ReplaceAllString(s.Text, "<$1>"), "<KEY>")
		if n := len(out); n > 0 && s.Kind == "text" && out[n-1].Kind == "text" {
			out[n-1].Text += s.Text
			out[n-1].Withheld = out[n-1].Withheld || s.Withheld
			continue
		}
		out = append(out, s)
	}
	return out
}

// Compare looks for each wanted action in the export, in order, and says which are missing and which are there and were not wanted.
func Compare(want []Want, steps []Step) (found int, missing, extra []string) {
	got := actions(steps)
	n, m := len(want), len(got)
	// The longest common subsequence: one action that is missing does not hide those behind it.
	best := make([][]int, n+1)
	for i := range best {
		best[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			best[i][j] = max(best[i+1][j], best[i][j+1])
			if same(want[i], got[j]) {
				best[i][j] = max(best[i][j], 1+best[i+1][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < n && j < m {
		switch {
		case same(want[i], got[j]) && best[i][j] == 1+best[i+1][j+1]:
			found, i, j = found+1, i+1, j+1
		case best[i+1][j] >= best[i][j+1]:
			missing, i = append(missing, want[i].String()), i+1
		default:
			extra, j = append(extra, got[j].String()), j+1
		}
	}
	for ; i < n; i++ {
		missing = append(missing, want[i].String())
	}
	for ; j < m; j++ {
		extra = append(extra, got[j].String())
	}
	return found, missing, extra
}

// same tells whether a step is the wanted action: kind, application and target.
func same(w Want, s Step) bool {
	if w.Kind != s.Kind || s.Application != "editor" {
		return false
	}
	switch w.Kind {
	case "click":
		return w.Button == s.Button && w.Count == s.Count && nearby(w.At, s.At)
	case "drag":
		return nearby(w.At, s.At) && nearby(w.To, s.To)
	case "scroll":
		return w.ScrollX == s.ScrollX && w.ScrollY == s.ScrollY && nearby(w.At, s.At)
	case "hotkey":
		return w.Hotkey == s.Hotkey
	case "text":
		return w.Text == s.Text && !s.Withheld
	}
	return false
}

func nearby(p image.Point, q *Point) bool {
	return q != nil && max(p.X-q.X, q.X-p.X) <= slop && max(p.Y-q.Y, q.Y-p.Y) <= slop
}

// String says what the person did.
func (w Want) String() string {
	switch w.Kind {
	case "click":
		return fmt.Sprintf("click %s x%d at %v", w.Button, w.Count, w.At)
	case "drag":
		return fmt.Sprintf("drag %v to %v", w.At, w.To)
	case "scroll":
		return fmt.Sprintf("scroll %d,%d at %v", w.ScrollX, w.ScrollY, w.At)
	case "hotkey":
		return "hotkey " + w.Hotkey
	}
	return fmt.Sprintf("%s %q", w.Kind, w.Text)
}

// String says what the export holds.
func (s Step) String() string {
	switch s.Kind {
	case "click":
		return fmt.Sprintf("click %s x%d at %v", s.Button, s.Count, s.At)
	case "drag":
		return fmt.Sprintf("drag %v to %v", s.At, s.To)
	case "scroll":
		return fmt.Sprintf("scroll %d,%d at %v", s.ScrollX, s.ScrollY, s.At)
	case "hotkey":
		return "hotkey " + s.Hotkey
	}
	return fmt.Sprintf("%s %q withheld=%v", s.Kind, s.Text, s.Withheld)
}

// String writes a point as image.Point does.
func (p *Point) String() string {
	if p == nil {
		return "nowhere"
	}
	return image.Pt(p.X, p.Y).String()
}
