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
// the typing is over: twenty of them. Packed they take some hundred kilobytes each; and as they are packed in bands, of which a key or a caret
// changes one, those that follow each other have most of it in common.

// BandRows is how many rows of a picture are packed together, each of these bands for itself. The last has what is left.
const BandRows = 32

// Band is packed rows of pictures. It is overwritten with the last picture that shows it.
type Band struct {
	shown atomic.Int32 // by so many
	data  []byte
	size  int
	plain bool // as it was
}

// Share counts one more picture. Only who has the band may call it.
func (b *Band) Share() *Band {
	b.shown.Add(1)
	return b
}

// Wipe is what each of them calls that needs it no more.
func (b *Band) Wipe() {
	if b.shown.Add(-1) == 0 {
		clear(b.data)
		b.data = nil
	}
}

// Len is how many bytes it takes; 0 once it is overwritten.
func (b *Band) Len() int { return len(b.data) }

// Packer packs bands. It keeps its memory; one goroutine at a time.
type Packer struct{ runs, block []byte }

// Pack puts pixels together, rows of so many bytes, which the caller keeps.
func (p *Packer) Pack(pix []byte, row int) *Band {
	b := &Band{size: len(pix)}
	b.shown.Store(1)
	if row <= 0 || row%4 != 0 || b.size%row != 0 || b.size > mostBand {
		b.data, b.plain = bytes.Clone(pix), true
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

// unpack writes the pixels to pix; false if they are not what was packed, which is never so unless memory is damaged. It uses runs meanwhile.
func (b *Band) unpack(pix, runs []byte, row int) bool {
	if b.plain {
		return copy(pix, b.data) == b.size
	}
	told, err := s2.Decode(runs, b.data)
	return err == nil && unpack(pix, row, told) == b.size
}

// packed is bands of shots that show the same.
type packed struct {
	mu    sync.Mutex // guards what follows
	shots int
	bands []*Band
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
	for _, b := range k.bands {
		b.Wipe()
	}
	k.bands = nil
	k.gone()
}

// Show makes s, which is empty, a picture of bands, which it shares. Unpack comes before anybody reads Pix. gone is called once no shot of it is left.
func (s *Shot) Show(bands []*Band, gone func()) {
	k := &packed{shots: 1, bands: slices.Clone(bands), gone: gone}
	for _, b := range bands {
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
	for _, b := range k.bands {
		if !b.plain {
			room = max(room, roomFor(b.size, s.Stride))
		}
	}
	all, free := borrow(k.size + room)
	pix, runs, at, whole := all[:k.size], all[k.size:k.size:len(all)], 0, true
	for _, b := range k.bands {
		whole = whole && b.unpack(pix[at:at+b.size], runs, s.Stride)
		at += b.size
	}
	s.packed = nil
	k.wipe()
	s.Pix = pix
	s.Lend(free)
	if !whole {
		s.Wipe()
	}
	return whole
}

// Len is how many bytes the pixels have, packed or not.
func (s *Shot) Len() int {
	if s.packed != nil {
		return s.packed.size
	}
	return len(s.Pix)
}

// Bands is how many bands its rows lie in.
func (s *Shot) Bands() int { return (s.Canvas.H + BandRows - 1) / BandRows }

// Sums appends a keyed hash of the pixels of each band: of packed ones another than of the same unpacked.
func (s *Shot) Sums(dst []uint64, seed maphash.Seed) []uint64 {
	dst = slices.Grow(dst, s.Bands())
	for n := range s.Bands() {
		b := s.rows(n)
		if s.packed != nil {
			b = s.packed.bands[n].data
		}
		dst = append(dst, maphash.Bytes(seed, b))
	}
	return dst
}

// rows are the pixels of band n of a shot that is not packed; the last row ends with its last pixel.
func (s *Shot) rows(n int) []byte {
	if s.packed != nil {
		return nil
	}
	last := min((n+1)*BandRows, s.Canvas.H) - 1
	return s.Pix[n*BandRows*s.Stride : last*s.Stride+4*s.Canvas.W]
}

// Room is memory for the pixels of one band.
type Room struct {
	of        *Band // whose pixels pix are
	pix, runs []byte
}

// Wipe overwrites it.
func (r *Room) Wipe() {
	r.of = nil
	clear(r.pix[:cap(r.pix)])
	clear(r.runs[:cap(r.runs)])
}

// Band gives the pixels of band n, rows of Stride bytes: of a packed shot in room, where they stay until another band comes there. nil: they are not
// what was packed.
func (s *Shot) Band(n int, room *Room) []byte {
	if s.packed == nil {
		return s.rows(n)
	}
	b := s.packed.bands[n]
	if room.of == b {
		return room.pix
	}
	room.of = nil
	if !b.plain {
		room.runs = sized(room.runs, roomFor(b.size, s.Stride))
	}
	if room.pix = sized(room.pix, b.size); !b.unpack(room.pix, room.runs[:0], s.Stride) {
		return nil
	}
	room.of = b
	return room.pix
}

func sized(b []byte, n int) []byte {
	if cap(b) < n {
		clear(b[:cap(b)])
		return make([]byte, n)
	}
	return b[:n]
}
