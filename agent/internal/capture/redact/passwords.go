package redact

import "bytes"

// Forms in which programs, files and people write passwords beside their labels: between quotes, with marks and spaces in them, as what is
// compared or taken if nothing else is set, behind flags, and behind an address of e-mail.

// longestQuoted is how long a value between quotes is looked at as one.
const longestQuoted = 96

// quotedEnd is where the value ends that a quote opens right before start: at the same quote in the same line. 0 if there is none, or if it is longer
// than a password.
func (s *search) quotedEnd(start int) int {
	if start < 1 {
		return 0
	}
	q := s.text[start-1]
	if q != '"' && q != '\'' && q != '`' {
		return 0
	}
	for i := start; i < len(s.text) && i < start+longestQuoted && s.text[i] != '\n'; i++ {
		if s.text[i] == q && s.text[i-1] != '\\' {
			return i
		}
	}
	return 0
}

// inQuotes tells whether a value that stands between quotes behind a label is one: nothing that is filled in later, no name of a thing, no sentence.
func inQuotes(v []byte) bool {
	if len(v) < 4 || formed(v) || bytes.HasPrefix(v, []byte("http")) || v[0] == '/' {
		return false
	}
	if bytes.IndexByte(v, ' ') >= 0 {
		return phrase(v)
	}
	return !nameOfThing(v)
}

// quotedValue takes the value between quotes that begins at start, behind a label. It tells whether what stands there is judged by that.
func (s *search) quotedValue(begin, end, start int) bool {
	to := s.quotedEnd(start)
	if to == 0 {
		return false
	}
	v := s.text[start:to]
	if bytes.IndexByte(v, ' ') > 0 && !inQuotes(v) {
		if s.set(start-1) && saying(v) {
			s.add(start, to, secret)
			return true
		}
		return bytes.Count(v, []byte(" ")) >= 2 // a sentence of a form
	}
	if !inQuotes(v) || s.weakLabel(begin, end-begin) && !chosen(v) {
		return false
	}
	c := secret
	if s.ofProgram(begin, end) || len(v) >= longToken && random(v) {
		c = token
	}
	s.add(start, to, c)
	return true
}

// set tells whether a value that a quote at i opens is what a program sets.
func (s *search) set(i int) bool {
	i = s.backOver(i)
	return i > 0 && s.text[i-1] == '='
}

// saying tells of three to eight small words, none of which speaks of passwords.
func saying(v []byte) bool {
	words := bytes.Fields(v)
	for _, w := range words {
		if formSays[hashOf(w)] || noValues[hashOf(w)] {
			return false
		}
		for _, c := range w {
			if c < 'a' || c > 'z' {
				return false
			}
		}
	}
	return len(words) >= 3 && len(words) <= 8
}

// chosen tells of a value that somebody chose as a password: digits among its letters, or large and small ones with a mark.
func chosen(v []byte) bool {
	if strong(v) {
		return true
	}
	small, large, marks := false, false, false
	for _, c := range v {
		small, large, marks = small || c >= 'a' && c <= 'z', large || c >= 'A' && c <= 'Z', marks || byteIn(c, "!#$%&*@^?+=")
	}
	return small && large && marks && len(v) >= 6
}

// called tells of a call: a name, and a bracket behind it.
func called(v []byte) bool {
	i := bytes.IndexByte(v, '(')
	if i <= 0 {
		return false
	}
	for _, c := range v[:i] {
		if !alnum(c) && c != '_' && c != '.' && c != ':' && c != '>' && c != '-' && c != '!' && c != '$' && c != '?' && c != '[' && c != ']' && c != '"' && c != '\'' {
			return false
		}
	}
	return true
}

// longer is where the value between quotes begins that a longer name than the label has, secret_access_key = "..."; 0 if it could be anything else
// than a secret.
func (s *search) longer(i int) int {
	from := i
	for i < len(s.text) && i < from+24 && (alnum(s.text[i]) || s.text[i] == '_' || s.text[i] == '-') {
		i++
	}
	if i == from {
		return 0
	}
	for i = s.index(i); i < len(s.text) && s.text[i] == ' '; i++ {
	}
	at := i
	for i < len(s.text) && (s.text[i] == ':' || s.text[i] == '=' || s.text[i] == '!') {
		i++
	}
	if i == at {
		return 0
	}
	for i < len(s.text) && s.text[i] == ' ' {
		i++
	}
	if s.quoteAt(i) != 1 {
		return 0
	}
	if end := s.quotedEnd(i + 1); end-i > 7 && chosen(s.text[i+1:end]) && inQuotes(s.text[i+1:end]) {
		return i + 1
	}
	return 0
}

