package redact

// Small looks that names and places share: ordinals, a street above its town, names and titles in small letters.

// ordinal tells of 5th and 42nd.
func (s *search) ordinal(w *word) bool {
	if n := w.letters(); n >= 3 && n <= 5 && kindOf[s.text[w.end-3]] == isDigit {
		switch string(s.text[w.end-2 : w.end]) {
		case "st", "nd", "rd", "th":
			return true
		}
	}
	return false
}

// aboveTown takes the line that is a name and the number of a house, above the code of a town that word i is.
func (s *search) aboveTown(i int) {
	l := &s.lines[s.words[i-1].line]
	last, first := i-1, int(l.first)
	if i+1 >= len(s.words) || s.words[i].sep&sepPara != 0 || last-first < 1 || last-first > 4 || l.kind == codeLine || !s.houseNumber(last) || s.words[last].tag != noClass {
		return
	}
	town := &s.words[i+1]
	if town.form == figure && town.sep == sepHyphen && i+2 < len(s.words) { // 71-637 Szczecin
		town = &s.words[i+2]
	}
	good := town.large() && town.line == s.words[i].line && town.sep == sepSpace && town.letters() >= 3 && s.lexeme(town)&(isCommon|isPlace) != isCommon && s.words[last].sep&^(sepSpace|sepComma) == 0
	odd := false
	for k := first; k < last && good; k++ {
		odd = odd || s.unknown(k)
		good = s.namely(k) && (k == first || s.touch(k)) && !s.words[k].is(english) && !s.words[k].is(months)
	}
	if good && odd && s.words[first].letters() >= 3 {
		s.mark(first, last, address)
	}
}

// smallTitled takes the name behind "mr." in a sentence that is written without capitals.
func (s *search) smallTitled(i int) int {
	dot := int(s.words[i].end) < len(s.text) && s.text[s.words[i].end] == '.'
	j := i + 1
	for j < len(s.words) && j < i+4 && s.words[j].line == s.words[i].line {
		w := &s.words[j]
		l := s.lexeme(w)
		if w.sep != sepSpace && !(j == i+1 && w.sep == sepDot|sepSpace) || w.form != small || w.letters() < 3 || w.glued || w.is(english) || l&isOften != 0 || l&isCommon != 0 && l&(isGiven|isFamily) == 0 {
			break
		}
		j++
	}
	if j == i+1 || !(dot && s.words[i].letters() <= 3 || s.in(calledSo, i)) {
		return i + 1
	}
	s.mark(i, j-1, person)
	return j
}

// calledSo are titles that are no other words.
var calledSo = setOf(`mr mrs ms miss dr prof`)

// smallName takes names out of a sentence that is written without capitals.
func (s *search) smallName(i int) int {
	w := &s.words[i]
	if w.is(titles) && w.letters() <= 4 && i+1 < len(s.words) {
		return s.smallTitled(i)
	}
	if w.glued || w.letters() < 3 || s.caseless(w) {
		return i + 1
	}
	w.lex = s.lexeme(w)
	if w.lex&isCommon != 0 || w.lex&isName == 0 || w.is(english) || w.is(particles) {
		return i + 1
	}
	if l := &s.lines[w.line]; s.isStated(l) && !s.namedThere(i) || s.otherTongue(l) {
		return i + 1
	}
	first, j := i, i+1
	for first > 0 && s.words[first].sep == sepSpace && s.words[first-1].form == small && s.words[first-1].letters() > 2 && !s.words[first-1].glued && s.words[first-1].tag == noClass {
		p := &s.words[first-1]
		if l := s.lexeme(p); p.is(english) || p.is(particles) || !(l == 0 || l&isGiven != 0 && l&isOften == 0) {
			break
		}
		first--
	}
	for first > 0 && s.words[first].sep&^(sepSpace|sepHyphen|sepDot) == 0 && s.words[first-1].is(titles) {
		first--
	}
	for j < len(s.words) && s.joins(j) && s.words[j].form == small && !s.words[j].glued {
		n := &s.words[j]
		if n.letters() == 1 && (n.hash != wordA && n.hash != wordI || j+1 < len(s.words) && s.joins(j+1) && s.words[j+1].letters() > 2 && s.lexeme(&s.words[j+1])&isCommon == 0) || n.is(particles) && j+1 < len(s.words) && s.joins(j+1) && s.lexeme(&s.words[j+1])&isCommon == 0 {
			j++
			continue
		}
		if n.lex = s.lexeme(n); n.lex&isCommon != 0 || n.is(english) {
			break
		}
		j++
	}
	c := person
	if w.lex&(isGiven|isFamily) == 0 {
		c = place
	}
	s.mark(first, j-1, c)
	return j
}
