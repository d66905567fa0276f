package redact

import "bytes"

// What looks like a sentence in English by its little words, and is none: in a sentence of another language an unknown word with a capital at its
// start is as a rule no name, and in a statement of a program an unknown small word is none.

// mostHeard is how many words of a line are listened to.
const mostHeard = 8

// noName tells of a word that nobody knows and that is none by what stands around it: a flag, a British word or one of another language that begins a sentence.
func (s *search) noName(i int) bool {
	w := &s.words[i]
	return s.flagged(w) || s.starts(i) && (s.isBritish(w) || s.otherTongue(&s.lines[w.line]))
}

// otherTongue tells whether most small words of a line are no English ones. Little words that are English are in many languages words as well, so more than one
// of them must be there to settle it at once.
func (s *search) otherTongue(l *line) bool {
	to := min(l.last, l.first+mostHeard)
	known := 0
	for i := l.first; i < to; i++ {
		if w := &s.words[i]; w.form == small && w.is(english) {
			if known++; known >= 2 {
				return false
			}
		}
	}
	strange := 0
	for i := l.first; i < to; i++ {
		w := &s.words[i]
		if w.form != small || w.is(english) || w.letters() < 3 || w.glued {
			continue
		}
		switch x := s.lexeme(w); {
		case x&isCommon != 0:
			known++
		case x&isName == 0:
			strange++
		}
	}
	return strange >= 2 && strange > known
}

// germanPairs takes two words with capitals of i to j-1 that are a name in a German sentence.
func (s *search) germanPairs(i, j int) {
	for k := i; k+1 < j; k++ {
		if !s.starts(k) && s.germanPair(&s.words[k], &s.words[k+1]) {
			s.mark(k, k+1, person)
			return
		}
	}
	for k := i; k+1 < j; k++ { // Trainer Klinsmann
		if b := &s.words[k+1]; b.sep == sepSpace && b.form == capital && b.letters() >= 4 && !s.starts(k) && s.germanOffice(&s.words[k]) && b.lex&(isGiven|isFamily) != 0 && b.lex&(isCommon|isPlace) == 0 && !s.germanThing(b) {
			s.mark(k+1, k+1, person)
		}
	}
}

// germanSaid takes the name beside a verb of speech: "...", sagte Thoben. Bush sagt nichts. Words i to j-1 begin with a capital.
func (s *search) germanSaid(i, j int) {
	w := &s.words[i]
	switch {
	case i > 0 && germanSays[s.words[i-1].hash] && w.sep == sepSpace:
		if i+1 < j && s.words[i+1].form == capital && s.words[i+1].sep == sepSpace && s.germanOffice(w) {
			i, w = i+1, &s.words[i+1] // sagte Trainer Klinsmann
		}
		if w.form == capital && w.letters() >= 3 && !w.is(german|months|calendar) && (w.lex&isFamily != 0 || !s.germanThing(w)) {
			s.mark(i, i, person)
		}
	case i+1 < len(s.words) && s.starts(i) && s.words[i+1].form == small && s.words[i+1].sep == sepSpace && germanSays[s.words[i+1].hash] && w.form == capital && w.letters() >= 3 && w.lex&isFamily != 0 && !w.is(german):
		s.mark(i, i, person)
	}
}

// germanSays are verbs of which people are the subject, in the singular, before or behind which a word with a capital and no article is a name.
var germanSays = hashesOf(`sagt sagte meint meinte erklart erklarte betont betonte warnt warnte kritisiert kritisierte fordert forderte versichert versicherte behauptet behauptete schwarmt schwarmte
	heiratete studierte promovierte verstarb`)

// germanOffice tells of a word that ends as those do which say what somebody is.
func (s *search) germanOffice(w *word) bool {
	if w.form != capital || w.letters() < 6 {
		return false
	}
	t := s.text[w.start:w.end]
	for _, end := range [...]string{"er", "erin", "ent", "entin", "eur", "eurin", "ist", "istin", "or", "orin", "kanzler", "kanzlerin", "chef", "chefin", "konig", "kaiser", "prinz"} {
		if bytes.HasSuffix(t, []byte(end)) {
			return w.lex&isFamily == 0 || w.letters() > 6
		}
	}
	return false
}