// ownersOfPass are what stands before "_pass" where it is a password.
var ownersOfPass = [...]string{"db", "user", "mysql", "pg", "postgres", "admin", "root", "smtp", "mail", "ftp", "ssh", "auth", "login", "redis", "mongo", "ldap", "proxy", "my", "http", "vpn", "wifi", "sql", "sudo", "become", "bind"}

// hasAccount tells whether the name of an account or of a program that has some ends at i.
func (s *search) hasAccount(i int) bool {
	for _, w := range ownersOfPass {
		if i >= len(w) && same(s.text[i-len(w):i], w) {
			return true
		}
	}
	return false
}

// formed tells of what stands in place of a value: one character over and over, or a variable.
func formed(v []byte) bool {
	return placeholder(v) || v[0] == '%' || bytes.HasSuffix(v, []byte("()"))
}

// nameOfThing tells of small words with dots or lines between, and of what forms and programs say.
func nameOfThing(v []byte) bool {
	dots := 0
	for _, c := range v {
		switch {
		case c == '.' || c == '_' || c == '-':
			dots++
		case kindOf[c] != isLetter:
			return false
		}
	}
	return dots > 0 || noValues[hashOf(v)]
}

// phrase tells of a value of several words: one of them has letters and digits or a mark, as no sentence has, or it is three to eight small words that
// sentences do not need.
func phrase(v []byte) bool {
	words := bytes.Fields(v)
	if len(words) > 8 || len(words) < 2 {
		return false
	}
	plain := len(words) >= 3
	for _, w := range words {
		if strong(w) && !bytes.ContainsAny(w, "/=(){}<>") {
			return len(words) <= 4
		}
		for _, c := range w {
			plain = plain && c >= 'a' && c <= 'z'
		}
		plain = plain && len(w) > 2 && traitsOf(hashOf(w))&(english|foreign) == 0 && !formSays[hashOf(w)]
	}
	return plain
}

// formSays are words with which forms speak of passwords.
var formSays = setOf(`password passwords enter repeat type choose forgot forgotten forget reset change current confirm confirmation old new show hide missing invalid wrong weak strong short long match matches required
	placeholder label field value username email login user account passwort kennwort contrasena senha wachtwoord haslo`)

// variable tells of what a program puts a value into: ${name}, {{ name }}.
func variable(v []byte) bool {
	for _, m := range [...]struct{ open, close string }{{"${", "}"}, {"{{", "}}"}} {
		i := bytes.Index(v, []byte(m.open))
		if i < 0 {
			continue
		}
		in := v[i+len(m.open):]
		n := bytes.Index(in, []byte(m.close))
		if n < 0 {
			n = len(in) // it may go on where the value seems to end
		}
		if !bytes.ContainsAny(in[:n], "{}[]<>!#^") {
			return true
		}
	}
	return false
}

// compared takes the value before a label: if ("hunter22" == password).
func (s *search) compared(label int) {
	i, least := label, max(0, label-longestWord)
	for i > least && (alnum(s.text[i-1]) || s.text[i-1] == '_' || s.text[i-1] == '.') {
		i--
	}
	end := s.backOver(i)
	marks := 0
	for ; end > 0 && (s.text[end-1] == '=' || s.text[end-1] == '!'); marks++ {
		end--
	}
	if marks < 2 {
		return
	}
	if end = s.backOver(end); end == 0 {
		return
	}
	q := s.text[end-1]
	if q != '"' && q != '\'' {
		return
	}
	end--
	from := max(0, end-longestQuoted)
	n := bytes.LastIndexByte(s.text[from:end], q)
	if n < 0 || bytes.IndexByte(s.text[from+n:end], '\n') >= 0 {
		return
	}
	if v := s.text[from+n+1 : end]; len(v) > 0 && inQuotes(v) {
		s.add(from+n+1, end, secret)
	}
}

// backOver goes back over spaces.
func (s *search) backOver(i int) int {
	for i > 0 && s.text[i-1] == ' ' {
		i--
	}
	return i
}

// or are what stands before a value that is taken if nothing else is set.
var or = [...]string{"{ default = ", "or ", "||", "??", ",", "default=", ":-", "?:"}

