package redact

import "slices"

// lists carries what was found over commas and "and": of "Roe, White and Smith" all are names if one is. And a name that was found
// once is one wherever it stands in the text.
func (s *search) lists() {
	if len(s.people) == 0 {
		return
	}
	named := func(w *word) bool {
		if w.form == upperAll { // "MEYER, Anna"
			return w.tag == noClass && w.letters() >= 3 && !w.glued && w.lex&isCommon == 0 && int(w.end) < len(s.text) && s.text[w.end] == ','
		}
		return w.tag == noClass && w.form == capital && !w.glued && w.lex&(isGiven|isFamily) != 0 && !w.is(english)
	}
	for _, n := range s.large {
		i := int(n)
		if i == 0 || !s.chained(i, i-1) {
			continue
		}
		if p := s.linked(i); p >= 0 && s.words[p].tag == person && named(&s.words[i]) {
			s.mark(i, i, person)
		}
	}
	for n := len(s.large) - 1; n >= 0; n-- {
		p := int(s.large[n])
		if p+1 == len(s.words) || !s.chained(p+1, p+1) || !named(&s.words[p]) {
			continue
		}
		for i := p + 1; i <= p+2 && i < len(s.words); i++ {
			if s.words[i].tag == person && s.linked(i) == p {
				s.mark(p, p, person)
				break
			}
		}
	}
	if s.seen&joiners != 0 {
		s.firms()
	}
}

// firms joins "Roe, White and Smith", three family names, as a firm is called.
func (s *search) firms() {
	for i := range s.words[min(3, len(s.words)):] {
		if s.words[i+2].hash != wordAnd {
			continue
		}
		before, after := i == 0 || s.words[i-1].tag != person, i+4 >= len(s.words) || s.words[i+4].tag != person || s.words[i+4].sep != sepSpace
		three := s.words[i].tag == person && s.words[i+1].tag == person && s.words[i+3].tag == person
		if before && after && three && s.linked(i+1) == i && s.linked(i+3) == i+1 {
			s.mark(i, i+3, organisation)
		}
	}
}

// chained tells whether a comma stands before one word, or another is "and": without that nothing is linked, as most words are not. It is one question.
func (s *search) chained(comma, and int) bool {
	return one(s.words[comma].sep&sepComma != 0)|one(s.words[and].is(joiners)) != 0
}

// linked is the word before i over a comma or "and", -1 if there is none.
func (s *search) linked(i int) int {
	if i == 0 {
		return -1
	}
	if s.words[i].sep&sepComma != 0 && s.words[i].sep&(sepPara|sepDot|sepColon) == 0 {
		return i - 1
	}
	if i > 1 && s.words[i].sep == sepSpace && s.words[i-1].is(joiners) && s.words[i-1].sep&^(sepSpace|sepComma) == 0 {
		return i - 2
	}
	return -1
}

var (
	joiners = traitOf(`and or`)
	wordAnd = hashWord("and")
)

// again marks names that were found elsewhere in the text.
func (s *search) again() {
	var seen [32]uint32
	n, may := 0, sieve{} // of each of seen
	met := func(hash uint32) bool { return may.has(hash) && slices.Contains(seen[:n], hash) }
	for _, i := range s.people {
		w := &s.words[i]
		if w.tag == person && w.letters() > 2 && (w.form == capital || w.form == small && w.lex&isCommon == 0) && n < len(seen) &&
			!w.is(titles|english|particles) && !met(w.hash) {
			seen[n] = w.hash
			may.add(w.hash)
			n++
		}
	}
	if n == 0 {
		return
	}
	mark := func(i int32) {
		if w := &s.words[i]; w.tag == noClass && !w.glued && met(w.hash) {
			s.mark(int(i), int(i), person)
		}
	}
	for _, i := range s.large { // few words pass the sieve: it is asked first
		if w := &s.words[i]; may.has(w.hash) && w.form == capital {
			mark(i)
		}
	}
	for _, l := range s.lines {
		for i := l.first; l.small && i < l.last; i++ {
			if w := &s.words[i]; may.has(w.hash) && w.form == small {
				mark(i)
			}
		}
	}
}

