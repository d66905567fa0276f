package raw

import (
	"bytes"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/s2"
)

// A picture of a whole screen has 8 MB, there are two of the watched window at any time, and those of what a person does while they type wait until
// the typing is over: twenty of them. Packed they take some hundred kilobytes each; and as they are packed in tiles, of which a key or a caret
// changes one and a scrollbar a column, those that follow each other have most of it in common.

// TileRows and TileCols are how many pixels of a picture are packed together at most, from its upper left corner on. The last of a row or a column has
// what is left.
const (
	TileRows = 32
	TileCols = 480
)

// Tile is packed pixels of pictures. It is overwritten with the last picture that shows it.
type Tile struct {
	shown atomic.Int32 // by so many
	data  []byte
	size  int
	row   int  // bytes of each row
	plain bool // as it was
}

// Share counts one more picture. Only who has the band may call it.
func (b *Tile) Share() *Tile {
	b.shown.Add(1)
	return b
}

// Wipe is what each of them calls that needs it no more.
func (b *Tile) Wipe() {
	if b.shown.Add(-1) == 0 {
		clear(b.data)
		b.data = nil
	}
}

// Len is how many bytes it takes; 0 once it is overwritten.
func (b *Tile) Len() int { return len(b.data) }

// Packer packs tiles. It keeps its memory; one goroutine at a time.
type Packer struct{ runs, block []byte }

// Pack puts the pixels of a tile together, rows of so many bytes, which the caller keeps.
func (p *Packer) Pack(pix []byte, row int) *Tile {
	b := &Tile{size: len(pix), row: row}
	b.shown.Store(1)
	if row <= 0 || row%4 != 0 || b.size%row != 0 || b.size > mostTile {
		b.data, b.plain = bytes.Clone(pix), true
		b.row = max(row, 1)
		return b
	}
	if room := roomFor(b.size, row); cap(p.runs) < room {
		p.runs, p.block = make([]byte, 0, room), make([]byte, s2.MaxEncodedLen(room))
	}
	runs := pack(p.runs[:0], pix, row)
	data := s2.Encode(p.block, runs)
	b.data = bytes.Clone(data)
	clear(data)
	clear(runs)
	return b
}

// unpack writes the pixels to pix, whose rows have stride bytes; false if they are not what was packed, which is never so unless memory is damaged. It
// uses runs meanwhile.
func (b *Tile) unpack(pix, runs []byte, stride int) bool {
	if b.plain {
		for at := 0; at < b.size; at += b.row {
			copy(pix[at/b.row*stride:], b.data[at:min(at+b.row, b.size)])
		}
		return len(b.data) == b.size
	}
	told, err := s2.Decode(runs, b.data)
	return err == nil && unpack(pix, b.row, stride, told) == b.size/b.row
}

// packed is tiles of shots that show the same, row by row.
type packed struct {
	mu    sync.Mutex // guards what follows
	shots int
	tiles []*Tile
	size  int
	gone  func()
}

// share counts one more shot; nil if there is nothing left to share.
func (k *packed) share() *packed {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shots == 0 {
		return nil
	}
	k.shots++
	return k
}

func (k *packed) wipe() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.shots--; k.shots > 0 {
		return
	}
	for _, b := range k.tiles {
		b.Wipe()
	}
	k.tiles = nil
	k.gone()
}

// Show makes s, which is empty, a picture of tiles, which it shares. Unpack comes before anybody reads Pix. gone is called once no shot of it is left.
func (s *Shot) Show(tiles []*Tile, gone func()) {
	k := &packed{shots: 1, tiles: slices.Clone(tiles), gone: gone}
	for _, b := range tiles {
		k.size += b.Share().size
	}
	s.packed = k
}