// germanPair tells of a given name with a word behind it that is none, or of a word that nobody knows with a family name behind it, where things have
// capitals as well: two things seldom stand beside each other.
func (s *search) germanPair(a, b *word) bool {
	if b.sep != sepSpace || a.form != capital || b.form != capital || a.letters() < 3 || b.letters() < 3 || a.is(german) || b.is(german|months) {
		return false
	}
	return a.lex&isGiven != 0 && a.lex&isOften == 0 && b.lex&isCommon == 0 || a.lex == 0 && b.lex&(isFamily|isCommon) == isFamily ||
		a.lex == 0 && b.lex == 0 && a.letters() <= 10 && b.letters() <= 12 && !s.germanThing(a) && !s.germanThing(b)
}

// germanThing tells of a word that ends as adjectives and many nouns do.
func (s *search) germanThing(w *word) bool {
	t := s.text[w.start:w.end]
	for _, end := range [...]string{"e", "en", "es", "em", "ung", "heit", "keit", "schaft", "tion", "tat", "nis", "ment", "tum"} {
		if bytes.HasSuffix(t, []byte(end)) {
			return true
		}
	}
	return false
}

// settled is whether something is so that is looked at once.
type settled uint8

const (
	unasked settled = iota
	yes
	no
)

// isStated is statement, asked once of a line.
func (s *search) isStated(l *line) bool {
	if l.stated == unasked {
		l.stated = no
		if s.statement(l) {
			l.stated = yes
		}
	}
	return l.stated == yes
}

// keywordNames are words of programs that are given names, too.
var keywordNames = setOf(`elif`)

// namedThere tells of a small word that is somebody's name in a statement as well, and in a note that looks like one: katarzyna = my new boss. Values
// of programs seldom have such names.
func (s *search) namedThere(i int) bool {
	w := &s.words[i]
	return (w.lex&isGiven != 0 && w.letters() >= 4 || w.lex&isFamily != 0 && w.letters() >= 6) && !s.in(keywordNames, i)
}

// statement tells of a line of a program: a value is set or compared, or a call ends it.
func (s *search) statement(l *line) bool {
	row := bytes.TrimRight(s.row(l), " \t\r")
	if i := bytes.IndexByte(row, '='); i > 0 && i+1 < len(row) && (row[i+1] == '=' || row[i-1] == ' ' && (row[i+1] == ' ' || row[i+1] == '>')) {
		return true
	}
	i := bytes.IndexByte(row, '(')
	return i > 0 && alnum(row[i-1]) && byteIn(row[len(row)-1], ":;{,)(+\\") && !bytes.HasPrefix(row[i:], []byte("(s)")) || bytes.HasPrefix(bytes.TrimLeft(row, " \t"), []byte("elif "))
}

// flagged tells of the beginning of a flag of a command: -Wno-unused.
func (s *search) flagged(w *word) bool {
	i := int(w.start) - 1
	return i >= 0 && s.text[i] == '-' && (i == 0 || s.text[i-1] <= ' ' || byteIn(s.text[i-1], `"'`)) && int(w.end) < len(s.text) && byteIn(s.text[w.end], "-=")
}

// isBritish tells whether a word is English once it is spelled as in America, where the list of English words is from: colour, maximise, licence.
func (s *search) isBritish(w *word) bool {
	t := s.text[w.start:w.end]
	for i := 1; i+1 < len(t) && len(t) <= longestBritish; i++ {
		there := ""
		switch c := t[i+1]; {
		case t[i] == 'o' && c == 'u':
			there = "o"
		case t[i] == 'i' && c == 's':
			there = "iz"
		case t[i] == 'n' && c == 'c':
			there = "ns"
		default:
			continue
		}
		var room [longestBritish]byte
		v := append(append(append(room[:0], t[:i]...), there...), t[i+2:]...)
		if s.table.lookUp(mixOf(v))&isCommon != 0 {
			return true
		}
	}
	return false
}

const longestBritish = 16
