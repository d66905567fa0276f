package redact

import "bytes"

// column is what the cells of a column are: what its head says of them, if that has a form of its own, and else what they are taken as.
type column struct {
	of    content
	class class
}

// mostColumns is how many columns of a table are looked at.
const mostColumns = 64

// tables takes columns of secrets and names, by the line that is their head: "user,password", "first_name;last_name", "| Name | Email |".
func (s *search) tables() {
	for n := 0; n+1 < len(s.lines); n++ {
		l := &s.lines[n]
		if l.last-l.first < 2 || l.last-l.first > 2*mostColumns || l.kind == codeLine && s.words[l.first+1].sep&sepSpace != 0 || l.kind == englishLine || !s.heads(l) {
			continue
		}
		var columns [mostColumns]column
		mark, count := s.head(l, &columns)
		for count > 0 && n+1 < len(s.lines) && s.tableRow(&s.lines[n+1], mark, count, &columns) {
			n++
		}
	}
}

// heads tells whether a word of a line may be the head of a column.
func (s *search) heads(l *line) bool {
	for i := l.first; i < l.last; i++ {
		if s.words[i].is(secretHeads | nameFields | trigName | fieldWords | trigCode) {
			return true
		}
	}
	return false
}

// head reads the head of a table: by which mark its columns are parted, how often it has it, 0 if it is no head, and which columns hold what.
func (s *search) head(l *line, columns *[mostColumns]column) (mark byte, count int) {
	row := s.row(l)
	if bytes.ContainsAny(row, "={}<>$(") {
		return 0, 0
	}
	for _, m := range [...]byte{'\t', '|', ';', ','} {
		if count = bytes.Count(row, []byte{m}); count > 0 {
			mark = m
			break
		}
	}
	if count == 0 || count >= mostColumns {
		return 0, 0
	}
	found, people, fields, n, at := false, 0, 0, 0, s.lineStart(s.words[l.first].start)
	for i := int(l.first); i < int(l.last); i++ {
		w := &s.words[i]
		n += bytes.Count(s.text[at:w.start], []byte{mark})
		at = int(w.start)
		switch {
		case w.form == figure || w.is(english):
			return 0, 0 // a sentence
		case w.is(secretHeads):
			columns[n].class, found = secret, true
		case w.is(nameFields):
			columns[n].class, found, people = person, true, people+2
		case w.is(trigName) && columns[n].class == noClass && !(i > 0 && s.words[i-1].is(things)) && s.means(i, i) != userField:
			columns[n].class, people = person, people+1
		case w.is(personHeads):
			people++
		}
		if c := &columns[n]; c.class == noClass || c.of != noField {
			c.class, c.of = s.columnOf(i)
			fields += one(c.of != noField)
		}
	}
	if !found && people < 2 && fields < 2 {
		return 0, 0
	}
	for i, c := range columns {
		if people < 2 && c.class != secret && c.of == noField { // in a table of secrets a name may be a thing's
			columns[i] = column{}
		}
	}
	return mark, count
}

// columnOf is what a column of a table of people holds by word i of its head, beside names.
func (s *search) columnOf(i int) (class, content) {
	switch w := &s.words[i]; {
	case w.is(trigBirth):
		return date, noField
	case w.is(trigZip | addressHeads), s.in(streetHeads, i):
		return address, noField
	case w.is(recordWords), w.form == mixed && s.endsField(w):
		if of := s.means(i, i); of != noField && of != partyField && of != personField {
			return contentClass[of], of
		} else if w.is(trigID) {
			return document, noField
		}
	}
	return noClass, noField
}

// streetHeads are heads of columns that hold a part of an address.
var streetHeads = setOf(`street strasse str rue calle via ulica straat city town ort stadt wohnort ville ciudad localidad comune citta cidade miasto plaats`)

// lineStart is where the line of the text at i begins.
func (s *search) lineStart(i int32) int { return bytes.LastIndexByte(s.text[:i], '\n') + 1 }

// row is the text of a line that has a word.
func (s *search) row(l *line) []byte {
	row := s.text[s.lineStart(s.words[l.first].start):]
	if n := bytes.IndexByte(row, '\n'); n >= 0 {
		row = row[:n]
	}
	return row
}

// tableRow takes the cells of a line; it tells whether the line belongs to the table.
func (s *search) tableRow(l *line, mark byte, count int, columns *[mostColumns]column) bool {
	if l.first == l.last {
		return mark == '|' // the dashes under a head
	}
	row := s.row(l)
	at := s.lineStart(s.words[l.first].start)
	var ends [mostColumns + 1]int
	n, quoted := 0, false
	for i, c := range row {
		if quoted = quoted != (c == '"'); c == mark && !quoted {
			if n == count {
				return false
			}
			ends[n] = i
			n++
		}
	}
	if n != count {
		return false
	}
	ends[n] = len(row)
	from := 0
	for i, to := range ends[:n+1] {
		if columns[min(i, mostColumns-1)].class != noClass {
			s.cellOf(at+from, at+to, columns[i])
		}
		from = to + 1
	}
	return true
}

// cellOf takes a cell without the spaces and quotes around it.
func (s *search) cellOf(from, to int, col column) {
	c := col.class
	for from < to && (s.text[from] <= ' ' || s.text[from] == '"' || s.text[from] == '\'') {
		from++
	}
	for to > from && (s.text[to-1] <= ' ' || s.text[to-1] == '"' || s.text[to-1] == '\'') {
		to--
	}
	if col.of != noField {
		if from < to && s.fits(col.of, s.text[from:to]) {
			s.add(from, to, c)
		}
		return
	}
	if to-from < 2 || to-from > 80 || c == secret && notSecret(s.text[from:to]) {
		return
	}
	if (c == date || c == document) && !hasNumber(s.text[from:to], 1+3*one(c == document)) {
		return
	}
	for i := s.wordBefore(from) + 1; c == person && i < len(s.words) && int(s.words[i].start) < to; i++ {
		if f := s.words[i].form; f == figure || f == mixed {
			return
		}
	}
	s.add(from, to, c)
}

// hasNumber tells whether so many digits or more stand in t.
func hasNumber(t []byte, least int) bool {
	for _, c := range t {
		least -= one(kindOf[c] == isDigit)
	}
	return least <= 0
}
