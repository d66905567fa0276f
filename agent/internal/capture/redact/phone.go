package redact

import "bytes"

// findPhone judges runs of digits by the words before them and by their form. libphonenumber is of no help where a number has no country
// code: over the regions that one would try it calls seven to ten of ten random numbers valid (docs/decisions/0022).
func findPhone(s *search) error {
	s.called = 0
	until := 0 // where the run ends that i is in: a table of numbers is one run
	for i := 0; i < len(s.groups); {
		if i == until {
			until += len(s.run(i))
		}
		groups := s.oneNumber(s.groups[i:until])
		if len(groups) > 3 {
			groups = s.beforeDate(groups)
		}
		end := groups[len(groups)-1].end
		i += len(groups)
		n := 0
		for _, g := range groups {
			n += g.len()
		}
		if n < 4 || n > 17 || s.dateOf(groups) > 0 || joined(s.text, groups[0].start-1) || joined(s.text, extension(s.text, end)) ||
			end+1 < len(s.text) && s.text[end] == ':' && kindOf[s.text[end+1]] == isLetter {
			continue
		}
		start := phoneStart(s.text, groups[0].start)
		if err := s.spend(64); err != nil {
			return err
		}
		if s.isPhone(start, end, n, groups) {
			s.add(start, extension(s.text, end), phone)
		}
	}
	return nil
}

// oneNumber cuts groups where they stop being parts of one number.
func (s *search) oneNumber(groups []group) []group {
	for i := 1; i < len(groups); i++ {
		if !s.close(groups[i-1], groups[i]) {
			return groups[:i]
		}
	}
	return groups
}

// beforeDate cuts groups where a date begins.
func (s *search) beforeDate(groups []group) []group {
	for i := 1; i+2 < len(groups); i++ {
		if groups[i].len() == 4 && s.dateOf(groups[i:]) > 0 {
			return groups[:i]
		}
	}
	return groups
}

// joined tells whether a letter stands at i: then the digits beside it are part of a token.
func joined(text []byte, i int) bool {
	return i >= 0 && i < len(text) && (kindOf[text[i]] == isLetter || text[i] == '_' || text[i] == '#' || text[i] == '$')
}

// phoneStart takes in the plus sign and the bracket before the first digit.
func phoneStart(text []byte, i int) int {
	if i > 0 && text[i-1] == '(' {
		i--
	}
	if i > 0 && text[i-1] == '+' {
		i--
	}
	if i > 0 && text[i-1] == '(' && text[i] == '+' {
		i--
	}
	return i
}

// phoneWords announce a number.
var phoneWords = [...]string{"phone", "telefon", "telephone", "tel.", "tel:", "tel ", "mobile", "mobil", "movil", "celular", "cell", "cellulare", "fax", "call", "dial", "ring me", "ring us",
	"sms", "whatsapp", "handy", "rufnummer", "desk", "answering", "messages to", "registered", "reach me", "reach us", "reach him", "reach her", "text me", "voicemail", "hotline", "ph:", "ph ", "nummer", "telefono", "telefone", "portable", "gsm", "number is", "contact number", "contact no", "office:", "home:", "work:"}

// mostCalled is how far from a number the word that announces it may begin.
const mostCalled = 40

// announced tells whether a word for a phone stands closely before i, with no digit between. It is asked of one place after another.
func (s *search) announced(i int) bool {
	for s.called < len(s.hits) && int(s.hits[s.called].end) < i-mostCalled {
		s.called++
	}
	for _, h := range s.hits[s.called:] {
		k := &s.keys[h.word]
		begin := int(h.end - k.length)
		if begin >= i {
			return false
		}
		if k.need&needCall != 0 && begin >= i-mostCalled && int(h.end) <= i && !anyDigit(s.text[h.end:i]) && s.calls(begin, int(h.end), i) {
			return true
		}
	}
	return false
}

