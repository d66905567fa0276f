package redact

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// Eight bytes are looked at in one step: the highest bit of each is where the answer stands.
const ones, high uint64 = 0x0101010101010101, 0x8080808080808080

// lettersIn marks the bytes that are ASCII letters.
func lettersIn(x uint64) uint64 {
	low := (x | 0x20*ones) &^ high
	return (low + (0x80-'a')*ones) &^ (low + (0x7f-'z')*ones) &^ x & high
}

// digitsIn marks the bytes that are ASCII digits.
func digitsIn(x uint64) uint64 {
	low := x &^ high
	return (low + (0x80-'0')*ones) &^ (low + (0x7f-'9')*ones) &^ x & high
}

// badIn marks the bytes that are bad: below a space and no tab or end of a line, or above a tilde. A sum has the highest bit of a byte where
// that is as much as, or more than, what the number lacks to 0x80.
func badIn(x uint64) uint64 {
	low := x &^ high
	return (x | ^(low + (0x80-'\t')*ones) | (low+(0x7f-'\n')*ones)&^(low+(0x80-'\r')*ones) | (low+(0x7f-'\r')*ones)&^(low+(0x80-' ')*ones) | (low + ones)) & high
}

// smallAt gives eight bytes of text, with small letters, the first one lowest, and zeros behind its end.
func smallAt(text []byte, i int) uint64 {
	var x uint64
	if i+8 <= len(text) {
		x = binary.LittleEndian.Uint64(text[i:])
	} else {
		var room [8]byte
		copy(room[:], text[i:])
		x = binary.LittleEndian.Uint64(room[:])
	}
	return x | lettersIn(x)>>2
}

// beginnings counts the characters of text, which is valid UTF-8: the bytes that go on with none.
func beginnings(text []byte) int {
	n := len(text)
	for ; len(text) >= 8; text = text[8:] {
		if x := binary.LittleEndian.Uint64(text); x&high != 0 { // rarely
			n -= bits.OnesCount64(x &^ (x << 1) & high)
		}
	}
	for _, c := range text {
		if !utf8.RuneStart(c) {
			n--
		}
	}
	return n
}
