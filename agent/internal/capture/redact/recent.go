package redact

import (
	"hash/maphash"
	"slices"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/proto/pb"
)

// recent holds the last masked frames under a keyed hash of the pixels that they were made of: what is seen after one action
// is often what is seen before the next. Of the last picture it also knows where something was drawn, stripe by stripe: mostly a caret or a
// line is all that a picture has new. It lies in RAM only and is forgotten whenever the focus or the permit goes.
type recent struct {
	seed   maphash.Seed
	frames [4]known
	next   int

	of    *raw.Shot // the picture that is being masked; sums are its
	grid  grid      // of the picture that was masked last; was and drawn are its
	sums  []uint64  // of each stripe
	was   []uint64
	drawn []uint8 // what begins in each cell
}

// known is a frame and what it was made of.
type known struct {
	key   sight
	frame *pb.Frame
}

// grid is how the pixels of a picture lie in memory.
type grid struct{ w, h, stride int }

func gridOf(s *raw.Shot) grid { return grid{s.Canvas.W, s.Canvas.H, s.Stride} }

// sight is a picture as a keyed hash.
type sight struct {
	grid
	sum uint64
	view
}

// view is what decides, beside the pixels, what of a picture is shown.
type view struct {
	upTo   reach
	typing bool
	beside uint64 // a keyed hash of what the application says of it and of what was found in typed text
}

func (r *recent) key(s *raw.Shot) sight {
	if r.seed == (maphash.Seed{}) {
		r.seed = maphash.MakeSeed()
	}
	return sight{grid: gridOf(s), sum: s.Sum(r.seed, s.Stride*(s.Canvas.H-1)+4*s.Canvas.W)}
}

// look begins with the pixels of a picture; done ends it.
func (r *recent) look(s *raw.Shot) {
	r.of, r.sums = s, r.sums[:0]
	for y := 0; y < s.Canvas.H; y += stripe {
		last := min(y+stripe, s.Canvas.H) - 1
		r.sums = append(r.sums, maphash.Bytes(r.seed, s.Pix[y*s.Stride:last*s.Stride+4*s.Canvas.W]))
	}
}

func (r *recent) done() { r.of = nil }

// begun gives what begins in the cells of a stripe, which cells have: nil unless its pixels and those of the row below are as they were.
func (r *recent) begun(s *raw.Shot, n int, cells []uint8) []uint8 {
	if r.of != s || r.grid != gridOf(s) || r.was[n] != r.sums[n] || n+1 < len(r.sums) && r.was[n+1] != r.sums[n+1] {
		return nil
	}
	at := n * stripe / cellSize * ((s.Canvas.W + cellSize - 1) / cellSize)
	return r.drawn[at:][:len(cells)]
}

// drew keeps what begins in all cells.
func (r *recent) drew(s *raw.Shot, cells []uint8) {
	if r.of != s {
		return
	}
	r.grid, r.was, r.sums = gridOf(s), r.sums, r.was
	r.drawn = append(r.drawn[:0], cells...)
	r.of = nil
}

func (r *recent) find(k sight) *pb.Frame {
	i := slices.IndexFunc(r.frames[:], func(c known) bool { return c.frame != nil && c.key == k })
	if i < 0 {
		return nil
	}
	return r.frames[i].frame
}

func (r *recent) add(k sight, f *pb.Frame) {
	r.frames[r.next] = known{k, f}
	r.next = (r.next + 1) % len(r.frames)
}

func (r *recent) forget() { *r = recent{} }
