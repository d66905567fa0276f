package redact

import (
	"cmp"
	"hash/maphash"
	"image"
	"slices"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// Limits of what is taken for a line of text, in pixels.
const (
	leastLetter = 5  // lower marks are dots, commas and accents: they join a line, and make none
	mostLetter  = 60 // higher pieces are frames and pictures
	mostLines   = 400
	mostRows    = 800
	linePad     = 2 // ground around a line that belongs to it
)

// levels is how many shades lie between the ground of a line and its text. What differs from the ground by less than the first
// shade is shown as ground: nothing fainter than what the reader saw is ever shown.
const levels = 6

// textLine is what looks like one line of text. It holds shades, not colours: the reader sees them, and what is shown again is drawn
// from them. One without shades is known by its place alone: it is never read or shown, but may be the label of another.
type textLine struct {
	box    image.Rectangle // in pixels of the picture, with its pad
	ground uint32
	ink    uint32
	shades []byte // one a pixel of box, 0 for ground; nil if nobody can read it
	key    uint64

	read bool // else nobody knows what it says
	text string
	sure float64
}

// blob is a connected piece of edges.
type blob struct {
	image.Rectangle
	pixels int
}

// layout finds lines of text under a mask. It reuses its memory: one goroutine at a time.
type layout struct {
	seed   maphash.Seed
	marks  []byte // one a pixel: see below
	stack  []int32
	blobs  []blob
	specks []blob
	rows   []image.Rectangle
	open   []int
	lines  []textLine
	arena  []byte
}

// What is known of a pixel.
const (
	anEdge  byte = iota + 1 // not looked at yet
	ofText                  // of a piece that may be text
	ofOther                 // of a frame, a rule, a picture
)

// find gives the lines under the mask of s, from the top. They are valid until the next call.
func (l *layout) find(m *masker, s *raw.Shot) []textLine {
	if l.seed == (maphash.Seed{}) {
		l.seed = maphash.MakeSeed()
	}
	l.edges(m, s)
	l.pieces(s.Canvas.W, s.Canvas.H)
	l.group()
	l.attach()
	l.room()
	if len(l.rows) > mostRows {
		return nil // what stands beside what is too much to find out
	}
	for i, r := range l.rows {
		switch {
		case i >= mostLines:
			l.lines = append(l.lines, textLine{box: r})
		case !l.add(s, r) && r.Dx() > r.Dy():
			l.lines = append(l.lines, textLine{box: r, read: true})
		}
	}
	slices.SortFunc(l.lines, func(a, b textLine) int {
		return cmp.Or(cmp.Compare(a.box.Min.Y, b.box.Min.Y), cmp.Compare(a.box.Min.X, b.box.Min.X))
	})
	return l.lines
}

// room makes the arena large enough for all rows: a line's shades stay where they are.
func (l *layout) room() {
	need := 0
	for _, r := range l.rows {
		need += (r.Dx() + 2*linePad) * (r.Dy() + 2*linePad)
	}
	clear(l.arena[:cap(l.arena)])
	if cap(l.arena) < need {
		l.arena = make([]byte, 0, need)
	}
	l.lines, l.arena = l.lines[:0], l.arena[:0]
}

// forget overwrites what was seen.
func (l *layout) forget() {
	clear(l.arena[:cap(l.arena)])
	clear(l.marks)
	clear(l.lines[:cap(l.lines)])
	l.lines, l.arena = l.lines[:0], l.arena[:0]
}

// edges marks the pixels of active cells in which a stroke begins.
func (l *layout) edges(m *masker, s *raw.Shot) {
	w, h := s.Canvas.W, s.Canvas.H
	l.marks = sized(l.marks, w*h)
	for y := range h {
		row := s.Pix[y*s.Stride:][:4*w]
		below := row
		if y+1 < h {
			below = s.Pix[(y+1)*s.Stride:][:4*w]
		}
		for cx, on := range m.active[y/cellSize*m.w:][:m.w] {
			if on == 0 {
				continue
			}
			for x := cx * cellSize; x < min(w, (cx+1)*cellSize); x++ {
				if i := 4 * x; row[i+3] != 0 && (differs(row, i, row, min(i+4, 4*w-4)) || differs(row, i, below, i)) {
					l.marks[y*w+x] = anEdge
				}
			}
		}
	}
}

// pieces collects connected edges: letters and words, the marks that belong to them, and the rest.
func (l *layout) pieces(w, h int) {
	l.blobs, l.specks = l.blobs[:0], l.specks[:0]
	for i, k := range l.marks {
		if k != anEdge {
			continue
		}
		b := l.flood(i, w, h)
		kind := ofText
		switch {
		case b.other():
			kind = ofOther
		case b.Dy() < leastLetter:
			l.specks = append(l.specks, b)
		default:
			l.blobs = append(l.blobs, b)
		}
		for _, j := range l.stack {
			l.marks[j] = kind
		}
	}
}

// flood collects the piece that pixel i lies in.
func (l *layout) flood(i, w, h int) blob {
	b := blob{Rectangle: image.Rect(i%w, i/w, i%w+1, i/w+1)}
	l.stack = append(l.stack[:0], int32(i))
	l.marks[i] = ofOther
	for at := 0; at < len(l.stack); at++ {
		j := int(l.stack[at])
		x, y := j%w, j/w
		b.Min.X, b.Max.X, b.Max.Y = min(b.Min.X, x), max(b.Max.X, x+1), max(b.Max.Y, y+1)
		for ny := max(0, y-1); ny <= min(h-1, y+1); ny++ {
			for nx := max(0, x-1); nx <= min(w-1, x+1); nx++ {
				if n := ny*w + nx; l.marks[n] == anEdge {
					l.marks[n] = ofOther
					l.stack = append(l.stack, int32(n))
				}
			}
		}
	}
	b.pixels = len(l.stack)
	return b
}

// other tells of a piece that is no text: too high, a rule, or the frame around something.
func (b *blob) other() bool {
	w, h := b.Dx(), b.Dy()
	return h > mostLetter || h <= 3 && w > 24 || w <= 3 && h > 32 || w > 48 && h > 12 && 5*b.pixels < w*h
}

// group joins letters that stand beside each other into rows. A gap as wide as the letters are high ends one.
func (l *layout) group() {
	slices.SortFunc(l.blobs, func(a, b blob) int { return cmp.Or(cmp.Compare(a.Min.X, b.Min.X), cmp.Compare(a.Min.Y, b.Min.Y)) })
	l.rows, l.open = l.rows[:0], l.open[:0]
	for _, b := range l.blobs {
		best, room := -1, 0
		live := l.open[:0]
		for _, i := range l.open {
			r := l.rows[i]
			if r.Max.X+mostLetter < b.Min.X {
				continue
			}
			live = append(live, i)
			shared := min(r.Max.Y, b.Max.Y) - max(r.Min.Y, b.Min.Y)
			if b.Min.X-r.Max.X > min(r.Dy(), max(b.Dy(), 10)) || 2*shared < min(r.Dy(), b.Dy()) {
				continue
			}
			if shared > room {
				best, room = i, shared
			}
		}
		l.open = live
		if best < 0 {
			l.rows = append(l.rows, b.Rectangle)
			l.open = append(l.open, len(l.rows)-1)
			continue
		}
		l.rows[best] = l.rows[best].Union(b.Rectangle)
	}
}

// attach gives dots, commas and accents to the row that they stand in.
func (l *layout) attach() {
	for _, b := range l.specks {
		for i, r := range l.rows {
			around := image.Rect(r.Min.X-r.Dy()/2, r.Min.Y-r.Dy()/3, r.Max.X+r.Dy()/2, r.Max.Y+r.Dy()/3)
			if b.Overlaps(around) {
				l.rows[i] = r.Union(b.Rectangle)
				break
			}
		}
	}
}

// add makes a line of a row, if its ground is one colour and nothing else reaches into it.
func (l *layout) add(s *raw.Shot, r image.Rectangle) bool {
	w := s.Canvas.W
	whole := image.Rect(0, 0, w, s.Canvas.H)
	if r.Dy() > mostLetter+mostLetter/2 || r.Dx() < r.Dy() || !r.In(whole.Inset(1)) {
		return false // what touches the border of the picture may be a part only
	}
	box := l.padded(r, whole)
	ground, ok := groundOf(s, box)
	if !ok {
		return false
	}
	line := textLine{box: box, ground: ground}
	most := 0
	for y := box.Min.Y; y < box.Max.Y; y++ {
		row := s.Pix[y*s.Stride:]
		for x := box.Min.X; x < box.Max.X; x++ {
			c := le.Uint32(row[4*x:])
			if c>>24 == 0 || l.marks[y*w+x] == ofOther {
				return false
			}
			if d := distance(c, ground); d > most {
				most, line.ink = d, c&0xffffff
			}
		}
	}
	if most <= strokeStep {
		return false
	}
	line.shades = l.shade(s, box, ground, most)
	var h maphash.Hash
	h.SetSeed(l.seed)
	h.WriteByte(byte(box.Dx()))
	h.WriteByte(byte(box.Dx() >> 8))
	h.Write(line.shades)
	line.key = h.Sum64()
	l.lines = append(l.lines, line)
	return true
}

// padded adds the ground around a row, as far as it is free.
func (l *layout) padded(r, whole image.Rectangle) image.Rectangle {
	free := func(side image.Rectangle) bool {
		if !side.In(whole) {
			return false
		}
		for y := side.Min.Y; y < side.Max.Y; y++ {
			for _, k := range l.marks[y*whole.Dx()+side.Min.X : y*whole.Dx()+side.Max.X] {
				if k == ofOther {
					return false
				}
			}
		}
		return true
	}
	for range linePad {
		if free(image.Rect(r.Min.X-1, r.Min.Y, r.Min.X, r.Max.Y)) {
			r.Min.X--
		}
		if free(image.Rect(r.Max.X, r.Min.Y, r.Max.X+1, r.Max.Y)) {
			r.Max.X++
		}
		if free(image.Rect(r.Min.X, r.Min.Y-1, r.Max.X, r.Min.Y)) {
			r.Min.Y--
		}
		if free(image.Rect(r.Min.X, r.Max.Y, r.Max.X, r.Max.Y+1)) {
			r.Max.Y++
		}
	}
	return r
}

// shade writes the shades of a box into the arena.
func (l *layout) shade(s *raw.Shot, box image.Rectangle, ground uint32, most int) []byte {
	at := len(l.arena)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		row := s.Pix[y*s.Stride:]
		for x := box.Min.X; x < box.Max.X; x++ {
			d := distance(le.Uint32(row[4*x:]), ground)
			l.arena = append(l.arena, byte(min(levels-1, d*(2*levels-1)/(2*most))))
		}
	}
	return l.arena[at:len(l.arena):len(l.arena)]
}

