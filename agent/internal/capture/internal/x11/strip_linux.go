package x11

import (
	"hash/maphash"
	"slices"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xproto"
)

// A picture is grabbed in strips of tiles, as many at a time as the memory has room for that is shared with the server. Each tile is compared
// with that of the slots before by its keyed hash, and packed only if it is new: most of a window that paints itself anew is as it was.

// strip is some tiles that make a rectangle: the pieces of windows in it, and where in memory they are put together.
type strip struct {
	col, row, cols, rows int // in tiles
	rect                 raw.Rect
	pieces               []layer
	at                   int
}

// cols is how many tiles lie beside each other.
func (sl *slot) cols() int { return (sl.canvas.W + raw.TileCols - 1) / raw.TileCols }

// many is how many tiles a picture has.
func (sl *slot) many() int { return sl.cols() * ((sl.canvas.H + raw.TileRows - 1) / raw.TileRows) }

// part is where some tiles of a picture lie on the screen.
func (sl *slot) part(col, row, cols, rows int) raw.Rect {
	c := sl.canvas
	return meet(c, raw.Rect{X: c.X + col*raw.TileCols, Y: c.Y + row*raw.TileRows, W: cols * raw.TileCols, H: rows * raw.TileRows})
}

// tile is where one of them does.
func (sl *slot) tile(n int) raw.Rect { return sl.part(n%sl.cols(), n/sl.cols(), 1, 1) }

// room is how many bytes each tile takes at most while it is grabbed.
func (sl *slot) room() int {
	row := 0
	for _, l := range sl.layers {
		row += 4 * min(l.rect.W, raw.TileCols)
	}
	if len(sl.layers) > 1 {
		row += 4 * min(sl.canvas.W, raw.TileCols)
	}
	return row * raw.TileRows
}

// strips are the tiles that are wanted, in sets of at most so many, each of which memory has room for.
func (sl *slot) strips(want []int, most int) (sets [][]strip) {
	for at := 0; at < len(want); at += most {
		var set []strip
		for _, run := range sl.runs(want[at:min(at+most, len(want))]) {
			above := slices.IndexFunc(set, func(s strip) bool { return s.col == run.col && s.cols == run.cols && s.row+s.rows == run.row })
			if above >= 0 {
				set[above].rows++
				continue
			}
			set = append(set, run)
		}
		off := 0
		for i := range set {
			off = set[i].lay(sl, off)
		}
		sets = append(sets, set)
	}
	return sets
}

// runs are the wanted tiles that lie beside each other, row by row.
func (sl *slot) runs(want []int) (all []strip) {
	for _, n := range want {
		col, row := n%sl.cols(), n/sl.cols()
		if last := len(all) - 1; last >= 0 && all[last].row == row && all[last].col+all[last].cols == col {
			all[last].cols++
			continue
		}
		all = append(all, strip{col: col, row: row, cols: 1, rows: 1})
	}
	return all
}

// lay finds the pieces of a strip and their places in memory from off on, and tells where they end.
func (st *strip) lay(sl *slot, off int) int {
	st.rect = sl.part(st.col, st.row, st.cols, st.rows)
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

// shoot asks, grabs the tiles of sl that are wanted, nil for all, and asks again. The others are those of the newest slot. The server itself
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

// prepareFor borrows what sl is grabbed through, and tells how many tiles at a time.
func (s *Server) prepareFor(sl *slot, atOnce bool) (seg *segment, most int, err error) {
	tiles, room := sl.many(), sl.room()
	if most = tiles; !atOnce {
		most = min(tiles, max(1, s.room/room, tiles/roomPart))
	}
	if s.given.Load() >= mostGiven {
		return nil, 0, errGiven
	}
	seg, err = s.borrow(most * room)
	return seg, most, err
}

// begin gives sl the tiles that are not wanted, and tells which are.
func (s *Server) begin(sl *slot, want []int) []int {
	n := sl.many()
	sl.tiles, sl.sums = make([]*raw.Tile, n), make([]sum, n)
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
		sl.tiles[i], sl.sums[i] = was.tiles[i].Share(), was.sums[i]
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

// sum is a keyed hash of the pixels of a tile as they were grabbed, or as they were put together.
type sum struct {
	of   uint64
	full bool
}

// sum is that of a tile, the rows of which lie in pix.
func (s *Server) sum(pix []byte, r raw.Rect, stride int, full bool) sum {
	var rows [8 * raw.TileRows]byte
	for y := range r.H {
		le.PutUint64(rows[8*y:], maphash.Bytes(s.seed, pix[y*stride:][:4*r.W]))
	}
	return sum{maphash.Bytes(s.seed, rows[:8*r.H]), full}
}

// develop keeps what was grabbed, tile by tile: as one of the slots has it, where that shows the same.
func (s *Server) develop(sl *slot, set []strip, memory []byte) {
	for _, st := range set {
		all, full := compose(st.rect, st.pieces, memory, st.at)
		stride := 4 * st.rect.W
		for i := range st.cols * st.rows {
			n := (st.row+i/st.cols)*sl.cols() + st.col + i%st.cols
			r := sl.tile(n)
			pix := all[(r.Y-st.rect.Y)*stride+4*(r.X-st.rect.X):]
			sl.sums[n] = s.sum(pix, r, stride, full)
			if sl.tiles[n] = s.known(sl, n); sl.tiles[n] == nil {
				sl.tiles[n] = s.pack(pix, r, stride, full)
			}
		}
	}
}

// pack packs a tile, the rows of which lie in pix.
func (s *Server) pack(pix []byte, r raw.Rect, stride int, full bool) *raw.Tile {
	tile := s.tile[:4*size(r)]
	defer clear(tile)
	for y := range r.H {
		row, out := pix[y*stride:][:4*r.W], tile[4*y*r.W:]
		if full {
			opaque(out, row)
		} else {
			copy(out, row)
		}
	}
	return s.packer.Pack(tile, 4*r.W)
}

// known is tile n of a slot where it shows the same; nil if none does. A caret that blinks shows what it showed before the last time.
func (s *Server) known(sl *slot, n int) *raw.Tile {
	for _, was := range s.watch.slots {
		if was != nil && was.canvas == sl.canvas && was.sums[n] == sl.sums[n] {
			return was.tiles[n].Share()
		}
	}
	return nil
}
