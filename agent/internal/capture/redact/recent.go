package redact

import (
	"bytes"
	"hash/maphash"
	"slices"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/proto/pb"
)

// recent holds the last masked frames under a keyed hash of the pixels that they were made of: what is seen after one action
// is often what is seen before the next. Of the last picture it also knows what was made of it, stripe by stripe: mostly a caret or a
// line is all that a picture has new. It lies in RAM only and is forgotten whenever the focus or the permit goes.
type recent struct {
	seed   maphash.Seed
	frames [4]known
	next   int

	of   *raw.Shot // the picture that is being masked; now is of it
	now  made
	was  made // of the picture that was masked last
	same bool // was is of a picture of the same shape
}

// made is what was made of a picture, stripe by stripe, and of which pixels.
type made struct {
	grid  grid
	sums  []uint64 // of the pixels of each stripe
	drawn []uint8  // what begins in each cell
	mids  []uint32 // the middle pixel of each cell
	inks  []uint8  // by which colour each cell is hidden, 0 for none

	numbered bool // the numbers of its pixels are still there, and
	keep     uint32
	colors   []uint32
	hues     []hues // of each stripe
}

// hues is which colours of the palette a stripe was the first to need, and whether pixels of it are absent.
type hues struct {
	from, to int
	absent   bool
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

// key is how the frame of s is found again. It leaves the sums of its stripes in now.
func (r *recent) key(s *raw.Shot) sight {
	if r.seed == (maphash.Seed{}) {
		r.seed = maphash.MakeSeed()
	}
	r.now.sums = s.Sums(r.now.sums[:0], r.seed)
	var h maphash.Hash
	h.SetSeed(r.seed)
	for _, sum := range r.now.sums {
		maphash.WriteComparable(&h, sum)
	}
	return sight{grid: gridOf(s), sum: h.Sum64()}
}

// look begins with a picture whose key was just asked for; until done, nothing is known of any other.
func (r *recent) look(s *raw.Shot) {
	r.of, r.now.grid, r.now.numbered = s, gridOf(s), false
	r.same = r.was.grid == r.now.grid
	r.was.grid = grid{}
}

// done ends it, with the picture made or not.
func (r *recent) done(whole bool) {
	if r.of = nil; whole {
		r.was, r.now = r.now, r.was
	}
}

// looks tells whether s is the picture that is being masked, and there was one of the same shape before.
func (r *recent) looks(s *raw.Shot) bool { return r.of == s && r.same }

// alike tells whether the pixels of a stripe are as they were.
func (r *recent) alike(s *raw.Shot, n int) bool { return r.looks(s) && r.was.sums[n] == r.now.sums[n] }

// covered tells whether a stripe is as it was, and hidden as it was: the cells above and below reach into it.
func (r *recent) covered(s *raw.Shot, n, w int) bool {
	const cells = stripe / cellSize
	from, to := max(0, n*cells-1)*w, min((n+1)*cells+1, len(r.now.inks)/w)*w
	return r.alike(s, n) && bytes.Equal(r.was.inks[from:to], r.now.inks[from:to])
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

func (r *recent) forget() {
	clear(r.was.mids)
	clear(r.now.mids)
	*r = recent{}
}