// Unpack brings the pixels back, in memory that goes with the next Wipe. Whoever calls it has s alone. False: there are none.
func (s *Shot) Unpack() bool {
	k := s.packed
	if k == nil {
		return s.Pix != nil
	}
	room := 0
	for _, b := range k.tiles {
		room = max(room, b.room())
	}
	all, free := borrow(k.size + room)
	pix, runs := all[:k.size], all[k.size:k.size:len(all)]
	whole := unpackAll(pix, runs, k.tiles, s.Stride)
	s.packed = nil
	k.wipe()
	s.Pix = pix
	s.Lend(free)
	if !whole {
		s.Wipe()
	}
	return whole
}

// room is how many bytes unpack uses.
func (b *Tile) room() int {
	if b.plain {
		return 0
	}
	return roomFor(b.size, b.row)
}

// unpackAll writes tiles to where they lie in pix, from the upper left on.
func unpackAll(pix, runs []byte, tiles []*Tile, stride int) bool {
	top, x := 0, 0
	for _, b := range tiles {
		if top+x >= len(pix) || !b.unpack(pix[top+x:], runs, stride) {
			return false
		}
		if x += b.row; x >= stride {
			top, x = top+b.size/b.row*stride, 0
		}
	}
	return true
}

// Len is how many bytes the pixels have, packed or not.
func (s *Shot) Len() int {
	if s.packed != nil {
		return s.packed.size
	}
	return len(s.Pix)
}

// Bands is how many rows of tiles it has.
func (s *Shot) Bands() int { return (s.Canvas.H + TileRows - 1) / TileRows }

// of are the tiles of band n.
func (k *packed) of(n, width int) []*Tile {
	cols := (width + TileCols - 1) / TileCols
	return k.tiles[n*cols : (n+1)*cols]
}

// Sums appends a keyed hash of the pixels of each band: of packed ones another than of the same unpacked.
func (s *Shot) Sums(dst []uint64, seed maphash.Seed) []uint64 {
	dst = slices.Grow(dst, s.Bands())
	var h maphash.Hash
	h.SetSeed(seed)
	for n := range s.Bands() {
		if s.packed == nil {
			dst = append(dst, maphash.Bytes(seed, s.rows(n)))
			continue
		}
		h.Reset()
		for _, b := range s.packed.of(n, s.Canvas.W) {
			maphash.WriteComparable(&h, maphash.Bytes(seed, b.data))
		}
		dst = append(dst, h.Sum64())
	}
	return dst
}

// rows are the pixels of band n of a shot that is not packed; the last row ends with its last pixel.
func (s *Shot) rows(n int) []byte {
	if s.packed != nil {
		return nil
	}
	last := min((n+1)*TileRows, s.Canvas.H) - 1
	return s.Pix[n*TileRows*s.Stride : last*s.Stride+4*s.Canvas.W]
}

// Room is memory for the pixels of one band.
type Room struct {
	of        []*Tile // whose pixels pix are
	pix, runs []byte
}

// Wipe overwrites it.
func (r *Room) Wipe() {
	r.of = r.of[:0]
	clear(r.pix[:cap(r.pix)])
	clear(r.runs[:cap(r.runs)])
}

// Band gives the pixels of band n, rows of Stride bytes: of a packed shot in room, where they stay until another band comes there. nil: they are not
// what was packed.
func (s *Shot) Band(n int, room *Room) []byte {
	if s.packed == nil {
		return s.rows(n)
	}
	tiles := s.packed.of(n, s.Canvas.W)
	if slices.Equal(room.of, tiles) {
		return room.pix
	}
	room.of = room.of[:0]
	size, need := 0, 0
	for _, b := range tiles {
		size, need = size+b.size, max(need, b.room())
	}
	room.pix, room.runs = sized(room.pix, size), sized(room.runs, need)
	if !unpackAll(room.pix, room.runs[:0], tiles, s.Stride) {
		return nil
	}
	room.of = append(room.of, tiles...)
	return room.pix
}

func sized(b []byte, n int) []byte {
	if cap(b) < n {
		clear(b[:cap(b)])
		return make([]byte, n)
	}
	return b[:n]
}
