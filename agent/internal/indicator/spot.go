package indicator

import (
	"encoding/json"
	"image"
	"os"
)

// spot is where the person wants the mark: the corner of it that stays when its words change. The zero spot is the usual
// place, below the top right corner of the first monitor and of its panels.
type spot struct {
	Set  bool `json:"set"`
	Left bool `json:"left"` // X is the mark's left edge, else the right one
	X    int  `json:"x"`
	Y    int  `json:"y"` // top edge
}

// spotAt is the spot of a mark at r: on the left half of its monitor the left edge stays, on the right half the right one.
func spotAt(r image.Rectangle, monitors []image.Rectangle) spot {
	s := spot{Set: true, X: r.Max.X, Y: r.Min.Y}
	m := nearest(r, monitors)
	if r.Min.X-m.Min.X < m.Max.X-r.Max.X {
		s.Left, s.X = true, r.Min.X
	}
	return s
}

// on is where the upper left corner of a mark of that width goes: at the spot, moved as little as needed to lie wholly on
// one monitor. desk is what panels leave free of the screen, if that is known.
func (s spot) on(monitors []image.Rectangle, desk image.Rectangle, width int) image.Point {
	if !s.Set {
		first := monitors[0]
		if free := first.Intersect(desk); !free.Empty() {
			first = free
		}
		s = spot{X: first.Max.X - margin, Y: first.Min.Y + margin}
	}
	r := image.Rect(0, 0, width, side).Add(image.Pt(s.X, s.Y))
	if !s.Left {
		r = r.Sub(image.Pt(width, 0))
	}
	m := nearest(r, monitors)
	return image.Pt(max(min(r.Min.X, m.Max.X-width), m.Min.X), max(min(r.Min.Y, m.Max.Y-side), m.Min.Y))
}

// nearest is the monitor that the middle of r is nearest to.
func nearest(r image.Rectangle, monitors []image.Rectangle) image.Rectangle {
	x, y := (r.Min.X+r.Max.X)/2, (r.Min.Y+r.Max.Y)/2
	best, least := monitors[0], -1
	for _, m := range monitors {
		dx, dy := max(m.Min.X-x, 0, x-m.Max.X+1), max(m.Min.Y-y, 0, y-m.Max.Y+1)
		if d := dx*dx + dy*dy; least < 0 || d < least {
			best, least = m, d
		}
	}
	return best
}

// readSpot is the remembered spot; whatever the file holds, the mark can be shown.
func readSpot(file string) (s spot) {
	b, err := os.ReadFile(file)
	const far = 1 << 15 // no X screen is larger
	if err != nil || json.Unmarshal(b, &s) != nil || s.X < -far || s.X > far || s.Y < -far || s.Y > far {
		return spot{}
	}
	return s
}

// save remembers the spot. That it cannot is no loss worth a word: the mark stands where it was put until the agent ends.
func (s spot) save(file string) {
	if file == "" {
		return
	}
	b, err := json.Marshal(s)
	if err != nil {
		return
	}
	if os.WriteFile(file+".new", b, 0o600) == nil {
		_ = os.Rename(file+".new", file)
	}
}
