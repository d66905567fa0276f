package redact

import (
	"encoding/binary"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

var le = binary.LittleEndian

// Text is found by its strokes: a cell of 8x8 pixels is active if in one of its pixels a colour channel differs by more than 4
// from the pixel right or below. 24 in four pixels would do for readable text; the low limits are for text of low
// contrast, and cost what a person does not miss: photographs. Fainter text is told from a gradient by its corners: a cell is
// active, too, in which pixels differ to the right and others below, by however little; and one in which they differ at all beside it.
const (
	cellSize   = 8
	strokeStep = 4
	padX       = cellSize / 2 // pixels beside active cells
	padY       = 2            // above and below
	holeCells  = 36           // an enclosed piece up to this size is the inside of a large letter
)

// maskVersion names the rules of masking.
const maskVersion = "strokes-2"

// masker masks pictures and encodes them. It never writes to a shot, which others may hold, too. It reuses its memory: one
// goroutine at a time.
type masker struct {
	w, h   int // cells
	active []uint8
	grown  []uint8
	label  []int32
	queue  []int32
	boxes  []area
	cover  []uint8 // for each half of a cell in a row of pixels: the number of the colour that hides it, 0 for none
	index  palette
	pixels []byte      // numbers of colours, one a pixel
	same   []bool      // for each stripe: they are those of the last picture
	rooms  [2]raw.Room // two stripes of a packed picture that lie below each other
	file   file
	recent recent
}

// forget lets go what the next picture would not be made anew of.
func (m *masker) forget() {
	m.rooms = [2]raw.Room{}
	m.recent.forget()
	m.file.forget()
}

// area is a connected piece of active cells and what surrounds it.
type area struct {
	r, g, b, n uint64
}

// find marks the cells in which something may be text, in connected pieces, and the colour around each piece.
func (m *masker) find(s *raw.Shot) {
	m.size(s)
	m.strokes(s)
	m.closeGaps()
	m.fillHoles()
	m.surround()
}

// size makes room for the cells of a picture, none of them active.
func (m *masker) size(s *raw.Shot) {
	m.w, m.h = (s.Canvas.W+cellSize-1)/cellSize, (s.Canvas.H+cellSize-1)/cellSize
	n := m.w * m.h
	m.active, m.grown, m.label = sized(m.active, n), sized(m.grown, n), sized(m.label, n)
	m.cover = sized(m.cover, 2*m.w+3)
}

func sized[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	b = b[:n]
	clear(b)
	return b
}

// band are the pixels of a stripe, rows of s.Stride bytes.
func (m *masker) band(s *raw.Shot, n int) []byte { return s.Band(n, &m.rooms[n%2]) }

// strokes finds the active cells, and the middle pixel of each cell.
func (m *masker) strokes(s *raw.Shot) {
	was, now := &m.recent.was, &m.recent.now
	now.mids = sized(now.mids, len(m.active))
	last := s.Bands() - 1
	for n := range s.Bands() {
		at := n * stripe / cellSize * m.w
		end := min(at+stripe/cellSize*m.w, len(m.active))
		if m.recent.alike(s, n) && (n == last || m.recent.alike(s, n+1)) {
			copy(m.active[at:end], was.drawn[at:])
			copy(now.mids[at:end], was.mids[at:])
			continue
		}
		rows := m.band(s, n)
		below := rows[len(rows)-4*s.Canvas.W:]
		if n < last {
			below = m.band(s, n+1)
		}
		m.strokesOf(s, rows, below, m.active[at:end])
		m.middles(s, n, rows, now.mids[at:end])
	}
	now.drawn = append(now.drawn[:0], m.active...)
	m.faint()
}

// strokesOf finds those of a stripe, below which another row lies.
func (m *masker) strokesOf(s *raw.Shot, rows, below []byte, active []uint8) {
	for y := 0; y*s.Stride < len(rows); y++ {
		row, next := rows[y*s.Stride:][:4*s.Canvas.W], below
		if rest := rows[y*s.Stride:]; len(rest) > s.Stride {
			next = rest[s.Stride:]
		}
		cells := active[y/cellSize*m.w:][:m.w]
		for cx := range cells {
			if cells[cx]&isActive == 0 {
				cells[cx] |= begins(row, next[:4*s.Canvas.W], 4*cellSize*cx)
			}
		}
	}
}

// middles takes the middle pixels of the cells of stripe n.
func (m *masker) middles(s *raw.Shot, n int, rows []byte, mids []uint32) {
	for i := range mids {
		x, y := min(i%m.w*cellSize+cellSize/2, s.Canvas.W-1), min(n*stripe+i/m.w*cellSize+cellSize/2, s.Canvas.H-1)
		mids[i] = le.Uint32(rows[(y-n*stripe)*s.Stride+4*x:])
	}
}

// What is known of a cell before faint has looked at it.
const (
	isActive  = 1 << iota // a stroke begins in it
	isBeside              // two pixels beside each other differ a little
	isBelow               // two below each other do
	hasCorner = isBeside | isBelow
)

// faint activates cells in which something is drawn that hardly differs from its ground, and leaves no cell half known.
func (m *masker) faint() {
	copy(m.grown, m.active)
	for i, k := range m.grown {
		switch {
		case k&isActive != 0 || k == hasCorner:
			m.active[i] = isActive
		case k != 0:
			m.active[i] = 0
			if m.besideCorner(i%m.w, i/m.w) {
				m.active[i] = isActive
			}
		}
	}
}

func (m *masker) besideCorner(x, y int) bool {
	for ny := max(0, y-1); ny <= min(m.h-1, y+1); ny++ {
		for nx := max(0, x-1); nx <= min(m.w-1, x+1); nx++ {
			if m.grown[ny*m.w+nx] == hasCorner {
				return true
			}
		}
	}
	return false
}

// begins tells what is drawn in the part of the row that one cell has, from byte i on. Most of a desktop is flat, which a few
// wide comparisons see.
func begins(row, below []byte, i int) (found uint8) {
	const size = 4 * cellSize
	if i+size+4 <= len(row) {
		a, b := row[i:i+size+4], below[i:i+size]
		first := le.Uint64(a)
		if first == le.Uint64(a[4:]) && first == le.Uint64(a[12:]) && first == le.Uint64(a[20:]) && first == le.Uint64(a[28:]) &&
			first == le.Uint64(b) && first == le.Uint64(b[8:]) && first == le.Uint64(b[16:]) && first == le.Uint64(b[24:]) {
			return 0
		}
	}
	last := len(row) - 4
	for end := min(i+size, len(row)); i < end; i += 4 {
		if row[i+3] == 0 {
			continue
		}
		right := min(i+4, last)
		if differs(row, i, row, right) || differs(row, i, below, i) {
			return isActive
		}
		p, q, b := le.Uint32(row[i:]), le.Uint32(row[right:]), le.Uint32(below[i:])
		if p != q && q>>24 != 0 {
			found |= isBeside
		}
		if p != b && b>>24 != 0 {
			found |= isBelow
		}
	}
	return found
}

func differs(a []byte, i int, b []byte, j int) bool {
	p, q := a[i:i+4:i+4], b[j:j+4:j+4]
	if q[3] == 0 {
		return false
	}
	const span = 2 * strokeStep
	return uint(int(p[0])-int(q[0])+strokeStep) > span || uint(int(p[1])-int(q[1])+strokeStep) > span || uint(int(p[2])-int(q[2])+strokeStep) > span
}

// closeGaps activates a cell between two active ones, in a row or in a column, and what lies diagonally between.
func (m *masker) closeGaps() {
	copy(m.grown, m.active)
	for y := range m.h {
		for x := range m.w {
			i := y*m.w + x
			if m.active[i] != 0 {
				continue
			}
			left, right := x > 0 && m.active[i-1] != 0, x+1 < m.w && m.active[i+1] != 0
			up, down := y > 0 && m.active[i-m.w] != 0, y+1 < m.h && m.active[i+m.w] != 0
			if left && right || up && down {
				m.grown[i] = 1
			}
		}
	}
	copy(m.active, m.grown)
}

// fillHoles activates small pieces that active cells enclose: the inside of large letters.
func (m *masker) fillHoles() {
	for i := range m.label {
		if m.active[i] != 0 || m.label[i] != 0 {
			continue
		}
		if piece := m.flood(int32(i), 0, -1); len(piece) <= holeCells {
			for _, j := range piece {
				m.active[j] = 1
			}
		}
	}
	clear(m.label)
}

// flood labels the piece of cells of one kind that i lies in and gives it.
func (m *masker) flood(i int32, kind uint8, label int32) []int32 {
	m.queue = append(m.queue[:0], i)
	m.label[i] = label
	for at := 0; at < len(m.queue); at++ {
		j := m.queue[at]
		x := int(j) % m.w
		for _, n := range [4]int32{j - 1, j + 1, j - int32(m.w), j + int32(m.w)} {
			if n < 0 || int(n) >= len(m.label) || n == j-1 && x == 0 || n == j+1 && x == m.w-1 {
				continue
			}
			if m.active[n] == kind && m.label[n] == 0 {
				m.label[n] = label
				m.queue = append(m.queue, n)
			}
		}
	}
	return m.queue
}

// surround gives every piece of active cells the mean colour of the quiet cells that touch it.
func (m *masker) surround() {
	m.boxes = append(m.boxes[:0], area{})
	for i := range m.active {
		if m.active[i] == 0 || m.label[i] != 0 {
			continue
		}
		label := int32(len(m.boxes))
		var a area
		for _, j := range m.flood(int32(i), 1, label) {
			x := int(j) % m.w
			for _, n := range [4]int32{j - 1, j + 1, j - int32(m.w), j + int32(m.w)} {
				if n < 0 || int(n) >= len(m.label) || n == j-1 && x == 0 || n == j+1 && x == m.w-1 || m.active[n] != 0 {
					continue
				}
				a.add(m.recent.now.mids[n])
			}
		}
		m.boxes = append(m.boxes, a)
	}
}

// add takes in the middle pixel of a quiet cell: all its pixels are about the same.
func (a *area) add(p uint32) {
	if p>>24 != 0 {
		a.b, a.g, a.r, a.n = a.b+uint64(p&0xff), a.g+uint64(p>>8&0xff), a.r+uint64(p>>16&0xff), a.n+1
	}
}

// hide notes which halves of cells a row of pixels must not show, and by which colour each is hidden: active cells
// and their margin, the later over the earlier. All rows of one third of a cell have the same cover: its first padY rows
// (which), its middle, its last padY rows.
func (m *masker) hide(cy int, which third) {
	clear(m.cover)
	if which == top && cy > 0 {
		m.hideRow(cy - 1)
	}
	m.hideRow(cy)
	if which == bottom && cy+1 < m.h {
		m.hideRow(cy + 1)
	}
}

func (m *masker) hideRow(cy int) {
	for cx, ink := range m.recent.now.inks[cy*m.w:][:m.w] {
		if ink != 0 {
			c := m.cover[2*cx:][:4] // cover begins padX before the picture
			c[0], c[1], c[2], c[3] = ink, ink, ink, ink
		}
	}
}

// third is a part of the height of a cell.
type third uint8

const (
	top third = iota
	middle
	bottom
)

func thirdOf(y int) third {
	switch y %= cellSize; {
	case y < padY:
		return top
	case y < cellSize-padY:
		return middle
	}
	return bottom
}

// colour is what hides a piece.
func (a *area) colour() uint32 {
	if a.n == 0 {
		return 0x808080
	}
	return uint32(a.r/a.n)<<16 | uint32(a.g/a.n)<<8 | uint32(a.b/a.n)
}
