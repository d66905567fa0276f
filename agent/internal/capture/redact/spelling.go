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

// plainWord adds a word of up to 15 ASCII letters that is small, capital or large as a whole, and gives where it ends: i if another one
// begins there. Most words are such, so it asks as little as it can.
func (e *engine) plainWord(text []byte, i int, sep uint8, t *tally) int {
	if i+16 > len(text) {
		return i
	}
	x := binary.LittleEndian.Uint64(text[i:])
	n := uint(bits.TrailingZeros64(^lettersIn(x)&high)) / 8
	letters := uint64(1)<<(8*n) - 1
	hash := hashMore(0, (x|0x20*ones)&letters)
	first := ^x & 0x20 >> 5
	larges, end := bits.OnesCount64(^x&(0x20*ones)&letters), i+int(n)
	if n == 8 {
		x = binary.LittleEndian.Uint64(text[end:])
		if n = uint(bits.TrailingZeros64(^lettersIn(x)&high)) / 8; n == 8 {
			return i
		}
		letters = 1<<(8*n) - 1
		if n > 0 {
			hash = hashMore(hash, (x|0x20*ones)&letters)
		}
		larges, end = larges+bits.OnesCount64(^x&(0x20*ones)&letters), end+int(n)
	}
	if partOf[text[end]] != noPart {
		return i
	}
	f := small
	if larges > 0 {
		switch {
		case first == 0, larges > 1 && larges < end-i:
			return i
		case end == i+1:
			f = initial
		case larges == 1:
			f = capital
		default:
			f = upperAll
		}
	}
	w := e.newWord(text, i, end, hash)
	w.form, w.sep, w.line = f, sep, int32(len(e.lines))
	e.note(w, t)
	return end
}

// newWord adds a word. Its fields are written one by one: a whole word would be put together elsewhere first.
func (e *engine) newWord(text []byte, start, end int, hash uint64) *word {
	n := len(e.words)
	if n == cap(e.words) {
		e.words = append(e.words, word{})
	} else {
		e.words = e.words[:n+1]
	}
	w := &e.words[n]
	w.own = traitsOf(hash)
	w.start, w.end, w.hash = int32(start), int32(end), uint32(hash)
	w.lex, w.looked, w.tag = 0, false, noClass
	w.glued = glued(text, start, end)
	return w
}

// anyWord adds any word. An apostrophe between letters belongs to it; then its sep is not 0.
func (e *engine) anyWord(text []byte, i int, g *gateState) *word {
	start := i
	var smalls, larges, digits, before int // before counts small letters before the last apostrophe
	odd, camel, quote := false, false, uint8(0)
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
			quote, camel, before, smalls = 1, false, before+smalls, 0
		default:
			break read
		}
		i++
	}
	w := e.newWord(text, start, i, hashAt(text, start, i))
	w.sep = quote
	letters := smalls + larges + before
	switch {
	case odd || digits > 0 && letters > 0 || (camel || larges > 1 && smalls > 0) && !(letters > 3 && text[start+1] == '\'') && !w.is(legal) && !prefixed(text[start:i]):
		w.form = mixed
	case digits > 0:
		w.form = figure
	case larges == 0:
		w.form = small
	case letters == 1:
		w.form = initial
	case smalls == 0:
		w.form = upperAll
	default:
		w.form = capital
		if c := text[start]; c >= 'a' && c <= 'z' && !((c == 'd' || c == 'l') && text[start+1] == '\'') {
			w.form = mixed
		}
	}
	return w
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

// gluing are the marks that glued looks at.
var gluing = func() (g [256]bool) {
	for _, c := range []byte(`@/\_#$=&~<%.:([`) {
		g[c] = true
	}
	return g
}()

// glued tells of words that touch what only code, paths and addresses have.
func glued(text []byte, start, end int) bool {
	if (start == 0 || !gluing[text[start-1]]) && (end == len(text) || !gluing[text[end]]) {
		return false
	}
	if start > 0 {
		switch text[start-1] {
		case '@', '/', '\\', '_', '#', '$', '=', '&', '~', '<', '%':
			return true
		case '.', ':':
			if start > 1 && text[start-2] > ' ' && (kindOf[text[start-2]] == isLetter || kindOf[text[start-2]] == isDigit) && text[start-1] == '.' && end-start > 1 {
				return true
			}
			if text[start-1] == ':' && start > 1 && text[start-2] == ':' {
				return true
			}
		}
	}
	if end < len(text) {
		switch text[end] {
		case '@', '_', '=', '(', '/', '\\', '$', '[', '&', '~':
			return true
		case '.', ':':
			return end+1 < len(text) && (kindOf[text[end+1]] == isLetter && lower(text[end+1]) == text[end+1] || text[end] == ':' && text[end+1] == ':')
		}
	}
	return false
}
