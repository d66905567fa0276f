package export

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Manifest says what an export holds. It names no person, device, batch or time.
type Manifest struct {
	Schema    int               `json:"schema"`
	Export    string            `json:"export"` // the collector maps it to batches and consents
	Purpose   string            `json:"purpose"`
	People    int               `json:"people"`
	Boxes     int               `json:"boxes"`
	Actions   int               `json:"actions"`
	Gaps      int               `json:"gaps"`
	Frames    int               `json:"frames"`
	Missing   uint64            `json:"missing"`           // numbers of device chains that were not released: withdrawn, deleted or damaged
	Refused   map[string]int    `json:"refused,omitempty"` // boxes that were left out, by reason
	Redactors []string          `json:"redactors"`
	Files     map[string]string `json:"files"`  // name: SHA-256
	Fields    map[string]string `json:"fields"` // what each field of a step means
}

// fields is the dictionary of a step.
var fields = map[string]string{
	"kind":          "click, drag, scroll, hotkey, text, or gap",
	"application":   "id of the consented application in the policy",
	"title":         "window title, redacted",
	"canvas":        "size in pixels of the picture that coordinates are of: the window and its popups",
	"x, y":          "pixels of the canvas",
	"nx, ny":        "the same from 0 to 1",
	"to_x, to_y":    "end of a drag",
	"button, count": "mouse button; 2 is a double click",
	"scroll_x, _y":  "wheel notches, right and down positive",
	"hotkey":        "key combination, for example ctrl+s",
	"text, spans":   "typed text after all edits; class tokens such as <CARD#1> stand for what was redacted",
	"withheld":      "text was typed and none of it is given",
	"deleted":       "bucket of characters typed and deleted: 4, 8, 16, 17 (more)",
	"element":       "accessible element under the action, its name redacted, its rectangle in canvas pixels",
	"before, after": "frames: the state before the action, and after the window settled; all text masked",
	"proof":         "how the frame before is known to be older than the press: damage or slot",
	"duration_ms":   "rounded to 100",
	"reason":        "why a gap is one",
	"seconds":       "length of a gap, rounded outwards",
}

// manifest hashes every file and writes manifest.json.
func (w *writer) manifest() error {
	w.m.Files = map[string]string{}
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(w.dir, path)
		if err != nil {
			return err
		}
		sum, err := hash(path)
		w.m.Files[filepath.ToSlash(name)] = sum
		return err
	})
	if err != nil {
		return fmt.Errorf("hash the export: %w", err)
	}
	b, err := json.MarshalIndent(w.m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the manifest: %w", err)
	}
	return os.WriteFile(filepath.Join(w.dir, "manifest.json"), append(b, '\n'), 0o600)
}

func hash(path string) (_ string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