// calls tells whether the word from begin to end says of the number at i that it is a phone's: it is no part of the name of something else
// ("PhoneStatusBar", "Rechnungsnummer"), no other field and no other line lies between.
func (s *search) calls(begin, end, i int) bool {
	if same(s.text[begin:], "nummer") && begin > 0 && (kindOf[s.text[begin-1]] == isLetter || s.text[begin-1] == '-') {
		return false
	}
	if same(s.text[begin:end], "call") && end+2 < i && same(s.text[end:], "er") && s.text[end+2] != ':' { // a caller that a program names
		return false
	}
	if c := s.text[end]; c >= 'A' && c <= 'Z' && end > begin && s.text[end-1] >= 'a' {
		from := end
		for end < i && alnum(s.text[end]) {
			end++
		}
		if !same(s.text[from:], "number") && !same(s.text[from:], "no") {
			return false
		}
	}
	other, letters := false, false
	for _, c := range s.text[end:i] {
		switch k := kindOf[c]; {
		case c == '\n' && letters, (c == ':' || c == '=') && other:
			return false
		case c == ',' || c == ';' || c == '|':
			other = true
		case k == isLetter:
			letters = true
		}
	}
	return true
}

// insideTime tells of the seconds of a time.
func (s *search) insideTime(i int) bool {
	return i > 3 && s.text[i-1] == ':' && kindOf[s.text[i-2]] == isDigit && kindOf[s.text[i-3]] == isDigit
}

// timed tells whether a time stands right before i in its line, as in a log: what follows it there is a process.
func (s *search) timed(i int) bool {
	at := i
	for at > 0 && s.text[at-1] == ' ' && at > i-3 {
		at--
	}
	if at == i {
		return false
	}
	marks, digits := 0, 0
	for ; at > 0 && marks < 3 && digits < 3 || at > 0 && digits < 7 && marks == 0; at-- {
		switch c := s.text[at-1]; {
		case kindOf[c] == isDigit:
			digits++
		case c == ':' && digits == 2 || (c == '.' || c == ',') && digits >= 3 && marks == 0:
			if c == ':' {
				marks++
			}
			digits = 0
		default:
			return marks == 2 && digits == 2
		}
	}
	return marks >= 2
}

func anyDigit(text []byte) bool {
	for _, c := range text {
		if kindOf[c] == isDigit {
			return true
		}
	}
	return false
}

