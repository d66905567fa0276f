package raw

import (
	"hash/maphash"
	"sync"

	"github.com/klauspost/compress/s2"
)

// A picture of a whole screen has 8 MB, and those of what a person does while they type wait until the typing is over: twenty of them. Packed
// they take some hundred kilobytes each.

// packed is pixels of shots that show the same, put together. It is overwritten with the last of them.
type packed struct {
	mu     sync.Mutex // guards what follows
	shots  int
	blocks [][]byte
	size   int
	row    int // bytes of a row; 0: one block, as it was
	gone   func()
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
	for _, b := range k.blocks {
		clear(b)
	}
	k.blocks = nil
	k.gone()
}

// Packer packs pictures. It keeps its memory; one goroutine at a time.
type Packer struct{ runs, block []byte }

// Pack puts the pixels of s together and lets the memory go in which they lay. s shows the same; Unpack comes before anybody reads Pix. gone
// is called once no shot of it is left.
func (p *Packer) Pack(s *Shot, gone func()) {
	if s.Empty() || s.packed != nil {
		gone()
		return
	}
	k, said := p.pack(s), s.Said
	k.gone = gone
	s.Wipe()
	s.Said, s.memory, s.packed = said, nil, k
}

func (p *Packer) pack(s *Shot) *packed {
	k := &packed{shots: 1, size: len(s.Pix), row: s.Stride}
	if k.row <= 0 || k.row%4 != 0 || k.size%k.row != 0 || k.row > mostRow {
		k.row = 0
		k.blocks = [][]byte{append([]byte(nil), s.Pix...)}
		return k
	}
	if p.runs == nil {
		p.runs = make([]byte, 0, runsRoom)
		p.block = make([]byte, s2.MaxEncodedLen(runsRoom))
	}
	for y := 0; y < k.size; {
		p.runs, y = pack(p.runs[:0], s.Pix, k.row, y)
		b := s2.Encode(p.block, p.runs)
		k.blocks = append(k.blocks, append(make([]byte, 0, len(b)), b...))
		clear(b)
		clear(p.runs)
	}
	return k
}

// Unpack brings the pixels back, in memory that goes with the next Wipe. Whoever calls it has s alone. False: there are none.
func (s *Shot) Unpack() bool {
	k := s.packed
	if k == nil {
		return s.Pix != nil
	}
	all, free := borrow(k.size + runsRoom)
	pix, runs, at := all[:k.size], all[k.size:k.size:len(all)], 0
	for _, b := range k.blocks {
		if k.row == 0 {
			at = copy(pix, b)
			continue
		}
		out, err := s2.Decode(runs, b)
		if err != nil {
			break // never, unless memory is damaged
		}
		at = unpack(pix, k.row, at, out)
	}
	s.packed = nil
	k.wipe()
	s.Pix = pix
	s.Lend(free)
	if at != k.size {
		s.Wipe()
		return false
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

// Sum is a keyed hash of the first n bytes of the pixels. Of packed ones it is another than of the same unpacked, and of all of them.
func (s *Shot) Sum(seed maphash.Seed, n int) uint64 {
	if s.packed == nil {
		return maphash.Bytes(seed, s.Pix[:n])
	}
	var h maphash.Hash
	h.SetSeed(seed)
	for _, b := range s.packed.blocks {
		_, _ = h.Write(b) // a hash takes everything
	}
	return h.Sum64()
}
