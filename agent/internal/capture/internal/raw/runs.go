package raw

import (
	"bytes"
	"encoding/binary"
)

// A desktop is rows like the one above, and stretches of one colour in the others. Both are told in words of 32 bits, before a compressor of bytes
// sees the rest: how many, and in the lowest two bits of what.
const (
	sameRows  = iota // rows like the one above
	oneColor         // pixels like the one that follows
	asTheyAre        // pixels, which follow
)

const (
	leastRun = 4 * 4   // bytes of one colour that are worth a word
	mostTile = 2 << 20 // a larger tile is kept as it is: its rows have more than 16,000 pixels
)

var le = binary.LittleEndian

func word(dst []byte, n int, of uint32) []byte { return le.AppendUint32(dst, uint32(n)<<2|of) }

// roomFor is what a tile of rows takes at most when it is told: none grows by more than a word.
func roomFor(size, row int) int { return size + size/row*4 }

// pack tells rows.
func pack(dst, pix []byte, row int) []byte {
	same := 0
	for y := 0; y < len(pix); y += row {
		here := pix[y : y+row]
		if y > 0 && bytes.Equal(here, pix[y-row:y]) {
			same++
			continue
		}
		if same > 0 {
			dst, same = word(dst, same, sameRows), 0
		}
		dst = runs(dst, here)
	}
	if same > 0 {
		dst = word(dst, same, sameRows)
	}
	return dst
}

// runs tells one row.
func runs(dst, row []byte) []byte {
	begin := 0 // of what is told as it is
	for x := 0; x < len(row); {
		v, end := le.Uint32(row[x:]), x+4
		for pair := uint64(v)<<32 | uint64(v); end+8 <= len(row) && le.Uint64(row[end:]) == pair; {
			end += 8
		}
		if end < len(row) && le.Uint32(row[end:]) == v {
			end += 4
		}
		if end-x >= leastRun {
			dst = plain(dst, row[begin:x])
			dst = le.AppendUint32(word(dst, (end-x)/4, oneColor), v)
			begin = end
		}
		x = end
	}
	return plain(dst, row[begin:])
}

func plain(dst, pix []byte) []byte {
	if len(pix) == 0 {
		return dst
	}
	return append(word(dst, len(pix)/4, asTheyAre), pix...)
}

// unpack writes what pack told to pix, whose rows have stride bytes, and returns how many rows it wrote.
func unpack(pix []byte, row, stride int, told []byte) (rows int) {
	x := 0 // in the row
	for len(told) >= 4 {
		w := le.Uint32(told)
		n := int(w>>2) * 4
		told = told[4:]
		at := rows*stride + x
		switch w & 3 {
		case sameRows:
			for range w >> 2 {
				at += copy(pix[at:at+row], pix[at-stride:]) - row + stride
				rows++
			}
			continue
		case oneColor:
			fill(pix[at:at+n], told[:4])
			told = told[4:]
		default:
			copy(pix[at:at+n], told[:n])
			told = told[n:]
		}
		if x += n; x == row {
			rows, x = rows+1, 0
		}
	}
	return rows
}

// fill repeats one pixel.
func fill(dst, pixel []byte) {
	for done := copy(dst, pixel); done < len(dst); {
		done += copy(dst[done:], dst[:done])
	}
}
