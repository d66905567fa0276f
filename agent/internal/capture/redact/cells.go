package redact

import "github.com/byleave/byleave/agent/internal/capture/internal/raw"

// Text is found by its strokes: a cell of 8x8 pixels is active if in one of its pixels a colour channel differs by more than 4
// from the pixel right or below. 24 in four pixels would do for readable text; the low limits are for text of low
// contrast, and cost what a person does not miss: noise in photographs. Text of a contrast up to 4 of 255 is not found.
const (
	cellSize    = 8
	strokeStep  = 4
	strokeCount = 1
	padX        = 4  // pixels beside active cells
	padY        = 2  // above and below
	holeCells   = 36 // an enclosed piece up to this size is the inside of a large letter
)

// maskVersion names the rules of masking.
const maskVersion = "strokes-1"

// masker masks pictures. It reuses its memory: one goroutine at a time.
type masker struct {
	w, h   int // cells
	active []uint8
	grown  []uint8
	label  []int32
	queue  []int32
	line   []uint8 // for each cell of a row: strokes
	boxes  []area
	index  palette
	pixels []byte
	pool   pool
}

// area is a connected piece of active cells and what surrounds it.
type area struct {
	r, g, b, n uint64
}

// mask fills everything that may be text with the mean colour of what surrounds it, in place. Pixels with zero alpha stay.
func (m *masker) mask(s *raw.Shot) {
	m.w, m.h = (s.Canvas.W+cellSize-1)/cellSize, (s.Canvas.H+cellSize-1)/cellSize
	n := m.w * m.h
	m.active, m.grown, m.label = sized(m.active, n), sized(m.grown, n), sized(m.label, n)
	m.line = sized(m.line, m.w)
	m.strokes(s)
	m.closeGaps()
	m.fillHoles()
	m.surround(s)
	m.fill(s)
}

func sized[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	b = b[:n]
	clear(b)
	return b
}

// strokes finds the active cells.
func (m *masker) strokes(s *raw.Shot) {
	w, h := s.Canvas.W, s.Canvas.H
	for cy := range m.h {
		clear(m.line)
		for y := cy * cellSize; y < min(h, (cy+1)*cellSize); y++ {
			row := s.Pix[y*s.Stride : y*s.Stride+4*w]
			below := row
			if y+1 < h {
				below = s.Pix[(y+1)*s.Stride : (y+1)*s.Stride+4*w]
			}
			countRow(row, below, m.line)
		}
		for cx, c := range m.line {
			if c >= strokeCount {
				m.active[cy*m.w+cx] = 1
			}
		}
	}
}

// countRow adds to each cell how many pixels of the row begin a stroke.
func countRow(row, below []byte, line []uint8) {
	below = below[:len(row)]
	last := len(row) - 4
	for i := 0; i <= last; i += 4 {
		if row[i+3] == 0 {
			continue
		}
		right := min(i+4, last)
		if differs(row, i, row, right) || differs(row, i, below, i) {
			if c := &line[i/(4*cellSize)]; *c < 255 {
				*c++
			}
		}
	}
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
func (m *masker) surround(s *raw.Shot) {
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
				a.add(s, int(n)%m.w, int(n)/m.w)
			}
		}
		m.boxes = append(m.boxes, a)
	}
}

// add takes in the middle pixel of a quiet cell: all its pixels are about the same.
func (a *area) add(s *raw.Shot, cx, cy int) {
	x, y := min(cx*cellSize+cellSize/2, s.Canvas.W-1), min(cy*cellSize+cellSize/2, s.Canvas.H-1)
	p := s.Pix[y*s.Stride+4*x:][:4]
	if p[3] != 0 {
		a.b, a.g, a.r, a.n = a.b+uint64(p[0]), a.g+uint64(p[1]), a.r+uint64(p[2]), a.n+1
	}
}

// fill paints the active cells and their margin.
func (m *masker) fill(s *raw.Shot) {
	for i, on := range m.active {
		if on == 0 {
			continue
		}
		b, g, r := byte(0x80), byte(0x80), byte(0x80)
		if a := m.boxes[m.label[i]]; a.n > 0 {
			b, g, r = byte(a.b/a.n), byte(a.g/a.n), byte(a.r/a.n)
		}
		cx, cy := i%m.w*cellSize, i/m.w*cellSize
		x0, x1 := max(0, cx-padX), min(s.Canvas.W, cx+cellSize+padX)
		for y := max(0, cy-padY); y < min(s.Canvas.H, cy+cellSize+padY); y++ {
			row := s.Pix[y*s.Stride+4*x0 : y*s.Stride+4*x1]
			for k := 0; k+3 < len(row); k += 4 {
				if row[k+3] != 0 {
					row[k], row[k+1], row[k+2] = b, g, r
				}
			}
		}
	}
}
