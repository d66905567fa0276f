package redact

import "bytes"

// Limits of what is read of a statement that puts rows into a table.
const (
	longestHead = 2 << 10
	longestRows = 64 << 10
)

// inserted takes the columns of secrets and names out of INSERT INTO t (user, password) VALUES ('bob', 'hunter22'), ('eve', 'letmein'): the word VALUES begins
// at start, the first row at end, behind its bracket.
func (s *search) inserted(start, end int) {
	to := start
	for to > 0 && s.text[to-1] <= ' ' {
		to--
	}
	if to == 0 || s.text[to-1] != ')' {
		return
	}
	to--
	from := bytes.LastIndexByte(s.text[max(0, to-longestHead):to], '(')
	if from < 0 {
		return
	}
	var columns [mostColumns]column
	n := s.inserts(max(0, to-longestHead)+from+1, to, &columns)
	for i, most := end, min(len(s.text), end+longestRows); n > 0 && i < most; {
		if i = s.values(i, most, n, &columns); i == 0 {
			return
		}
		for i < most && (s.text[i] <= ' ' || s.text[i] == ',') {
			i++
		}
		if i >= most || s.text[i] != '(' {
			return
		}
		i++
	}
}

// inserts reads the names of columns. It gives how many there are, 0 if none of them is of secrets or names.
func (s *search) inserts(from, to int, columns *[mostColumns]column) (n int) {
	found, fields, at := false, 0, from
	for i := s.wordBefore(from) + 1; i < len(s.words) && int(s.words[i].end) <= to; i++ {
		w := &s.words[i]
		n += bytes.Count(s.text[at:w.start], []byte{','})
		if at = int(w.start); n >= mostColumns {
			return 0
		}
		switch {
		case w.is(secretHeads):
			columns[n].class, found = secret, true
		case w.is(nameFields):
			columns[n].class, found = person, true
		case columns[n].class == noClass:
			columns[n].class, columns[n].of = s.columnOf(i)
			fields += one(columns[n].class != noClass)
		}
	}
	if !found && fields < 2 {
		return 0
	}
	return n + 1
}

// values takes the cells of a row that begins at i, and gives where it ends, 0 if it does not or has not n cells.
func (s *search) values(i, most, n int, columns *[mostColumns]column) int {
	cell, from, open, deep, called := 0, i, byte(0), 0, false // called: the cell is the call of a function
	for begin := i; ; i++ {
		if i == most { // each of many statements may have a row that does not end
			if s.spend(most-begin) != nil {
				panic(errOverrun) // scan turns it into the whole text
			}
			return 0
		}
		switch c := s.text[i]; {
		case open != 0:
			if c == open {
				open = 0
			}
		case c == '\'' || c == '"':
			open = c
		case c == '(':
			deep++
			called = true
		case c == ')' && deep > 0:
			deep--
		case c == ',' && deep == 0 || c == ')':
			if cell >= n {
				return 0
			}
			if columns[cell].class != noClass && !called && bytes.ContainsAny(s.text[from:i], "'\"") {
				s.cellOf(from, i, columns[cell])
			}
			if c == ')' {
				return i + 1
			}
			cell, from, called = cell+1, i+1, false
		}
	}
}