// fallback is where a value stands that is taken if a variable has none: getenv("PASSWORD", "hunter22"), env.PASSWORD || "hunter22". 0 if there is
// none.
func (s *search) fallback(i int) int {
	for i < len(s.text) && (s.text[i] == '"' || s.text[i] == '\'' || s.text[i] == ')' || s.text[i] == ']' || s.text[i] == ' ') {
		i++
	}
	for _, w := range or {
		if len(s.text)-i >= len(w) && same(s.text[i:i+len(w)], w) {
			i += len(w)
			for i < len(s.text) && s.text[i] == ' ' {
				i++
			}
			if s.quoteAt(i) != 1 {
				return 0
			}
			if end := s.quotedEnd(i + 1); w == "," && end > 0 && end+1 < len(s.text) && s.text[end+1] == ':' {
				return 0 // the next label of an object
			}
			return i + 1
		}
	}
	return 0
}

// longestWord is how far before a label its word begins: a word may hold many labels, and each looks back.
const longestWord = 128

// flag is where the value of a flag of a command begins that ends at i, as in --password hunter22; 0 if the label that begins at begin is none, or
// its value could be a word of a sentence.
func (s *search) flag(begin, i int) int {
	least := max(0, begin-longestWord)
	for begin > least && (alnum(s.text[begin-1]) || s.text[begin-1] == '-' || s.text[begin-1] == '_') {
		begin--
	}
	if s.text[begin] != '-' || begin > 0 && s.text[begin-1] > ' ' {
		return 0
	}
	if i >= len(s.text) || s.text[i] != ' ' {
		return 0
	}
	i++
	i += s.quoteAt(i)
	end := i
	for end < len(s.text) && s.text[end] > ' ' && s.text[end] != '"' && s.text[end] != '\'' {
		end++
	}
	v := s.text[i:end]
	if len(v) < 6 || v[0] == '-' || !strong(v) || bytes.ContainsAny(v, "/(){}[]<>") {
		return 0
	}
	return i
}

// afterEmail takes the password behind an address of e-mail that ends at i: jane@example.org:hunter22, jane@example.org / Winter2024!
func (s *search) afterEmail(i int) {
	j := i
	for j < len(s.text) && s.text[j] == ' ' && j < i+2 {
		j++
	}
	if j >= len(s.text) || s.text[j] != ':' && s.text[j] != '/' && s.text[j] != '|' && s.text[j] != ';' || (s.text[j] == '/' || s.text[j] == '|') && j == i {
		return
	}
	for j++; j < len(s.text) && s.text[j] == ' ' && j < i+4; j++ {
	}
	end := j
	for end < len(s.text) && s.text[end] > ' ' && s.text[end] != '"' && s.text[end] != ',' && s.text[end] != ';' {
		end++
	}
	for end > j && (s.text[end-1] == '.' || s.text[end-1] == ')' || s.text[end-1] == '\'') {
		end--
	}
	if v := s.text[j:end]; len(v) >= 6 && len(v) <= 64 && pieced(v) {
		s.add(j, end, secret)
	}
}

// pieced tells of a value of letters with digits or marks in it that is no path, no address and no number.
func pieced(v []byte) bool {
	letters, others := 0, 0
	for _, c := range v {
		switch k := kindOf[c]; {
		case k == isLetter:
			letters++
		case k == isDigit || byteIn(c, "!#$%&*+=?^_~"):
			others++
		case c == '/' || c == '@' || c == '(' || c == '<' || c == '\\' || c == ':':
			return false
		}
	}
	return letters >= 2 && others >= 1 && !placeholder(v)
}

// principal tells of groups of five small letters and digits, the last one of three, as a network of computers calls who has an account.
func principal(t []byte) bool {
	if len(t)%6 != 3 {
		return false
	}
	digits := 0
	for i, c := range t {
		if i%6 == 5 {
			if c != '-' {
				return false
			}
		} else if !(c >= 'a' && c <= 'z' || c >= '2' && c <= '7') {
			return false
		}
		digits += one(kindOf[c] == isDigit)
	}
	return digits >= 2
}

// productKey tells of five groups of five letters and digits, as programs are activated with.
func productKey(t []byte) bool {
	if len(t) != 29 {
		return false
	}
	for i, c := range t {
		if i%6 == 5 {
			if c != '-' {
				return false
			}
		} else if !(c >= 'A' && c <= 'Z' || kindOf[c] == isDigit) {
			return false
		}
	}
	return true
}
