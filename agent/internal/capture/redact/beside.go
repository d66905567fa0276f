package redact

import "image"

// rows knows which line stands beside which. A small piece that nobody can read, an icon or a bullet, hides no label behind it: each line has
// also the neighbours that are none.
type rows struct {
	near, past sides
	text       []byte
}

// sides are the nearest lines of each, -1 for none.
type sides struct{ left, right, above, below []int }

func (r *rows) forget() { clear(r.text[:cap(r.text)]) }

// of finds the neighbours of all lines.
func (r *rows) of(lines []textLine) {
	r.near.of(lines, func(t *textLine) bool { return t.shades != nil })
	r.past.of(lines, func(t *textLine) bool { return t.shades != nil && !t.mark() })
}

// of finds the neighbours among some lines.
func (r *sides) of(lines []textLine, some func(*textLine) bool) {
	n := len(lines)
	r.left, r.right, r.above, r.below = sized(r.left, n), sized(r.right, n), sized(r.above, n), sized(r.below, n)
	for i := range lines {
		a := lines[i].box
		r.left[i], r.right[i], r.above[i], r.below[i] = -1, -1, -1, -1
		nearer := func(best *int, gap func(image.Rectangle) int, j int) {
			if g := gap(lines[j].box); g >= -2*linePad && (*best < 0 || g < gap(lines[*best].box)) {
				*best = j
			}
		}
		for j := range lines {
			if j == i || !some(&lines[j]) {
				continue
			}
			b := lines[j].box
			if inRow(a, b) {
				nearer(&r.left[i], func(c image.Rectangle) int { return a.Min.X - c.Max.X }, j)
				nearer(&r.right[i], func(c image.Rectangle) int { return c.Min.X - a.Max.X }, j)
			}
			if inColumn(a, b) {
				nearer(&r.above[i], func(c image.Rectangle) int { return a.Min.Y - c.Max.Y }, j)
				nearer(&r.below[i], func(c image.Rectangle) int { return c.Min.Y - a.Max.Y }, j)
			}
		}
	}
}

// inRow tells whether two lines stand beside each other, inColumn whether one stands above the other.
func inRow(a, b image.Rectangle) bool {
	return 2*(min(a.Max.Y, b.Max.Y)-max(a.Min.Y, b.Min.Y)) >= min(a.Dy(), b.Dy())
}

func inColumn(a, b image.Rectangle) bool { return a.Min.X < b.Max.X && b.Min.X < a.Max.X }

// mute tells that nobody could read the line.
func (t *textLine) mute() bool { return t.read && (t.sure < leastGuess || t.text == "") }

// mark tells of what nobody could read and is too short for a label.
func (t *textLine) mark() bool { return t.mute() && t.box.Dx() <= 3*t.box.Dy() }

// blind tells whether something may be the label of line i, or go on in it, of which nobody knows what it says: a neighbour that was not
// read, or one left of it or close above that could not be read. What is no line for any reader can be both.
func (v *reveal) blind(lines []textLine, i int) bool {
	t := lines[i].box
	for _, s := range [...]*sides{&v.rows.near, &v.rows.past} {
		for side, j := range [...]int{s.left[i], s.above[i], s.right[i], s.below[i]} {
			if j >= 0 && nearby(t, lines[j].box) && (!lines[j].read || side < 2 && lines[j].mute() && !lines[j].mark()) {
				return true
			}
		}
	}
	for j := range lines {
		n := &lines[j]
		b := n.box
		if n.shades != nil || n.mark() || !nearby(t, b) {
			continue
		}
		if inRow(t, b) && (!n.read || b.Min.X < t.Min.X) || inColumn(t, b) && (!n.read || b.Min.Y < t.Min.Y) {
			return true
		}
	}
	return false
}

// nearby tells whether one line is near enough to another to be its label, or to be gone on in it.
func nearby(a, b image.Rectangle) bool {
	across, down := max(a.Min.X-b.Max.X, b.Min.X-a.Max.X), max(a.Min.Y-b.Max.Y, b.Min.Y-a.Max.Y)
	return across < 16*a.Dy() && down < 2*a.Dy()
}