// distance is how far two colours differ in the channel in which they differ most.
func distance(a, b uint32) int {
	most := 0
	for shift := 0; shift < 24; shift += 8 {
		d := int(a>>shift&0xff) - int(b>>shift&0xff)
		most = max(most, d, -d)
	}
	return most
}

// groundOf is the one colour that more than half of a box has, or almost has.
func groundOf(s *raw.Shot, box image.Rectangle) (uint32, bool) {
	var c uint32
	votes := 0
	each := func(f func(uint32)) {
		for y := box.Min.Y; y < box.Max.Y; y++ {
			row := s.Pix[y*s.Stride:]
			for x := box.Min.X; x < box.Max.X; x++ {
				f(le.Uint32(row[4*x:]) & 0xffffff)
			}
		}
	}
	each(func(p uint32) {
		switch {
		case p == c:
			votes++
		case votes == 0:
			c, votes = p, 1
		default:
			votes--
		}
	})
	n := 0
	each(func(p uint32) {
		if p == c {
			n++
		}
	})
	return c, 2*n > box.Dx()*box.Dy()
}

// gray is the line as a reader takes it, dark on light with a margin. All that will be shown is dark enough to be seen.
func (t *textLine) gray() *image.Gray {
	const margin = 6
	darkness := [levels]byte{255, 130, 95, 60, 30, 0}
	w, h := t.box.Dx(), t.box.Dy()
	g := image.NewGray(image.Rect(0, 0, w+2*margin, h+2*margin))
	for i := range g.Pix {
		g.Pix[i] = 255
	}
	for y := range h {
		out := g.Pix[(y+margin)*g.Stride+margin:]
		for x, s := range t.shades[y*w:][:w] {
			out[x] = darkness[s]
		}
	}
	return g
}

// colour is what a shade of the line is drawn in.
func (t *textLine) colour(shade byte) uint32 {
	var c uint32
	for shift := 0; shift < 24; shift += 8 {
		from, to := int(t.ground>>shift&0xff), int(t.ink>>shift&0xff)
		c |= uint32(from+(to-from)*int(shade)/(levels-1)) << shift
	}
	return c
}
