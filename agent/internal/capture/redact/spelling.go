package redact

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// form is how a word is written.
type form uint8

const (
	small    form = iota // all letters small
	capital              // the first one large
	upperAll             // all large, two or more
	initial              // one large letter
	figure               // digits only
	mixed                // anything else: code, keys
)

// Separators before a word.
const (
	sepSpace uint8 = 1 << iota
	sepLine        // one line break
	sepPara        // two or more
	sepComma
	sepDot   // and ! ? : they end a sentence
	sepColon // and ; ( ) [ ] quotes, bars
	sepHyphen
	sepNone = 0
)

// word is a word or a number in a text.
type word struct {
	own        trait // the lists in which it stands
	start, end int32
	hash       uint32 // of its letters, small, without a genitive
	line       int32
	lex        lexeme
	form       form
	sep        uint8 // what stands before it
	looked     bool  // lex is known
	glued      bool  // part of a path, an address or code
	tag        class // what it was found to be
}

// is tells whether the word stands in one of the lists.
func (w *word) is(t trait) bool { return w.own&t != 0 }

// symbol tells of a character beyond ASCII that is no letter: Latin-1 signs, punctuation, arrows, boxes, emoji.
func symbol(text []byte, i int) bool {
	switch text[i] {
	case 0xc2, 0xe2, 0xf0, 0x7f:
		return true
	case 0xe3:
		return i+1 < len(text) && text[i+1] == 0x80
	}
	return text[i] < utf8.RuneSelf
}

// parts of a word
const (
	noPart uint8 = iota
	smallPart
	largePart
	digitPart
	widePart
	linePart
	quotePart
)

var partOf = func() (p [256]uint8) {
	for c := range p {
		switch {
		case c >= 'a' && c <= 'z':
			p[c] = smallPart
		case c >= 'A' && c <= 'Z':
			p[c] = largePart
		case c >= '0' && c <= '9':
			p[c] = digitPart
		case c >= utf8.RuneSelf:
			p[c] = widePart
		}
	}
	p['_'], p['\''] = linePart, quotePart
	return p
}()

// shortWord reads a word of up to 15 ASCII letters: where it ends, its hash and its form. It ends at i if another one begins there. Most words
// are such, so it asks as little as it can.
func shortWord(text []byte, i int) (end int, hash uint64, f form, behind uint16) {
	if i < 0 || i > len(text)-16 { // asked so, no further question is compiled
		return i, 0, mixed, 0
	}
	x := binary.LittleEndian.Uint64(text[i:])
	n := uint(bits.TrailingZeros64(^lettersIn(x)&high)) / 8
	letters := uint64(1)<<(8*n) - 1
	hash, end = hashMore(0, (x|0x20*ones)&letters), i+int(n)
	all := letters & (0x20 * ones) // a bit for each letter
	large := all &^ x
	if n == 8 {
		x = binary.LittleEndian.Uint64(text[i+8:])
		if n = uint(bits.TrailingZeros64(^lettersIn(x)&high)) / 8; n == 8 {
			return i, 0, mixed, 0
		}
		letters = 1<<(8*n) - 1
		if n > 0 {
			hash = hashMore(hash, (x|0x20*ones)&letters)
		}
		end, all, large = end+int(n), all|letters&(0x20*ones)<<1, large|letters&(0x20*ones)&^x<<1
	}
	behind = marks[text[end]]
	switch {
	case behind&inWord != 0:
		return i, 0, mixed, 0
	case large == 0:
		return end, hash, small, behind
	case large == 0x20 && all == 0x20:
		return end, hash, initial, behind
	case large == 0x20:
		return end, hash, capital, behind
	case large == all:
		return end, hash, upperAll, behind
	case text[i] >= 'a' || traitsOf(hash)&legal == 0 && !prefixed(text[i:end]):
		return end, hash, mixed, behind
	}
	return end, hash, capital, behind // McDonald
}

// shortNumber reads a word of up to seven digits: where it ends and its hash. It ends at i if another one begins there.
func shortNumber(text []byte, i int) (end int, hash uint64, behind uint16) {
	if i < 0 || i > len(text)-8 {
		return i, 0, 0
	}
	x := binary.LittleEndian.Uint64(text[i:])
	n := uint(bits.TrailingZeros64(^digitsIn(x)&high)) / 8
	if n == 8 {
		return i, 0, 0
	}
	if behind = marks[text[i+int(n)]]; behind&inWord != 0 {
		return i, 0, 0
	}
	return i + int(n), hashMore(0, x&(1<<(8*n)-1)), behind
}

