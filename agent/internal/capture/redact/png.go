package redact

import (
	"bytes"
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"
	"hash/maphash"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/klauspost/compress/flate"
)

// file writes pictures of at most 256 colours as PNG (RFC 2083: chunks of length, name, data and checksum), with as few bits
// a pixel as the colours need. It keeps its memory. Rows like the one above cost almost nothing, in time and in bytes; of a
// masked desktop most are. image/png does neither and takes several times as long.
//
// A picture is compressed in stripes, each for itself: where two pictures are alike, so are their bytes, and the compressor of the box,
// which sees both, keeps one of them. What changed since the last picture is all that a further one costs, and each stays whole. A stripe that
// is as it was in the last picture is not compressed again.
type file struct {
	out    bytes.Buffer
	zip    *flate.Writer
	row    []byte // filter and packed pixels
	seed   maphash.Seed
	packed []packed     // the stripes of the last picture
	part   bytes.Buffer // the stripe that is being compressed
}

// packed is a compressed stripe, and of which pixels.
type packed struct {
	key   stripeKey
	data  []byte
	check uint32 // Adler-32 of what was compressed
	size  int    // and its length
}

// stripeKey is all that the bytes of a stripe depend on.
type stripeKey struct {
	sum     uint64
	w, n    int
	bits    int
	first   byte
	atLast  bool
	written bool // the zero key is of no stripe
}

// forget lets go what is kept of the last picture.
func (f *file) forget() { f.packed, f.seed = nil, maphash.Seed{} }

// stripe is how many rows are compressed together: a line of text or two, and a band of a packed picture.
const stripe = raw.TileRows

// How a row is filtered: not at all, or as the difference to the row above.
const (
	filterNone = 0
	filterUp   = 2
)

// write encodes w x h numbers of colours. Colours are RRGGBB; number 0 is the absent pixel and counts only if absent says so.
// same tells which stripes of pixels are as in the last picture; nil: that is not known.
func (f *file) write(pixels []byte, w, h int, colors []uint32, absent bool, same []bool) ([]byte, error) {
	first := byte(0)
	if !absent && len(colors) > 1 {
		colors, first = colors[1:], 1
	}
	bits := bitsFor(len(colors))
	f.out.Reset()
	f.out.WriteString("\x89PNG\r\n\x1a\n")
	header := binary.BigEndian.AppendUint32(make([]byte, 0, 13), uint32(w))
	header = binary.BigEndian.AppendUint32(header, uint32(h))
	f.chunk("IHDR", append(header, byte(bits), 3, 0, 0, 0)) // 3: palette; the zeros: deflate, filters by row, not interlaced
	rgb := make([]byte, 0, 3*256)
	for _, c := range colors {
		rgb = append(rgb, byte(c>>16), byte(c>>8), byte(c))
	}
	f.chunk("PLTE", rgb)
	if absent {
		f.chunk("tRNS", []byte{0})
	}
	if err := f.data(pixels, w, bits, first, same); err != nil {
		return nil, err
	}
	f.chunk("IEND", nil)
	return bytes.Clone(f.out.Bytes()), nil
}

// bitsFor is how many bits a pixel needs.
func bitsFor(colors int) int {
	switch {
	case colors <= 2:
		return 1
	case colors <= 4:
		return 2
	case colors <= 16:
		return 4
	}
	return 8
}

// chunk writes one whole chunk.
func (f *file) chunk(name string, data []byte) {
	at := f.open(name)
	f.out.Write(data)
	f.close(at)
}

// open begins a chunk; its length is not known yet.
func (f *file) open(name string) int {
	at := f.out.Len()
	f.out.WriteString("\x00\x00\x00\x00" + name)
	return at
}

func (f *file) close(at int) {
	b := f.out.Bytes()[at:]
	binary.BigEndian.PutUint32(b, uint32(len(b)-8))
	f.out.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(b[4:])))
}

// data writes the rows as a zlib stream (RFC 1950).
func (f *file) data(pixels []byte, w, bits int, first byte, same []bool) error {
	at := f.open("IDAT")
	if f.zip == nil {
		var err error
		if f.zip, err = flate.NewWriter(nil, flate.BestSpeed); err != nil {
			return err
		}
	}
	f.out.Write([]byte{0x78, 0x01}) // deflate, a window of 32 KiB, fastest
	if f.seed == (maphash.Seed{}) {
		f.seed = maphash.MakeSeed()
	}
	check := uint32(1)
	for n, size := 0, stripe*w; n*size < len(pixels); n++ {
		rows := pixels[n*size : min((n+1)*size, len(pixels))]
		if n == len(f.packed) {
			f.packed = append(f.packed, packed{})
		}
		p := &f.packed[n]
		sum := p.key.sum
		if same == nil || !same[n] || !p.key.written {
			sum = maphash.Bytes(f.seed, rows)
		}
		key := stripeKey{sum, w, len(rows), bits, first, (n+1)*size >= len(pixels), true}
		if p.key != key {
			p.key = stripeKey{}
			if err := f.pack(p, rows, key); err != nil {
				return err
			}
			p.key = key
		}
		f.out.Write(p.data)
		check = adlerOf(check, p.check, p.size)
	}
	f.out.Write(binary.BigEndian.AppendUint32(nil, check))
	f.close(at)
	return nil
}

// pack compresses a stripe, which ends on a whole byte and knows nothing of the one before.
func (f *file) pack(p *packed, pixels []byte, key stripeKey) error {
	n := 1 + (key.w*key.bits+7)/8
	if cap(f.row) < 2*n {
		f.row = make([]byte, 2*n)
	}
	f.row = f.row[:2*n]
	row, same := f.row[:n], f.row[n:]
	row[0], same[0] = filterNone, filterUp
	clear(same[1:])
	f.part.Reset()
	f.zip.Reset(&f.part)
	sum := adler32.New()
	p.size = 0
	for y := 0; y*key.w < len(pixels); y++ {
		line, here := row, pixels[y*key.w:][:key.w]
		if y > 0 && bytes.Equal(here, pixels[(y-1)*key.w:][:key.w]) {
			line = same
		} else {
			pack(row[1:], here, key.bits, key.first)
		}
		sum.Write(line)
		p.size += n
		if _, err := f.zip.Write(line); err != nil {
			return err
		}
	}
	end := f.zip.Flush
	if key.atLast {
		end = f.zip.Close
	}
	if err := end(); err != nil {
		return err
	}
	p.data, p.check = append(p.data[:0], f.part.Bytes()...), sum.Sum32()
	return nil
}

// adlerOf is the Adler-32 of what has a, followed by n bytes that have b (RFC 1950).
func adlerOf(a, b uint32, n int) uint32 {
	const base = 65521
	low, high := uint64(a&0xffff), uint64(a>>16)
	return uint32((low+uint64(b&0xffff)+base-1)%base | (high+uint64(b>>16)+uint64(n)%base*(low+base-1))%base<<16)
}

// pack puts numbers, less first, side by side, the leftmost in the highest bits.
func pack(dst, src []byte, bits int, first byte) {
	per := 8 / bits
	for i := range dst {
		var b byte
		for _, n := range src[i*per : min((i+1)*per, len(src))] {
			b = b<<bits | (n - first)
		}
		if rest := (i+1)*per - len(src); rest > 0 {
			b <<= rest * bits
		}
		dst[i] = b
	}
}
