package redact

import (
	"slices"
	"unicode/utf8"
)

// line is what a row of a text looks like.
type line struct {
	first, last int32 // words first to last-1
	kind        lineKind
	small       bool // no capital in it
	german      bool // a sentence of a language in which things have capitals
	loud        bool // a sentence in capitals
	plenty      bool // twelve words in a row that sentences do not need
	colons      uint8
	stated      settled // whether it is a statement of a program
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
		op och att som ar det inte pa den er og ikke til af med nie jest sie na do bir ve bu icin o os um uma nao com e
		wurde werden sind haben hat bitte oder aber beim zum zur vom noch nur kann wenn dass als wie mein meine uns mir ihm foi em ao mais seu sua pelo pela fue pero como mas sus muy
		sont mais vous nous cette ce votre je sono alla dal con ha ho si questo wordt naar zijn hebben maar ook bij uw przez dla oraz ale od prosi olarak gibi daha olan ile ja
		sich keine keinen einer eines diese dieser dieses uber dos das nas ser esta nel nella dei delle sul este hay cuando ou vers geen deze kan worden ett eller fran vid alla`)
	german = traitOf(`die des den sie sich keine keinen einer eines diese dieser dieses uber der das und ist nicht ein eine einen dem zu mit von auf fur im ich wir es auch wird bei nach wurde werden sind haben hat bitte oder aber beim zum zur vom noch nur kann wenn dass als wie mein meine uns mir ihm`)
)

// maxWords bounds what is looked at in one text; a text with more is redacted whole.
const maxWords = 1 << 19

// What a byte is and does that stands in a text. The lowest bits are the separator that it is between words.
const (
	ofWord uint16 = 1 << (8 + iota) // begins one
	inWord                          // begins one or goes on with it
	endsToken
	ofCode
	calls       // for a detector, or ends a line
	gluesBefore // what stands before it is a part of a path, an address or code
	gluesBehind // what stands behind it
	mayGlue     // this is for dotted to tell
)

var marks = func() (m [256]uint16) {
	for c := range m {
		m[c] = uint16(sepColon)
		if p := partOf[c]; p == smallPart || p == largePart || p == digitPart || p == widePart {
			m[c] |= ofWord
		}
	}
	for _, kind := range [...]struct {
		bytes string
		is    uint16
	}{
		{" \t\r", uint16(sepSpace) | endsToken}, {"\n", endsToken | calls}, {",", uint16(sepComma) | endsToken}, {".!?", uint16(sepDot)},
		{"-", uint16(sepHyphen)}, {"'", uint16(sepHyphen) | endsToken}, {"{}<>`;[]", uint16(sepColon) | endsToken | ofCode},
		{"=$_*()+#", uint16(sepColon) | ofCode}, {"%\\&", uint16(sepColon) | ofCode | calls}, {"\"|", uint16(sepColon) | endsToken}, {"@:", uint16(sepColon) | calls},
	} {
		for _, c := range []byte(kind.bytes) {
			m[c] = kind.is
		}
	}
	for c, p := range partOf {
		if p != noPart {
			m[c] |= inWord
		}
	}
	for _, c := range []byte(`@_=(/\$[&~`) {
		m[c] |= gluesBefore
	}
	for _, c := range []byte(`@/\_#$=&~<%`) {
		m[c] |= gluesBehind
	}
	m['.'], m[':'] = m['.']|mayGlue, m[':']|mayGlue
	return m
}()

// usualWord is how long a word is with what stands before it: so many are made room for at once, because memory that grows bit by bit is all touched.
const usualWord = 5

// read passes once over text and lists its words and lines, its groups of digits, and its long tokens. It reuses its memory.
func (e *engine) read(text []byte, g *gateState) error {
	e.words, e.lines, e.groups, e.longs, e.colons = e.words[:0], e.lines[:0], e.groups[:0], e.longs[:0], e.colons[:0]
	e.large, e.figures, e.begins, e.telling, e.seen, e.tally = e.large[:0], e.figures[:0], e.begins[:0], e.telling[:0], 0, tally{}
	e.words = slices.Grow(e.words, len(text)/usualWord)
	sep, begin, token, t := sepLine, 0, 0, &e.tally // begin is where the line begins, token where the token does
	before := uint16(0)                             // the mark before i: no word stands right behind another
	for i := 0; i < len(text); {
		c := text[i]
		m := marks[c]
		if m&ofWord != 0 && !(c >= utf8.RuneSelf && symbol(text, i)) {
			if len(e.words) >= maxWords {
				return errOverrun
			}
			var end int
			hash, f, behind := uint64(0), figure, uint16(0)
			if partOf[c] != digitPart {
				end, hash, f, behind = shortWord(text, i)
			} else if end, hash, behind = shortNumber(text, i); end > i {
				e.digits(text, i, end, g)
			}
			if end == i {
				var quote bool
				if end, hash, f, quote = e.anyWord(text, i, g); quote {
					token = e.quoted(text[:end], i, token, g)
				}
				if end < len(text) {
					behind = marks[text[end]]
				}
			}
			e.newWord(text, i, end, hash, f, sep)
			if glue := before&(gluesBehind|mayGlue) | behind&(gluesBefore|mayGlue); glue != 0 {
				e.words[len(e.words)-1].glued = glue&^mayGlue != 0 || dotted(text, i, end)
			}
			t.wide += one(c >= utf8.RuneSelf)
			i, sep = end, sepNone
			continue
		}
		if i-token >= shortest && m&endsToken != 0 { // asked so, it is seldom more than one question
			e.long(token, i, g)
		}
		if m&endsToken != 0 {
			token = i + 1
		}
		t.codes += one(m&ofCode != 0)
		sep |= uint8(m)
		if m&calls != 0 {
			switch c {
			case '\n':
				if sep&sepLine != 0 {
					sep |= sepPara
				}
				sep |= sepLine
				e.endLine(text[begin:i])
				begin = i + 1
			case '%':
				g.need |= needPercent
			case '@':
				g.need |= needAt
			case ':':
				t.colons++
				e.colons = append(e.colons, int32(i))
				if g.colons++; g.colons == 2 {
					g.need |= needColons
				}
				if i+2 < len(text) && text[i+1] == '/' && text[i+2] == '/' {
					g.need |= needScheme
				}
			case '\\', '&':
				if i+3 < len(text) && (text[i+1] == 'u' || text[i+1] == 'x' || text[i+1] == '#') && escaped(text[i:]) > 0 {
					g.need |= needEscape
				}
			}
		}
		before = m
		i++
	}
	e.long(token, len(text), g)
	e.endLine(text[begin:])
	if len(e.words) > 0 {
		g.need |= needWords
	}
	return nil
}