// newWord adds a word, which is not noted yet. Its fields are written one by one: a whole word would be put together elsewhere first.
func (e *engine) newWord(text []byte, start, end int, hash uint64, f form, sep uint8) {
	n := len(e.words)
	if n == cap(e.words) {
		e.words = append(e.words, word{})
	} else {
		e.words = e.words[:n+1]
	}
	w := &e.words[n]
	w.start, w.end, w.hash, w.line = int32(start), int32(end), uint32(hash), int32(len(e.lines))
	w.lex, w.form, w.sep, w.looked, w.glued, w.tag = 0, f, sep, false, false, noClass
	w.own = traitsOf(hash)
	e.note(w.own, f, end-start)
}

// anyWord reads any word: where it ends, its hash and its form. An apostrophe between letters belongs to it; then it is quoted.
func (e *engine) anyWord(text []byte, i int, g *gateState) (end int, hash uint64, f form, quoted bool) {
	start := i
	var smalls, larges, digits, before int // before counts small letters before the last apostrophe
	odd, camel := false, false
read:
	for i < len(text) {
		c := text[i]
		switch partOf[c] {
		case smallPart:
			from := i
			for i < len(text) && partOf[text[i]] == smallPart {
				i++
			}
			smalls += i - from
			continue
		case largePart:
			camel = camel || smalls > 0
			larges++
		case digitPart:
			from := i
			for i < len(text) && partOf[text[i]] == digitPart {
				i++
			}
			digits += i - from
			e.digits(text, from, i, g)
			continue
		case widePart:
			if symbol(text, i) {
				break read
			}
			if utf8.RuneStart(c) {
				if r, _ := utf8.DecodeRune(text[i:]); large(r) {
					camel = camel || smalls > 0
					larges++
				} else {
					smalls++
				}
			}
		case linePart:
			odd = true
		case quotePart:
			if i+1 == len(text) || kindOf[text[i+1]] != isLetter || smalls+larges+before == 0 || digits > 0 || genitive(text, i) {
				break read
			}
			quoted, camel, before, smalls = true, false, before+smalls, 0
		default:
			break read
		}
		i++
	}
	hash, f = hashAt(text, start, i), capital
	letters := smalls + larges + before
	switch {
	case odd || digits > 0 && letters > 0 || (camel || larges > 1 && smalls > 0) && !(letters > 3 && text[start+1] == '\'') && traitsOf(hash)&legal == 0 && !prefixed(text[start:i]):
		f = mixed
	case digits > 0:
		f = figure
	case larges == 0:
		f = small
	case letters == 1:
		f = initial
	case smalls == 0:
		f = upperAll
	default:
		if c := text[start]; c >= 'a' && c <= 'z' && !((c == 'd' || c == 'l') && text[start+1] == '\'') {
			f = mixed
		}
	}
	return i, hash, f, quoted
}

// genitive tells of "'s" and its like, which are no part of a name.
func genitive(text []byte, i int) bool {
	c := lower(text[i+1])
	return c == 's' && (i+2 >= len(text) || kindOf[text[i+2]] != isLetter)
}

// prefixed tells of names with a large letter inside.
func prefixed(w []byte) bool {
	switch w[0] {
	case 'M', 'D', 'L', 'V', 'O', 'A', 'F':
	default:
		return false
	}
	for _, p := range [...]string{"Mc", "Mac", "De", "La", "Le", "Van", "Di", "Da", "O'", "D'", "L'", "Al", "Fitz"} {
		if len(w) > len(p)+1 && string(w[:len(p)]) == p && w[len(p)] >= 'A' && w[len(p)] <= 'Z' {
			return true
		}
	}
	return false
}

// dotted tells of words that have a dot or two colons to the next name: net.Dial, std::vector.
func dotted(text []byte, start, end int) bool {
	if start > 1 {
		switch c := text[start-2]; text[start-1] {
		case '.':
			if end-start > 1 && (kindOf[c] == isLetter || kindOf[c] == isDigit) {
				return true
			}
		case ':':
			if c == ':' {
				return true
			}
		}
	}
	if end+1 < len(text) {
		switch c := text[end+1]; text[end] {
		case '.':
			return kindOf[c] == isLetter && lower(c) == c
		case ':':
			return c == ':' || kindOf[c] == isLetter && lower(c) == c
		}
	}
	return false
}