// sieve lets hashes through that were added, and a few others.
type sieve [16]uint64

func (v *sieve) add(hash uint32) { v[hash>>28] |= 1 << (hash >> 22 & 63) }

func (v *sieve) has(hash uint32) bool { return v[hash>>28]>>(hash>>22&63)&1 != 0 }

// rows takes towns and codes of towns out of rows in which somebody or a street was found: they stand between commas, bars or semicolons.
func (s *search) rows() {
	if len(s.found) == 0 {
		return
	}
	for n := range s.lines {
		l := &s.lines[n]
		if l.kind != plainLine || l.last-l.first < 3 {
			continue
		}
		found := false
		for i := l.first; i < l.last && !found; i++ {
			c := s.words[i].tag
			found = c == person || c == address
		}
		for i := int(l.first); found && i < int(l.last); i++ {
			w := &s.words[i]
			if w.tag == noClass && !w.glued && w.form == capital && i+1 < int(l.last) && s.words[i+1].sep == sepSpace && s.houseNumber(i+1) && s.between(w.start, s.words[i+1].end) {
				s.mark(i, i+1, address)
				continue
			}
			if w.tag != noClass || w.glued || !s.between(w.start, w.end) {
				continue
			}
			switch {
			case w.large() && w.lex&(isPlace|isCommon) == isPlace:
				s.mark(i, i, place)
			case w.form == figure && w.letters() >= 4 && w.letters() <= 6 && (i > 0 && s.words[i-1].tag >= address && s.words[i-1].tag <= place && s.words[i-1].tag != person ||
				i+1 < int(l.last) && s.words[i+1].form == capital && s.between(s.words[i+1].start, s.words[i+1].end) && s.words[i+1].lex&(isPlace|isCommon) == isPlace):
				s.mark(i, i, address)
			}
		}
	}
}

// between tells whether a stretch is a cell of a row by itself.
func (s *search) between(start, end int32) bool {
	mark := func(i int) bool {
		return i < 0 || i >= len(s.text) || s.text[i] == ',' || s.text[i] == ';' || s.text[i] == '|' || s.text[i] == '\t' || s.text[i] == '\n'
	}
	return mark(int(start)-1) && mark(int(end))
}

// cells looks at short lines beside lines in which something was found: names that are written small, towns, countries.
func (s *search) cells() {
	if len(s.lines) < 2 {
		return
	}
	before := false // something was found in the line before
	for n := range s.lines {
		l := &s.lines[n]
		if l.first == l.last {
			continue
		}
		a, b := int(l.first), int(l.last)
		found := s.words[a].tag != noClass
		if l.kind == plainLine && !found && b-a <= 4 {
			switch {
			case l.small && b-a >= 2 && s.allNames(a, b):
				s.mark(a, b-1, person)
				found = true
			case before && b-a == 1 && s.words[a].form == capital && s.words[a].lex == 0 && !s.words[a].glued && !s.label(a),
				before && b-a > 1 && s.words[b-1].is(companies) && s.words[a].large():
				s.mark(a, b-1, organisation)
				found = true
			case before && s.allPlaces(a, b):
				s.mark(a, b-1, place)
				found = true
			}
		}
		before = found
	}
}

func (s *search) allNames(a, b int) bool {
	for i := a; i < b; i++ {
		w := &s.words[i]
		if w.form != small || w.glued || w.letters() > 1 && w.is(english) || i > a && !s.joins(i) || s.caseless(w) {
			return false
		}
		if l := s.lexeme(w); w.letters() > 1 && l&isCommon != 0 || i == a && l&isGiven == 0 && l != 0 {
			return false
		}
	}
	return true
}

func (s *search) allPlaces(a, b int) bool {
	for i := a; i < b; i++ {
		w := &s.words[i]
		if !w.large() || w.glued || i > a && !s.joins(i) || !(w.lex&isPlace != 0 && w.lex&isCommon == 0 || w.is(placePairs) || w.form == upperAll && w.letters() > 3 && w.lex == 0) {
			return false
		}
	}
	return true
}
