package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// want is one action that the export must show.
type want struct {
	kind   string
	text   string // text: after all edits, with * for each class token
	hotkey string
	count  int
	x, y   int // screen pixels, as the person was told
}

func (w want) String() string {
	switch w.kind {
	case "text":
		return fmt.Sprintf("text %q", w.text)
	case "hotkey":
		return "hotkey " + w.hotkey
	case "click":
		return fmt.Sprintf("click ×%d at %d,%d", w.count, w.x, w.y)
	}
	return w.kind
}

// line is one line of an exported trajectory.
type line struct {
	Kind, Application, Hotkey, Reason, Button string
	Text                                      *string
	Withheld                                  bool
	Count                                     int
	At                                        *struct{ X, Y int }
	Canvas                                    *struct{ Width, Height int }
	Before, After                             *struct{ File, Withheld string }
	Seconds                                   int64
}

// readExport reads every trajectory of an export.
func readExport(dir string) ([]line, error) {
	names, err := filepath.Glob(filepath.Join(dir, "trajectories", "*.jsonl"))
	if err != nil {
		return nil, err
	}
	var lines []line
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		sc := bufio.NewScanner(f)
		sc.Buffer(nil, 1<<22)
		for sc.Scan() {
			var l line
			if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			lines = append(lines, l)
		}
		if err := sc.Err(); err != nil {
			return nil, err
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	return joinText(lines), nil
}

// joinText makes one line of text runs that follow each other: where the redactor cut them is its own business.
func joinText(lines []line) []line {
	var out []line
	for _, l := range lines {
		if n := len(out); n > 0 && l.Kind == "text" && out[n-1].Kind == "text" && l.Text != nil && out[n-1].Text != nil {
			joined := *out[n-1].Text + *l.Text
			out[n-1].Text, out[n-1].After = &joined, l.After
			continue
		}
		out = append(out, l)
	}
	return out
}

// token is a class token, as <CARD#1>.
var token = regexp.MustCompile(`<[A-Z]+#[0-9]+>`)

// is tells whether a line of the export shows the wanted action: its kind, and its target.
func (w want) is(l line, origin, size [2]int) bool {
	if l.Kind != w.kind {
		return false
	}
	if w.kind == "gap" {
		return l.Reason == "edge" || l.Reason == "not_agreed"
	}
	if l.Application != "editor" {
		return false
	}
	switch w.kind {
	case "text":
		return l.Text != nil && token.ReplaceAllString(*l.Text, "*") == w.text
	case "hotkey":
		return l.Hotkey == w.hotkey
	case "click":
		if l.Count != w.count {
			return false
		}
	}
	return l.At != nil && l.Canvas != nil && near(l, w, origin, size)
}

// near tells whether the point fits. Where a menu widens the canvas, its origin is not in the export, and only the bounds are checked.
func near(l line, w want, origin, size [2]int) bool {
	if l.Canvas.Width != size[0] || l.Canvas.Height != size[1] {
		return l.At.X >= 0 && l.At.Y >= 0 && l.At.X < l.Canvas.Width && l.At.Y < l.Canvas.Height
	}
	const slack = 3
	dx, dy := l.At.X+origin[0]-w.x, l.At.Y+origin[1]-w.y
	return dx >= -slack && dx <= slack && dy >= -slack && dy <= slack
}

// match finds the wanted actions in the export, in order, and says which are missing.
func match(wants []want, lines []line, origin, size [2]int) (found int, missing []string) {
	at := 0
	for _, w := range wants {
		hit := -1
		for i := at; i < len(lines); i++ {
			if w.is(lines[i], origin, size) {
				hit = i
				break
			}
		}
		if hit < 0 {
			missing = append(missing, w.String())
			continue
		}
		found++
		at = hit + 1
	}
	return found, missing
}

// describe is a line for a person who looks for what is missing.
func describe(l line) string {
	var b strings.Builder
	b.WriteString(l.Kind)
	if l.Text != nil {
		fmt.Fprintf(&b, " %q", *l.Text)
	}
	if l.Withheld {
		b.WriteString(" withheld")
	}
	if l.At != nil {
		fmt.Fprintf(&b, " ×%d at %d,%d of %v", l.Count, l.At.X, l.At.Y, *l.Canvas)
	}
	if l.Kind == "gap" {
		fmt.Fprintf(&b, " %s %d s", l.Reason, l.Seconds)
	}
	return b.String() + l.Hotkey
}
