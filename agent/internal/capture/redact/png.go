package redact

import (
	"bytes"
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"

	"github.com/klauspost/compress/flate"
)

// file writes pictures of at most 256 colours as PNG (RFC 2083: chunks of length, name, data and checksum), with as few bits
// a pixel as the colours need. It keeps its memory. Rows like the one above cost almost nothing, in time and in bytes; of a
// masked desktop most are. image/png does neither and takes several times as long.
//
// A picture is compressed in stripes, each for itself: where two pictures are alike, so are their bytes, and the compressor of the box,
// which sees both, keeps one of them. What changed since the last picture is all that a further one costs, and each stays whole.
type file struct {
	out bytes.Buffer
	zip *flate.Writer
	row []byte // filter and packed pixels
}

// stripe is how many rows are compressed together: a line of text or two.
const stripe = 32

// How a row is filtered: not at all, or as the difference to the row above.
const (
	filterNone = 0
	filterUp   = 2
)

// write encodes w x h numbers of colours. Colours are RRGGBB; number 0 is the absent pixel and counts only if absent says so.
func (f *file) write(pixels []byte, w, h int, colors []uint32, absent bool) ([]byte, error) {
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
	if err := f.data(pixels, w, bits, first); err != nil {
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
func (f *file) data(pixels []byte, w, bits int, first byte) error {
	at := f.open("IDAT")
	if f.zip == nil {
		var err error
		if f.zip, err = flate.NewWriter(nil, flate.BestSpeed); err != nil {
			return err
		}
	}
	n := 1 + (w*bits+7)/8
	if cap(f.row) < 2*n {
		f.row = make([]byte, 2*n)
	}
	f.row = f.row[:2*n]
	row, same := f.row[:n], f.row[n:]
	row[0], same[0] = filterNone, filterUp
	clear(same[1:])
	f.out.Write([]byte{0x78, 0x01}) // deflate, a window of 32 KiB, fastest
	sum := adler32.New()
	for y := 0; y*w < len(pixels); y++ {
		if y%stripe == 0 {
			if err := f.cut(y == 0); err != nil {
				return err
			}
		}
		line, here := row, pixels[y*w:][:w]
		if y%stripe > 0 && bytes.Equal(here, pixels[(y-1)*w:][:w]) {
			line = same
		} else {
			pack(row[1:], here, bits, first)
		}
		sum.Write(line)
		if _, err := f.zip.Write(line); err != nil {
			return err
		}
	}
	if err := f.zip.Close(); err != nil {
		return err
	}
	f.out.Write(sum.Sum(nil))
	f.close(at)
	return nil
}

// cut ends a stripe on a whole byte and forgets what stood in it.
func (f *file) cut(begins bool) error {
	if !begins {
		if err := f.zip.Flush(); err != nil {
			return err
		}
	}
	f.zip.Reset(&f.out)
	return nil
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