// quoted ends the tokens that the apostrophes in the word at the end of text end, and gives where the one behind them begins.
func (e *engine) quoted(text []byte, start, token int, g *gateState) int {
	for i := start; i < len(text); i++ {
		if text[i] == '\'' {
			e.long(token, i, g)
			token = i + 1
		}
	}
	return token
}

// note counts the newest word, by its lists, its form and how long it is, and lists it where the detectors look for words of its form.
func (e *engine) note(own trait, f form, size int) {
	e.seen |= own
	t := &e.tally
	t.words++
	n, tells := int32(len(e.words)-1), one(own&triggers != 0)
	switch f {
	case small: // most words are: nothing is left to guess for the processor
		t.smalls++
		t.row = (t.row + 1) * one(own&(english|wordsOfSeeds) != english)
		t.plenty = max(t.plenty, t.row)
		t.english += one(size <= 6) & one(own&english != 0)
		strange := one(size <= 8) & one(own&foreign != 0)
		t.foreign += strange
		t.german += strange & one(own&german != 0)
		tells |= one(size >= leastPeople) & one(e.words[max(0, n-1)].is(beforePeople))
	case capital, upperAll, initial:
		t.larges++
		t.row = 0
		t.long += one(size >= 4)
		if size <= 6 && own&english != 0 {
			if t.english++; t.words == 1 {
				t.larges--
			}
		} else if t.words == 1 && size <= 6 && own&foreign != 0 {
			t.foreign++
			t.german += one(own&german != 0)
		}
		t.loud += one(f == upperAll)
		e.large, e.begins = append(e.large, n), append(e.begins, n)
		tells = one(f != initial)
	case figure:
		e.figures = append(e.figures, n)
		tells = 1
	case mixed:
		t.codes++
		e.figures = append(e.figures, n)
	}
	e.telling = append(e.telling, n)[:len(e.telling)+tells]
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// tally counts the words of a line.
type tally struct {
	english, foreign int
	german, wide     int // of foreign ones; words in another script
	loud             int // words in capitals
	smalls, larges   int
	long             int // large ones of four letters or more
	codes            int // signs and words that code has
	colons           int
	row, plenty      int // small words in a row that sentences do not need; the most of them
	words            int32
	begins, telling  int // where its words begin in these lists
}

// endLine judges the line that ends here, and begins the next tally.
func (e *engine) endLine(row []byte) {
	t := &e.tally
	last := int32(len(e.words))
	l := line{first: last - t.words, last: last, small: t.larges == 0, plenty: t.plenty >= 12, colons: uint8(min(t.colons, 255))}
	switch {
	case t.codes >= 3 && t.codes*12 > len(row), comment(row):
		l.kind = codeLine
	case t.foreign > t.english && t.foreign >= 2, t.wide*3 > int(t.words)*2 && t.words > 2:
		l.kind, l.german = foreignLine, 2*t.german >= max(t.foreign, 1)
	case t.english >= 1 && t.words >= 3 && t.smalls >= 1 && (t.long <= 4 || t.smalls*2 > t.larges || t.english >= 2 || t.smalls >= 2), t.smalls >= 4 && t.foreign == 0:
		l.kind = englishLine
	case t.smalls == 0 && t.loud >= 4 && t.english >= 1:
		l.loud = true
	}
	switch {
	case l.kind == codeLine:
		e.begins = e.begins[:t.begins]
	case l.whole():
		e.begins, e.telling = l.all(e.begins[:t.begins]), l.all(e.telling[:t.telling])
	}
	e.lines = append(e.lines, l)
	*t = tally{begins: len(e.begins), telling: len(e.telling)}
}

// whole tells of a sentence without capitals, in which each word is looked at.
func (l *line) whole() bool { return l.small && l.kind == englishLine }

// all adds the words of a line to a list.
func (l *line) all(list []int32) []int32 {
	for i := l.first; i < l.last; i++ {
		list = append(list, i)
	}
	return list
}

// comment tells of lines that begin as comments of programs do.
func comment(row []byte) bool {
	for len(row) > 0 && (row[0] == ' ' || row[0] == '\t') {
		row = row[1:]
	}
	return len(row) > 1 && (row[0] == '/' && (row[1] == '/' || row[1] == '*') || row[0] == '*' && row[1] == ' ' || row[0] == '#' && row[1] == ' ')
}
