package redact

import (
	"encoding/binary"
	"math/bits"
)

// need is a set of detectors that a text calls for.
type need uint32

const (
	needDigits  need = 1 << iota // four digits or more that belong together
	needAt                       // '@'
	needScheme                   // "://"
	needColons                   // two ':' or more
	needIBAN                     // two letters and two digits
	needLong                     // a token of 16 characters or more
	needVendor                   // a key word of a vendor's rule
	needPEM                      // "-----"
	needJWT                      // "eyJ"
	needAWS                      // the beginning of an AWS key id
	needLabel                    // a word such as "password"
	needWords                    // letters or digits
	needPercent                  // '%'
	needEscape                   // an escape of a program's text or of a page
	needBearer                   // "bearer "
	needCall                     // a word that announces a phone
	needSpelled                  // "(at)"
	needAlways
)

// gateState is what one reading of a text has seen.
type gateState struct {
	need   need
	colons int
	joined int // digits that belong to the last group, with the groups before it
}

// hit is where a key word of a vendor's rule ends.
type hit struct {
	end  int32
	word int32
}

// kinds of a byte
const (
	isOther uint8 = iota
	isDigit
	isLetter
	isGap   // may stand between digits that belong together
	isBreak // ends a token
	isWord  // may be part of a token
	isBad   // needs folding
)

var kindOf = func() (k [256]uint8) {
	for c := range k {
		switch {
		case c >= '0' && c <= '9':
			k[c] = isDigit
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			k[c] = isLetter
		case c >= 0x80 || c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f:
			k[c] = isBad
		}
	}
	for _, c := range []byte(" -./()\t\n\r") {
		k[c] = isGap
	}
	for _, c := range []byte("\"'<>[]{},;|`") {
		k[c] = isBreak
	}
	for _, c := range []byte("_+=~:@#$%&*!?^\\") {
		k[c] = isWord
	}
	return k
}()

// nextBad is where, from i on, the next byte beyond ASCII or control character stands, len(text) if there is none. Eight bytes are
// looked at in one step; for the last step some that were looked at before.
func nextBad(text []byte, i int) int {
	for i = max(i, 0); i <= len(text)-8; i += 8 { // asked so, no further question is compiled
		if odd := badIn(binary.LittleEndian.Uint64(text[i:])); odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	if last := len(text) - 8; last >= 0 && i < len(text) {
		odd := badIn(binary.LittleEndian.Uint64(text[last:])) >> (8 * uint(i-last))
		return min(i+bits.TrailingZeros64(odd)/8, len(text))
	}
	for i < len(text) && kindOf[text[i]] != isBad {
		i++
	}
	return i
}

// shortest is from how many characters on a token is listed.
const shortest = 16

// long lists a token that ends.
func (e *engine) long(start, end int, g *gateState) {
	if end-start >= shortest {
		g.need |= needLong
		e.longs = append(e.longs, group{start: start, end: end})
	}
}

// digits lists a group of digits.
func (e *engine) digits(text []byte, start, end int, g *gateState) {
	n, k := end-start, len(e.groups)
	more := k > 0 && near(text, e.groups[k-1].end, start)
	if !more {
		g.joined = 0
	}
	if g.joined += n; g.joined >= 4 {
		g.need |= needDigits
	}
	if n >= 2 && start >= 2 && kindOf[text[start-1]] == isLetter && kindOf[text[start-2]] == isLetter {
		g.need |= needIBAN
	}
	e.groups = append(e.groups, group{start, end, more})
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}
