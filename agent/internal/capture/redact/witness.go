package redact

import (
	"image"
	"strings"
	"unicode"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// witness is what the application says of its window, in pixels of the picture. It can only forbid: what it says is no proof, for it
// may be late, wrong or a lie. One thing is believed where nothing typed may be shown: that a line which was read in the pixels is
// a label of the program's own, because it says the same in the same place.
type witness struct {
	asked   bool
	labels  []spoken
	cells   []spoken
	secrets []image.Rectangle
}

// spoken is the name of an element and where it stands.
type spoken struct {
	image.Rectangle
	text string // folded, letters and digits alone
	bad  bool   // the engine finds something in it
}

// hear takes in what was said of a shot.
func (r *Redactor) hear(w *witness, s *raw.Shot) {
	w.labels, w.cells, w.secrets, w.asked = w.labels[:0], w.cells[:0], w.secrets[:0], s.Said != nil
	if !w.asked {
		return
	}
	box := func(b raw.Rect) image.Rectangle {
		return image.Rect(b.X, b.Y, b.X+b.W, b.Y+b.H).Sub(image.Pt(s.Canvas.X, s.Canvas.Y))
	}
	of := func(e raw.Element) spoken {
		return spoken{box(e.Rect), skeleton(e.Name), len(r.engine.scan([]byte(plain(e.Name)))) > 0}
	}
	for _, e := range s.Said.Labels {
		w.labels = append(w.labels, of(e))
	}
	for _, e := range s.Said.Cells {
		w.cells = append(w.cells, of(e))
	}
	for _, b := range s.Said.Secrets {
		w.secrets = append(w.secrets, box(b))
	}
}

// forbids tells whether a line may not be shown for what the application says: something hidden can be typed there, or what was read
// is not what is said to stand there, or the engine finds something in that. Where nothing typed may be shown, only a label may.
func (w *witness) forbids(t *textLine, typed bool) bool {
	for _, b := range w.secrets {
		if b.Overlaps(t.box) {
			return true
		}
	}
	said := false
	for _, of := range [...]struct {
		elements []spoken
		own      bool
	}{{w.labels, true}, {w.cells, false}} {
		for _, e := range of.elements {
			if !t.box.Inset(2 * linePad).In(e.Rectangle) {
				continue
			}
			if e.bad || !strings.Contains(e.text, skeleton(t.text)) {
				return true
			}
			said = said || of.own
		}
	}
	return !typed && !said
}

// skeleton is what of a text must be equal where two have read it: small letters and digits, those that are taken for others as one.
func skeleton(text string) string {
	var f folded
	f.fold([]byte(text))
	var b strings.Builder
	for _, c := range strings.ToLower(string(f.text)) {
		switch {
		case strings.ContainsRune("il1|!", c):
			b.WriteByte('l')
		case c == '0':
			b.WriteByte('o')
		case unicode.IsLetter(c) || unicode.IsDigit(c):
			b.WriteRune(c)
		}
	}
	return b.String()
}
