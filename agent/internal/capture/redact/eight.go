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

// What bytes lack to 0x80. These are variables because an instruction can take them from memory: a constant of this length needs one of its own.
var toTab, toUpright, toReturn, toShift, toSpace = lacks('\t'), lacks('\v'), lacks('\r'), lacks(0x0e), lacks(' ')

func lacks(c uint64) uint64 { return (0x80 - c) * ones }

// badIn marks the bytes that are bad: below a space and no tab or end of a line, or above a tilde. A sum has the highest bit of a byte where
// that is as much as, or more than, what the number lacks to 0x80.
func badIn(x uint64) uint64 {
	low := x &^ high
	return (x | ^(low + toTab) | (low+toUpright)&^(low+toReturn) | (low+toShift)&^(low+toSpace) | (low + ones)) & high
}

// smallAt gives eight bytes of text, with small letters, the first one lowest, and zeros behind its end.
func smallAt(text []byte, i int) uint64 {
	var x uint64
	if i >= 0 && i <= len(text)-8 {
		x = binary.LittleEndian.Uint64(text[i:])
	} else {
		var room [8]byte
		copy(room[:], text[i:])
		x = binary.LittleEndian.Uint64(room[:])
	}
	return x | lettersIn(x)>>2
}

// nextWide is where, from i on, the next byte beyond ASCII stands, len(text) if there is none.
func nextWide(text []byte, i int) int {
	for i = max(i, 0); i <= len(text)-8; i += 8 {
		if wide := binary.LittleEndian.Uint64(text[i:]) & high; wide != 0 {
			return i + bits.TrailingZeros64(wide)/8
		}
	}
	for i < len(text) && text[i] < utf8.RuneSelf {
		i++
	}
	return i
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
