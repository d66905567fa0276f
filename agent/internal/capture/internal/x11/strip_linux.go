package x11

import (
	"hash/maphash"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xproto"
)

// A picture is grabbed in strips of bands, as many at a time as the memory has room for that is shared with the server. Each band is compared
// with that of the slots before by its keyed hash, and packed only if it is new: most of a window that paints itself anew is as it was.

// strip is some bands that lie below each other: the pieces of windows in them, and where in memory they are put together.
type strip struct {
	first, bands int
	rect         raw.Rect
	pieces       []layer
	at           int
}

// part is where bands of a picture lie on the screen.
func (sl *slot) part(first, bands int) raw.Rect {
	r := sl.canvas
	r.Y += first * raw.BandRows
	r.H = min(bands*raw.BandRows, sl.canvas.Y+sl.canvas.H-r.Y)
	return r
}

// room is how many bytes each band takes at most while it is grabbed.
func (sl *slot) room() int {
	row := 0
	for _, l := range sl.layers {
		row += 4 * l.rect.W
	}
	if len(sl.layers) > 1 {
		row += 4 * sl.canvas.W
	}
	return row * raw.BandRows
}

// strips are the bands that are wanted, in sets of at most so many bands, each of which memory has room for.
func (sl *slot) strips(want []int, most int) (sets [][]strip) {
	for at := 0; at < len(want); at += most {
		var set []strip
		for _, n := range want[at:min(at+most, len(want))] {
			if last := len(set) - 1; last >= 0 && set[last].first+set[last].bands == n {
				set[last].bands++
				continue
			}
			set = append(set, strip{first: n, bands: 1})
		}
		off := 0
		for i := range set {
			off = set[i].lay(sl, off)
		}
		sets = append(sets, set)
	}
	return sets
}

// lay finds the pieces of a strip and their places in memory from off on, and tells where they end.
func (st *strip) lay(sl *slot, off int) int {
	st.rect = sl.part(st.first, st.bands)
	for _, l := range sl.layers {
		if l.rect = meet(l.rect, st.rect); !empty(l.rect) {
			l.off = off
			off += 4 * size(l.rect)
			st.pieces = append(st.pieces, l)
		}
	}
	if st.at = off; len(sl.layers) > 1 {
		off += 4 * size(st.rect)
	}
	return off
}

// grabbing is what came of a run of requests for pixels.
type grabbing struct {
	mark  grabMark
	at    uint32 // server time just after it
	why   string // why it gave nothing
	again bool   // another try may do
}

// fails takes in why it gives nothing; the first counts.
func (g *grabbing) fails(why string, again bool) {
	if g.why == "" {
		g.why, g.again = why, again
	}
}

// shoot asks, grabs the bands of sl that are wanted, nil for all, and asks again. The others are those of the newest slot. The server itself
// leaves out what other windows cover; that its answers before and after agree, and that nothing was painted between the first piece and the last,
// makes sure that the pieces belong together. All answers have come when it returns: the server writes no more.
func (s *Server) shoot(sl *slot, want []int, atOnce bool) (g grabbing) {
	seg, most, err := s.prepareFor(sl, atOnce)
	if err != nil {
		return grabbing{why: whyNoMemory}
	}
	want = s.begin(sl, want)
	sets := sl.strips(want, most)
	for i, set := range sets {
		var before, past checks
		var stamp func() (uint32, error)
		last := i == len(sets)-1
		send := s.pic.wire.gather()
		if i == 0 {
			before = s.ask()
		}
		images := s.request(seg, set, &g.mark)
		if last {
			past, stamp = s.ask(), s.pic.askNow()
		}
		send()
		if i == 0 {
			g.fails(s.answer(before))
		}
		if last {
			g.fails(s.answer(past))
		}
		g.fails(grabbed(images))
		if last {
			if g.at, err = stamp(); err != nil {
				g.fails(whyUnseen, false)
			}
		}
		if g.why != "" {
			break
		}
		s.develop(sl, set, seg.data)
	}
	return g
}

// prepareFor borrows what sl is grabbed through, and tells how many bands at a time.
func (s *Server) prepareFor(sl *slot, atOnce bool) (seg *segment, most int, err error) {
	bands, room := (sl.canvas.H+raw.BandRows-1)/raw.BandRows, sl.room()
	if most = bands; !atOnce {
		most = min(bands, max(1, s.room/room, bands/roomPart))
	}
	if s.given.Load() >= mostGiven {
		return nil, 0, errGiven
	}
	seg, err = s.borrow(most * room)
	return seg, most, err
}

// begin gives sl the bands that are not wanted, and tells which are.
func (s *Server) begin(sl *slot, want []int) []int {
	n := (sl.canvas.H + raw.BandRows - 1) / raw.BandRows
	sl.bands, sl.sums = make([]*raw.Band, n), make([]sum, n)
	if want == nil {
		for i := range n {
			want = append(want, i)
		}
		return want
	}
	was, next := s.watch.slots[0], 0
	for i := range n {
		if next < len(want) && want[next] == i {
			next++
			continue
		}
		sl.bands[i], sl.sums[i] = was.bands[i].Share(), was.sums[i]
	}
	return want
}

// request asks for the pieces of a set of strips.
func (s *Server) request(seg *segment, set []strip, mark *grabMark) (images []shm.GetImageCookie) {
	for _, st := range set {
		for _, l := range st.pieces {
			images = append(images, shm.GetImage(s.pic.Conn, xproto.Drawable(l.window), int16(l.rect.X-l.origin.X), int16(l.rect.Y-l.origin.Y),
				uint16(l.rect.W), uint16(l.rect.H), ^uint32(0), xproto.ImageFormatZPixmap, seg.id, uint32(l.off)))
		}
	}
	if len(images) == 0 {
		return nil // between the window and a popup that lies apart
	}
	if !mark.begun {
		*mark = grabMark{begun: true, painted: s.watch.painted, first: images[0].Sequence}
	}
	mark.last = images[len(images)-1].Sequence
	return images
}

// sum is a keyed hash of the pixels of a band as they were grabbed, or as they were put together.
type sum struct {
	of   uint64
	full bool
}

// develop keeps what was grabbed, band by band: as one of the slots has it, where that shows the same.
func (s *Server) develop(sl *slot, set []strip, memory []byte) {
	for _, st := range set {
		pix, full := compose(st.rect, st.pieces, memory, st.at)
		for n := st.first; n < st.first+st.bands; n++ {
			rows := pix[:4*size(sl.part(n, 1))]
			pix = pix[len(rows):]
			sl.sums[n] = sum{maphash.Bytes(s.seed, rows), full}
			if sl.bands[n] = s.known(sl, n); sl.bands[n] != nil {
				continue
			}
			if full {
				opaque(rows, rows)
			}
			sl.bands[n] = s.packer.Pack(rows, 4*sl.canvas.W)
		}
	}
}

// known is band n of a slot where it shows the same; nil if none does. A caret that blinks shows what it showed before the last time.
func (s *Server) known(sl *slot, n int) *raw.Band {
	for _, was := range s.watch.slots {
		if was != nil && was.canvas == sl.canvas && was.sums[n] == sl.sums[n] {
			return was.bands[n].Share()
		}
	}
	return nil
}