// isPhone wants a sign that a number is a phone's: a country code, a word, a bracket, or groups as phones have them.
func (s *search) isPhone(start, end, n int, groups []group) bool {
	if (n >= 6 || len(groups) > 1) && (s.text[start] == '+' || start+1 < len(s.text) && s.text[start+1] == '+') { // +0100 is a zone of time
		return true
	}
	if start > 1 && s.text[start-1] == '-' && kindOf[s.text[start-2]] == isLetter && s.text[start] != '0' || s.insideTime(start) || s.text[start] != '0' && s.text[start] != '(' && s.timed(start) {
		return false
	}
	if !s.decimalRun(groups) && s.announced(start) {
		return true
	}
	if n < 6 || s.calledOther(start) {
		return false
	}
	if len(groups) == 1 {
		return s.mobile(groups[0])
	}
	if s.series(groups) || len(groups) == 3 && n == 6 && s.initialAt(end) {
		return false
	}
	if len(groups) == 3 && groups[0].len() == 3 && groups[1].len() == 2 && groups[2].len() == 4 {
		return false // the form of an SSN
	}
	bracket := s.text[start] == '('
	if bracket && (n == 6 && s.monthOf(groups) || s.years(groups) || s.status(groups)) {
		return false
	}
	sep := s.text[groups[0].end]
	if i := bytes.IndexByte(s.text[groups[0].end:end], '('); i >= 0 && (groups[0].end+i > groups[1].start || groups[0].len() > 3) {
		return false // only behind the code of a country
	}
	if s.text[groups[0].end+1] == '/' && s.text[start] != '0' {
		return false // 1200 / 3400
	}
	if !bracket && (sep == '/' && (len(groups) > 2 || n < 9 && s.text[start] != '0') || sep == '.' && len(groups) == 2 && !s.local(groups) || s.years(groups)) {
		return false
	}
	lens := [8]int{}
	for i, g := range groups {
		if i < len(lens) {
			lens[i] = g.len()
		}
		if i > 0 && g.len() < 2 && !bracket {
			return false
		}
	}
	switch {
	case bracket && n >= 6 && n <= 13 && len(groups) <= 5 && lens[0] <= 4:
		return true
	case len(groups) == 2 && lens[0] == 3 && lens[1] == 4 && sep != '.':
		return true
	case n == 8 && sep != '.' && (lens == [8]int{2, 2, 2, 2} || lens == [8]int{4, 4} || lens == [8]int{1, 3, 4}):
		return !(s.counted(end) && s.plural(end))
	case n == 8 && sep != '.' && (lens == [8]int{2, 3, 3} || lens == [8]int{3, 2, 3} || lens == [8]int{3, 3, 2}) && !s.counted(end):
		return true
	case (n == 7 || n == 8) && sep == ' ' && (lens == [8]int{3, 2, 2} || lens == [8]int{2, 2, 3} || lens == [8]int{2, 2, 4}) && !s.counted(end):
		return true
	case (n == 7 || n == 8) && sep == '-' && len(groups) == 3 && lens[2] >= 3, n == 8 && sep == '-' && lens == [8]int{1, 7}:
		return true
	case n >= 9 && n <= 12 && len(groups) >= 3 && sep != '/' && lens[len(groups)&7-1] >= 2 && lens[0] >= 2 && lens[0] <= 4:
		return true
	case n >= 9 && n <= 13:
		return lens != [8]int{5, 4} && !(sep == '-' && (lens == [8]int{2, 7} || lens == [8]int{6, 7})) // a code of a town with its street, a number of an employer
	case n >= 7 && s.text[start] == '0' && lens[0] >= 2:
		return sep != '-' || lens != [8]int{5, 3} // a code of a town in Brazil
	case s.counted(end):
		return false
	case sep == '.':
		return len(groups) == 2
	case lens == [8]int{2, 2, 2} && sep == ' ':
		return true
	}
	return len(groups) == 2 && sep == ' ' && n <= 8 && lens[1] >= 5 && !(lens[0] == 3 && start > 1 && s.text[start-2] == '"') // not the 404 12345 of a log
}

// calledOther tells whether the words before a number, or a name with a hyphen ("CVE-", "PROJ-"), say what other than a phone it is.
func (s *search) calledOther(start int) bool {
	if start > 1 && s.text[start-1] == '-' && kindOf[s.text[start-2]] == isLetter {
		return true
	}
	at, last := start, s.wordBefore(start)
	for i := last; i >= 0 && i > last-3 && at-int(s.words[i].end) <= 4 && bytes.IndexByte(s.text[s.words[i].end:at], '\n') < 0; i-- {
		w := &s.words[i]
		if w.is(trigID | otherNumbers) {
			return !(w.is(trigID) && w.is(trigName)) // a customer, a patient: whose phone it may be
		}
		if !w.is(fillers|copulas) || w.form == figure {
			return false
		}
		at = int(w.start)
	}
	return false
}

// otherNumbers are words behind which numbers stand that call nobody.
var otherNumbers = traitOf(`order orders issn isbn ean upc sku item items ref section step version build page pages score scores size sizes processed invoice ticket model article
	batch row rows port chapter commit limit epoch bestellnummer rechnungsnummer auftrag commande factura pedido ordine bestelling zamowienie siparis`)

// series tells of numbers that grow by equal steps: 10 20 30 40, 36-38-40-42.
func (s *search) series(groups []group) bool {
	if len(groups) < 4 {
		return false
	}
	value := func(g group) (n int) {
		for _, c := range s.text[g.start:g.end] {
			n = n*10 + int(c-'0')
		}
		return n
	}
	by := value(groups[1]) - value(groups[0])
	for i := 2; i < len(groups); i++ {
		if value(groups[i])-value(groups[i-1]) != by {
			return false
		}
	}
	return by > 0
}

