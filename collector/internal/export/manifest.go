package export

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
)

// Manifest says what an export holds. It names no person, device, batch or time.
type Manifest struct {
	Schema       int               `json:"schema"`
	Export       string            `json:"export"`   // fresh for this export
	Releases     []string          `json:"releases"` // what the collector and its ledger call it; more than one if it was resumed
	Format       Format            `json:"format"`
	Purpose      string            `json:"purpose"`
	Applications []string          `json:"applications,omitempty"` // what was done in others was left out; not there: nothing was left out so
	People       int               `json:"people"`
	Boxes        int               `json:"boxes"`
	Actions      int               `json:"actions"`
	Gaps         int               `json:"gaps"`
	Tasks        int               `json:"tasks"`
	Cut          int               `json:"cut"` // boxes from which their person took something before they left
	Frames       int               `json:"frames"`
	Missing      uint64            `json:"missing"`              // numbers of device chains that were not released: withdrawn, deleted or damaged
	Refused      map[string]int    `json:"refused,omitempty"`    // boxes that were left out, by reason
	RefusedAt    []Refusal         `json:"refused_at,omitempty"` // which they were, by their place in the last release; at most 1,000
	Policies     []string          `json:"policies"`             // SHA-256 of the policies that people agreed to
	Redactors    []string          `json:"redactors"`            // at most 200
	Counts       Counts            `json:"counts"`               // of what the steps are
	Files        map[string]string `json:"files"`                // name: SHA-256
	Fields       map[string]string `json:"fields"`               // what each field of a step means
}

// Refusal names a box that was left out. It holds nothing of the box.
type Refusal struct {
	Box int    `json:"box"` // from 0
	Why string `json:"why"`
}

// fieldsOf is the dictionary of a step in a format.
func fieldsOf(f Format) map[string]string {
	all := maps.Clone(fields)
	switch f {
	case Parquet:
		all["file"] = "name of a picture: one name is one picture"
		all["before_image, after_image"] = "the pictures that before and after name: the bytes of a PNG, and its name as path"
	case WebDataset:
		all["file"] = "name of a picture: one name is one picture"
		all["before.png, after.png"] = "the pictures that before and after name, in the same sample"
	}
	return all
}

// fields is what they have in common, and what is in JSON lines.
var fields = map[string]string{
	"person":        "number of the person in this export, and of their file; a split by person keeps each number on one side",
	"session":       "number of the run of the agent, from 1 in each trajectory; class tokens keep their numbers within it",
	"kind":          "click, drag, scroll, hotkey, text, task, or gap",
	"application":   "id of the consented application in the policy",
	"title":         "window title, redacted",
	"canvas":        "size in pixels of the picture that coordinates are of: the window and its popups",
	"screen":        "the whole screen: width and height in pixels, x and y of the canvas's upper left corner on it, scale of what is drawn (1.5: half as large again)",
	"x, y":          "pixels of the canvas",
	"nx, ny":        "the same from 0 to 1",
	"at, to":        "where the action was, and where a drag ended",
	"button, count": "mouse button; 2 is a double click",
	"scroll_x, _y":  "wheel notches, right and down positive",
	"hotkey":        "key combination, for example ctrl+s; of a click, drag or scroll the keys that were held, for example ctrl",
	"text, spans":   "typed text after all edits; class tokens such as <CARD#1> stand for what was redacted; start and end count bytes of UTF-8, length is a bucket: 4, 8, 16, 17 (more)",
	"withheld":      "text was typed and none of it is given",
	"deleted":       "bucket of characters typed and deleted: 4, 8, 16, 17 (more)",
	"element":       "accessible element under the action, its name redacted, its rectangle in canvas pixels",
	"before, after": "frames: the state before the action, and after the window settled; all text masked",
	"proof":         "how the frame before is known to be older than the press: damage or slot; after: settled, or cap if the window was not seen to settle by then",
	"file":          "path of a frame in this export",
	"age_ms":        "before: how old the frame was at the press; after: how long the window took to settle; rounded to 100",
	"duration_ms":   "how long the action took, rounded to 100",
	"instruction":   "what the person said that they begin, redacted",
	"outcome":       "of a task: started, done or failed",
	"reason":        "why a gap is one; deleted: the person took something out of what follows, up to the next box; other_application: what was done meanwhile is left out of this export",
	"seconds":       "length of a gap, rounded outwards; not known of deleted and other_application",
}

const manifestName = "manifest.json"

// manifest hashes every file and writes manifest.json.
func (w *writer) manifest() error {
	w.m.Files = map[string]string{}
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == partsDir {
				return fs.SkipDir
			}
			return nil
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
	return writeFile(filepath.Join(w.dir, manifestName), append(b, '\n'))
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
