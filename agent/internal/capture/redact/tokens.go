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

// line is what a row of a text looks like.
type line struct {
	first, last int32 // words first to last-1
	kind        lineKind
	small       bool // no capital in it
	plenty      bool // twelve words in a row that sentences do not need
}

type lineKind uint8

const (
	plainLine   lineKind = iota // labels, cells, titles
	englishLine                 // a sentence in English
	foreignLine                 // a sentence in another language
	codeLine
)

var (
	english = traitOf(`the a an and or but if of to in on at by for with from is are was were be been am i me my we our you your he his she
		her him they them their it its it's this that these those who what when where why how which have has had do does did will would can
		could should not no there here so as than then about into after before under over i'm i've i'd i'll don't didn't isn't what's let's c'mon y'all who's you're he's she's that's there's won't can't please just`)
	foreign = traitOf(`der die das und ist nicht ein eine einen dem den zu mit von auf fur im ich sie wir es auch wird bei nach le la les et est une des
		du dans pour que qui pas sur avec au aux el los las una por con para del se es il di che non un della sono gli het een van en niet dat voor
		op och att som ar det inte pa den er og ikke til af med nie jest sie na do bir ve bu icin o os um uma nao com e`)
)

// maxWords bounds what is looked at in one text; a text with more is redacted whole.
const maxWords = 1 << 19

// read passes once over text and lists its words and lines, its groups of digits, and its long tokens. It reuses its memory.
func (e *engine) read(text []byte, g *gateState) error {
	e.words, e.lines, e.groups, e.longs = e.words[:0], e.lines[:0], e.groups[:0], e.longs[:0]
	e.large, e.figures, e.telling, e.seen = e.large[:0], e.figures[:0], e.telling[:0], 0
	sep, begin, token, t := sepLine, 0, 0, tally{} // begin is where the line begins, token where the token does
	for i := 0; i < len(text); {
		c := text[i]
		if p := partOf[c]; p == smallPart || p == largePart || p == digitPart || p == widePart && !symbol(text, i) {
			if len(e.words) >= maxWords {
				return errOverrun
			}
			if end := e.plainWord(text, i, sep, &t); end > i {
				i, sep = end, sepNone
				continue
			}
			w := e.anyWord(text, i, g)
			if w.sep != 0 { // it has an apostrophe
				token = e.quoted(text, w, token, g)
			}
			w.sep, w.line = sep, int32(len(e.lines))
			e.note(w, &t)
			i, sep = int(w.end), sepNone
			continue
		}
		switch c {
		case ' ', '\t', '\r':
			sep |= sepSpace
			e.long(token, i, g)
			token = i + 1
		case '\n':
			if sep&sepLine != 0 {
				sep |= sepPara
			}
			sep |= sepLine
			e.long(token, i, g)
			e.endLine(text[begin:i], &t)
			token, begin = i+1, i+1
		case ',':
			sep |= sepComma
			e.long(token, i, g)
			token = i + 1
		case '.', '!', '?':
			sep |= sepDot
		case '-':
			sep |= sepHyphen
		case '\'':
			sep |= sepHyphen
			e.long(token, i, g)
			token = i + 1
		case '{', '}', '<', '>', '`', ';', '[', ']':
			t.codes++
			sep |= sepColon
			e.long(token, i, g)
			token = i + 1
		case '=', '\\', '$', '_', '*', '&', '(', ')', '+', '#':
			t.codes++
			sep |= sepColon
		case '%':
			t.codes++
			sep |= sepColon
			g.need |= needPercent
		case '"', '|':
			sep |= sepColon
			e.long(token, i, g)
			token = i + 1
		case '@':
			sep |= sepColon
			g.need |= needAt
		case ':':
			sep |= sepColon
			if g.colons++; g.colons == 2 {
				g.need |= needColons
			}
		case '/':
			sep |= sepColon
			if i >= 2 && text[i-1] == '/' && text[i-2] == ':' {
				g.need |= needScheme
			}
		default:
			sep |= sepColon
		}
		i++
	}
	e.long(token, len(text), g)
	e.endLine(text[begin:], &t)
	if len(e.words) > 0 {
		g.need |= needWords
	}
	return nil
}

// quoted ends the tokens that the apostrophes in a word end, and gives where the one behind them begins.
func (e *engine) quoted(text []byte, w *word, token int, g *gateState) int {
	for i := int(w.start); i < int(w.end); i++ {
		if text[i] == '\'' {
			e.long(token, i, g)
			token = i + 1
		}
	}
	return token
}

// note counts the newest word, and lists it where the detectors look for words of its form.
func (e *engine) note(w *word, t *tally) {
	e.seen |= w.own
	t.words++
	n, size, tells := int32(len(e.words)-1), w.letters(), w.is(triggers)
	switch w.form {
	case small:
		t.smalls++
		if t.row++; w.own&(english|wordsOfSeeds) == english {
			t.row = 0
		}
		t.plenty = max(t.plenty, t.row)
		t.english += one(size <= 6 && w.is(english))
		t.foreign += one(size <= 6 && w.is(foreign))
		tells = tells || size >= leastPeople && n > 0 && e.words[n-1].is(beforePeople)
	case capital, upperAll, initial:
		t.larges++
		t.row = 0
		t.long += one(size >= 4)
		if size <= 6 && w.is(english) {
			if t.english++; t.words == 1 {
				t.larges--
			}
		}
		e.large = append(e.large, n)
		tells = w.form != initial
	case figure:
		e.figures = append(e.figures, n)
		tells = true
	case mixed:
		t.codes++
		e.figures = append(e.figures, n)
	}
	if tells {
		e.telling = append(e.telling, n)
	}
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

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

// Eight bytes are looked at in one step: the highest bit of each is where the answer stands.
const ones, high uint64 = 0x0101010101010101, 0x8080808080808080

// lettersIn marks the bytes that are ASCII letters.
func lettersIn(x uint64) uint64 {
	low := (x | 0x20*ones) &^ high
	return (low + (0x80-'a')*ones) &^ (low + (0x7f-'z')*ones) &^ x & high
}

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

// tally counts the words of a line.
type tally struct {
	english, foreign int
	smalls, larges   int
	long             int // large ones of four letters or more
	codes            int // signs and words that code has
	row, plenty      int // small words in a row that sentences do not need; the most of them
	words            int32
}

// endLine judges the line that ends here, and begins the next tally.
func (e *engine) endLine(row []byte, t *tally) {
	last := int32(len(e.words))
	l := line{first: last - t.words, last: last, small: t.larges == 0, plenty: t.plenty >= 12}
	switch {
	case t.codes >= 3 && t.codes*12 > len(row), comment(row):
		l.kind = codeLine
	case t.foreign > t.english && t.foreign >= 2:
		l.kind = foreignLine
	case t.english >= 1 && t.words >= 3 && t.smalls >= 1 && (t.long <= 4 || t.smalls*2 > t.larges || t.english >= 2 || t.smalls >= 2), t.smalls >= 4 && t.foreign == 0:
		l.kind = englishLine
	}
	e.lines = append(e.lines, l)
	*t = tally{}
}

// comment tells of lines that begin as comments of programs do.
func comment(row []byte) bool {
	for len(row) > 0 && (row[0] == ' ' || row[0] == '\t') {
		row = row[1:]
	}
	return len(row) > 1 && (row[0] == '/' && (row[1] == '/' || row[1] == '*') || row[0] == '*' && row[1] == ' ' || row[0] == '#' && row[1] == ' ')
}