// initialAt tells whether a single capital letter follows, as in a British number of a person.
func (s *search) initialAt(end int) bool {
	return end+1 < len(s.text) && s.text[end] == ' ' && s.text[end+1] >= 'A' && s.text[end+1] <= 'Z' && (end+2 == len(s.text) || !alnum(s.text[end+2]))
}

// mobile tells of ten or eleven digits in a row as phones have them, with an area's zero, a country's one, or neither; up to 14 behind 00.
func (s *search) mobile(g group) bool {
	d := s.text[g.start:g.end]
	switch n := len(d); {
	case n < 10 || n > 14:
		return false
	case d[0] == '0' && d[1] == '0':
		return n > 10 && d[2] != '0'
	case d[0] == '0' || d[0] == '1':
		return n == 11 && d[1] > '0' || n == 10 && d[0] == '0'
	default:
		return n == 10
	}
}

// decimalRun tells of "3.14" and "12.50".
func (s *search) decimalRun(groups []group) bool {
	return len(groups) == 2 && s.text[groups[0].end] == '.' && groups[1].len() <= 2
}

// local tells of "555.2671" and "2212.3246", which could be fractions: those begin small, or have a sign.
func (s *search) local(groups []group) bool {
	a, b := groups[0], groups[1]
	return len(groups) == 2 && (a.len() == 3 || a.len() == 4) && b.len() == 4 && s.text[a.start] >= '2' && (a.start == 0 || !signs[s.text[a.start-1]])
}

// signs stand before amounts and measures.
var signs = [256]bool{'-': true, '=': true, '$': true, '+': true, '~': true, '<': true, '>': true}

// monthOf tells of a year and a month: 2016.11.
func (s *search) monthOf(groups []group) bool {
	if len(groups) != 2 || groups[0].len() != 4 || groups[1].len() != 2 {
		return false
	}
	y, m := string(s.text[groups[0].start:groups[0].start+2]), string(s.text[groups[1].start:groups[1].end])
	return (y == "19" || y == "20") && m >= "01" && m <= "12"
}

// status tells of what a server of mail answers: (550 5.1.1 ...
func (s *search) status(groups []group) bool {
	return len(groups) == 4 && groups[0].len() == 3 && groups[1].len() == 1 && groups[2].len() == 1 && s.text[groups[1].end] == '.'
}

// years tells of "1990-2000".
func (s *search) years(groups []group) bool {
	if s.text[groups[0].end] != '-' || len(groups) != 2 || groups[0].len() != 4 || groups[1].len() != 4 {
		return false
	}
	a, b := s.text[groups[0].start:groups[0].end], s.text[groups[1].start:groups[1].end]
	return a[0] >= '1' && string(a) <= string(b) && string(b) <= "2100" // 2345-2567 is a number of eight digits
}

// counted tells whether a word or sign behind the number says what it counts: any small word but those of which sentences are made.
func (s *search) counted(end int) bool {
	if end >= len(s.text) {
		return false
	}
	if s.text[end] == '%' {
		return true
	}
	if end+2 >= len(s.text) || s.text[end] != ' ' || partOf[s.text[end+1]] != smallPart {
		return false
	}
	to := end + 1
	for to < len(s.text) && partOf[s.text[to]] == smallPart {
		to++
	}
	return traitsOf(hashOf(s.text[end+1:to]))&(english|foreign) == 0
}

// plural tells whether the word behind the space at end ends as words of many do.
func (s *search) plural(end int) bool {
	to := end + 1
	for to < len(s.text) && partOf[s.text[to]] == smallPart {
		to++
	}
	return s.text[to-1] == 's'
}

// extension is where a number ends with its "x123" or "ext. 123".
func extension(text []byte, end int) int {
	i, x := end, false
	for i < len(text) && i < end+6 {
		switch c := lower(text[i]); c {
		case ' ', '.', 'e', 't', 'x':
			x = x || c == 'x'
			i++
			continue
		}
		break
	}
	if !x || i >= len(text) || kindOf[text[i]] != isDigit {
		return end
	}
	for i < len(text) && kindOf[text[i]] == isDigit {
		i++
	}
	return i
}
