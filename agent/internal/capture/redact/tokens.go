package redact

import "unicode/utf8"

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
	start, end int32
	hash       uint64 // of its letters, small, without a genitive
	lex        lexeme
	form       form
	sep        uint8 // what stands before it
	looked     bool  // lex is known
	glued      bool  // part of a path, an address or code
	line       int32
	tag        class // what it was found to be
}

// line is what a row of a text looks like.
type line struct {
	first, last int32 // words first to last-1
	kind        lineKind
	small       bool // no capital in it
}

type lineKind uint8

const (
	plainLine   lineKind = iota // labels, cells, titles
	englishLine                 // a sentence in English
	foreignLine                 // a sentence in another language
	codeLine
)

var (
	english = setOf(`the a an and or but if of to in on at by for with from is are was were be been am i me my we our you your he his she
		her him they them their it its it's this that these those who what when where why how which have has had do does did will would can
		could should not no there here so as than then about into after before under over i'm i've i'd i'll don't didn't isn't what's let's c'mon y'all who's you're he's she's that's there's won't can't please just`)
	foreign = setOf(`der die das und ist nicht ein eine einen dem den zu mit von auf fur im ich sie wir es auch wird bei nach le la les et est une des
		du dans pour que qui pas sur avec au aux el los las una por con para del se es il di che non un della sono gli het een van en niet dat voor
		op och att som ar det inte pa den er og ikke til af med nie jest sie na do bir ve bu icin o os um uma nao com e`)
)

// maxWords bounds what is looked at in one text; a text with more is redacted whole.
const maxWords = 1 << 19

// split reads text into words and lines. It reuses its memory.
func (e *engine) split(text []byte) error {
	e.words, e.lines = e.words[:0], e.lines[:0]
	sep, lineStart, codes := sepLine, 0, 0
	e.lines = append(e.lines, line{})
	for i := 0; i < len(text); {
		c := text[i]
		if k := kindOf[c]; k == isLetter || k == isDigit || k == isBad && !symbol(text, i) {
			if len(e.words) >= maxWords {
				return errOverrun
			}
			w := readWord(text, i)
			w.sep, w.line = sep, int32(len(e.lines)-1)
			e.words = append(e.words, w)
			i, sep = int(w.end), sepNone
			continue
		}
		switch c {
		case ' ', '\t', '\r':
			sep |= sepSpace
		case '\n':
			if sep&sepLine != 0 {
				sep |= sepPara
			}
			sep |= sepLine
			e.endLine(text, lineStart, i, codes)
			lineStart, codes = i+1, 0
		case ',':
			sep |= sepComma
		case '.', '!', '?':
			sep |= sepDot
		case '-', '\'':
			sep |= sepHyphen
		case '{', '}', '=', '<', '>', '\\', '$', '`', '_', '*', '&', ';', '(', ')', '[', ']', '+', '%', '#':
			codes++
			sep |= sepColon
		default:
			sep |= sepColon
		}
		i++
	}
	e.endLine(text, lineStart, len(text), codes)
	return nil
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

// readWord reads the word that begins at i. An apostrophe between letters belongs to it.
func readWord(text []byte, i int) word {
	w := word{start: int32(i), hash: hashBegin}
	smalls, larges, digits, odd, letters := 0, 0, 0, false, 0
	camel, wide := false, false
	for ; i < len(text); i++ {
		c := text[i]
		switch k := kindOf[c]; {
		case k == isDigit:
			digits++
		case k == isLetter:
			letters++
			if c >= 'a' {
				smalls++
			} else {
				camel = camel || smalls > 0
				larges++
			}
		case k == isBad && !symbol(text, i):
			wide = true
			if utf8.RuneStart(c) {
				letters++
				if r, _ := utf8.DecodeRune(text[i:]); large(r) {
					camel = camel || smalls > 0
					larges++
				} else {
					smalls++
				}
			}
		case c == '_':
			odd = true
		case c == '\'' && i+1 < len(text) && kindOf[text[i+1]] == isLetter && letters > 0 && digits == 0:
			if genitive(text, i) {
				goto done
			}
			camel = false
			smalls = 0
		default:
			goto done
		}
		w.hash = (w.hash ^ uint64(lower(c))) * hashStep
	}
done:
	w.end = int32(i)
	if wide {
		w.hash = hashOf(text[w.start:w.end])
	}
	switch {
	case odd || digits > 0 && letters > 0 || (camel || larges > 1 && smalls > 0) && !(letters > 3 && text[w.start+1] == '\'') && !legal.has(w.hash) && !prefixed(text[w.start:w.end]):
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
		if c := text[w.start]; c >= 'a' && c <= 'z' && !((c == 'd' || c == 'l') && text[w.start+1] == '\'') {
			w.form = mixed
		}
	}
	w.glued = glued(text, int(w.start), i)
	return w
}

// genitive tells of "'s" and its like, which are no part of a name.
func genitive(text []byte, i int) bool {
	c := lower(text[i+1])
	return c == 's' && (i+2 >= len(text) || kindOf[text[i+2]] != isLetter)
}

// prefixed tells of names with a large letter inside.
func prefixed(w []byte) bool {
	for _, p := range [...]string{"Mc", "Mac", "De", "La", "Le", "Van", "Di", "Da", "O'", "D'", "L'", "Al", "Fitz"} {
		if len(w) > len(p)+1 && string(w[:len(p)]) == p && w[len(p)] >= 'A' && w[len(p)] <= 'Z' {
			return true
		}
	}
	return false
}

// glued tells of words that touch what only code, paths and addresses have.
func glued(text []byte, start, end int) bool {
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

// endLine judges the line that ends here.
func (e *engine) endLine(text []byte, start, end, codes int) {
	l := &e.lines[len(e.lines)-1]
	l.last = int32(len(e.words))
	en, other, small0, caps, long := 0, 0, 0, 0, 0
	for i := l.first; i < l.last; i++ {
		w := &e.words[i]
		switch w.form {
		case small:
			small0++
			if w.end-w.start <= 6 {
				if english.has(w.hash) {
					en++
				}
				if foreign.has(w.hash) {
					other++
				}
			}
		case capital, upperAll, initial:
			caps++
			if w.end-w.start >= 4 {
				long++
			}
			if w.end-w.start <= 6 && english.has(w.hash) {
				en++
				if i == l.first {
					caps--
				}
			}
		case mixed:
			codes++
		}
	}
	n := int(l.last - l.first)
	l.small = caps == 0
	switch {
	case codes >= 3 && codes*12 > end-start, comment(text[start:end]):
		l.kind = codeLine
	case other > en && other >= 2:
		l.kind = foreignLine
	case en >= 1 && n >= 3 && small0 >= 1 && (long <= 4 || small0*2 > caps || en >= 2 || small0 >= 2), small0 >= 4 && other == 0:
		l.kind = englishLine
	}
	e.lines = append(e.lines, line{first: l.last, last: l.last})
}

// comment tells of lines that begin as comments of programs do.
func comment(row []byte) bool {
	for len(row) > 0 && (row[0] == ' ' || row[0] == '\t') {
		row = row[1:]
	}
	return len(row) > 1 && (row[0] == '/' && (row[1] == '/' || row[1] == '*') || row[0] == '*' && row[1] == ' ' || row[0] == '#' && row[1] == ' ')
}
