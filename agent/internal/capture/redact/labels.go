package redact

import (
	"bytes"
	"strings"
)

// labels are words after which a secret stands. They are folded before they are looked for.
var labels = []string{"password", "passwd", "pass", "pw", "mdp", "clave", "pswd", "passwort", "passphrase", "passcode", "pwd", "pin", "otp", "cvv", "cvc", "secret",
	"token", "api key", "api_key", "apikey", "api-key", "access_key", "access-key", "accesskey", "private_key", "sessionid", "session_id", "sessid", "contraseña", "mot de passe", "kennwort", "senha", "palavra-passe", "palavra passe", "wachtwoord", "parola", "haslo", "hasło",
	"şifre", "parool", "lösenord", "adgangskode", "kodeord", "passord", "salasana", "heslo", "jelszó", "lozinka", "geslo", "mật khẩu", "kata sandi", "Κωδικός", "κωδικός",
	"Пароль", "пароль", "密码", "密碼", "口令", "パスワード", "暗証番号", "비밀번호", "암호", "كلمة المرور", "كلمة السر", "סיסמה", "पासवर्ड", "รหัสผ่าน",
	"security key", "key content", "wpa key", "rootpw", "bindpw", "auth_pass", "auth-pass", "psk", "snmp-server community", "recovery key", "recovery code", "secret answer", "security answer", "passw0rd"}

// keyLabels are those behind which a key of a program stands, of nobody knows whom.
var keyLabels = [...]string{"secret", "token", "api key", "api_key", "apikey", "api-key", "access_key", "access-key", "accesskey", "private_key", "sessionid", "session_id", "sessid"}

// longestValue is how long a value is judged by what it is; a longer one is taken.
const longestValue = 4 << 10

// findLabelled takes what stands behind "password:" and its like.
func findLabelled(s *search) error {
	from, until := 0, 0 // the value that was looked at last: what begins inside of it ends with it
	for _, h := range s.hits {
		k := &s.keys[h.word]
		if k.need&needLabel == 0 {
			continue
		}
		begin := int(h.end) - int(k.length)
		if k.length <= 5 && begin > 0 && (k.length <= 4 || s.weakLabel(begin, 5)) && (alnum(s.text[begin-1]) && !s.required(begin) || s.text[begin-1] == '_' && lower(s.text[begin]) != 'p') {
			continue
		}
		if s.element(begin, int(h.end)) {
			continue
		}
		start, sure := s.labelValue(begin, int(h.end))
		if start == 0 {
			s.used(begin)
		}
		s.compared(begin)
		if sure && s.quotedValue(begin, int(h.end), start) {
			continue
		}
		end := start
		if start >= from && start < until {
			end = until
		}
		end = s.valueEnd(end)
		if start >= from && start < until && end-from > longestValue {
			continue // inside of one that was taken for its length
		}
		from, until = start, end
		if end-start > longestValue {
			s.add(start, end, secret)
			continue
		}
		if start == 0 || end-start < 3 {
			continue
		}
		switch v := s.text[start:end]; {
		case notSecret(v), !sure && !telling(v), s.weakLabel(begin, int(k.length)) && !strong(v):
		case s.ofProgram(begin, int(h.end)), len(v) >= longToken && random(v):
			s.add(start, end, token)
		default:
			s.add(start, end, secret)
		}
	}
	return nil
}

// required tells of "requirepass", as Redis has it.
func (s *search) required(begin int) bool {
	return begin >= 7 && same(s.text[begin-7:begin+4], "requirepass")
}

// ofProgram tells whether a label is of a key of a program.
func (s *search) ofProgram(begin, end int) bool {
	for _, w := range keyLabels {
		if end-begin == len(w) && same(s.text[begin:end], w) {
			return true
		}
	}
	return false
}

// quotes are the marks that may stand around a value, as they are written in other languages of programs.
var quotes = [...]string{`"`, `'`, "`", `\"`, `\'`, "&quot;", "&#34;", "&#39;", "&apos;"}

// quoteAt is how many bytes of a quote stand at i.
func (s *search) quoteAt(i int) int {
	if i < len(s.text) && gluedQuote[s.text[i]] {
		for _, q := range quotes {
			if len(s.text)-i >= len(q) && string(s.text[i:i+len(q)]) == q {
				return len(q)
			}
		}
	}
	return 0
}

var gluedQuote = [256]bool{'"': true, '\'': true, '`': true, '\\': true, '&': true}

// closing are the tags that end a value. Other text behind < may be a part of it.
var closing = [...]string{"</", "<br>", "<br/"}

// valueEnd is where a value ends that goes over i: at a space, a quote, a tag, or where the next setting of a row begins.
func (s *search) valueEnd(i int) int {
	for ; i < len(s.text) && s.text[i] > ' '; i++ {
		switch c := s.text[i]; {
		case c == '"' || c == '\'':
			return i
		case c == '\\' || c == '&':
			if s.quoteAt(i) > 0 || c == '&' && s.setting(i+1) {
				return i
			}
		case c == ';' && s.setting(i+1), c == '<' && s.wordAt(i, closing[:]) > 0:
			return i
		}
	}
	return i
}

// setting tells whether "Name=" stands at i, perhaps of several words.
func (s *search) setting(i int) bool {
	from := i
	for i < len(s.text) && i < from+40 && (alnum(s.text[i]) || s.text[i] == '_' || s.text[i] == ' ' || s.text[i] == '-') {
		i++
	}
	return i > from && i < len(s.text) && s.text[i] == '='
}

var (
	firmly    = [...]string{"is ", "ist ", "lautet ", "est ", "es ", "was "} // between a label and its value
	genitives = [...]string{"'s "}
	topics    = foldedWords("は「 は 是 是「 为 為 는 은") // the same in scripts without spaces
	valued    = [...]string{" value:", " value="}
	tails     = [...]string{"_key", "_value", "_hash", "_secret", "_token", "-key", "key"}
)

// labelValue is where the value of a label begins, 0 if there is none. It is sure of it behind ":", "=" or "is"; elsewhere the value itself has
// to tell that it is one.
func (s *search) labelValue(begin, i int) (start int, sure bool) {
	if i < len(s.text) && s.text[i] >= '0' && s.text[i] <= '9' { // CVV2
		i++
	}
	for _, tail := range tails {
		if len(s.text)-i >= len(tail) && same(s.text[i:i+len(tail)], tail) {
			i += len(tail)
			break
		}
	}
	if n := s.wordAt(i, valued[:]); n > 0 { // the secret value: hunter22
		i += n - 1
	}
	label := i
	if i+1 < len(s.text) && lower(s.text[i]) == 's' && s.text[i+1] == ':' && label-begin >= 6 { // passwords:
		return s.gap(i+2, 1), false
	}
	if i < len(s.text) && s.text[i] == ' ' && label-begin == 6 && same(s.text[label-2:label], "pw") { // bindpw, rootpw: in files of settings nothing else stands between
		return s.gap(i, 1), true
	}
	if v := s.flag(begin, label); v > 0 {
		return v, true
	}
	if v := s.fallback(label); v > 0 && (s.quoteAt(label) > 0 || s.text[label] == ' ' || s.text[label] == ')') {
		return v, true
	}
	if v, sure := s.overTags(label); v > 0 {
		return v, sure
	}
	if n := s.wordAt(i, topics); n > 0 {
		return s.gap(i+n, 1), false
	}
	if s.wordAt(i, genitives[:]) > 0 {
		return s.gap(i+len(genitives[0]), 1), false
	}
	i = s.gap(s.index(i), 1)
	if i > label && s.text[label] == ' ' && s.quoteAt(i-1) == 1 { // password 'hunter22'
		if end := s.quotedEnd(i); end > 0 && inQuotes(s.text[i:end]) && chosen(s.text[i:end]) {
			return i, true
		}
	}
	at := i
	if i+1 < len(s.text) && s.text[i] == '!' && s.text[i+1] == '=' {
		i++
	}
	for i < len(s.text) && (s.text[i] == ':' || s.text[i] == '=') {
		i++
	}
	switch {
	case i > at:
		if i < len(s.text) && s.text[i] == '>' {
			i++
		}
		if i = s.gap(i, 1); i < len(s.text) && (s.text[i] == '\n' || s.text[i] == '\r') {
			return s.below(i), false
		}
		if i+2 < len(s.text) && s.text[i] == '*' && s.text[i+1] == '*' && s.text[i+2] > ' ' && s.text[i+2] != '*' { // Password: **hunter22**
			i += 2
		}
		return i, true
	case i > 0 && s.text[i-1] == ' ' && s.wordAt(i, firmly[:]) > 0:
		return s.gap(i+s.wordAt(i, firmly[:])-1, 1), true
	case i > label && s.quoteAt(label) > 0:
		v := s.attribute(i) // name="password" value="..."
		if begin > 0 && alnum(s.text[begin-1]) && !s.hasAccount(begin) {
			return 0, false
		}
		return v, true
	case s.longer(label) > 0:
		return s.longer(label), true
	case s.ofProgram(begin, label):
		return s.bareKey(label), true
	case label-begin <= 5 && s.brief(begin, label) && !s.paired(begin) && !s.required(begin):
		return 0, false
	case i < len(s.text) && (s.text[i] == '\n' || s.text[i] == '\r'):
		return s.below(i), false
	}
	if v := s.behind(label); v < 0 {
		return -v, true
	} else {
		return v, false
	}
}

// changes stand between a label and the value that it has from then on.
var changes = [...]string{" set to ", " changed to ", " reset to ", " is now ", " updated to "}

// paired tells whether a label is the second of two: user bob / pass hunter22.
func (s *search) paired(begin int) bool {
	return begin >= 3 && s.text[begin-1] == ' ' && s.text[begin-2] == '/' && s.text[begin-3] == ' '
}

// foldedWords are words as the folded text has them.
func foldedWords(words string) (out []string) {
	for _, w := range strings.Fields(words) {
		var f folded
		f.fold([]byte(w))
		out = append(out, string(f.text))
	}
	return out
}

// index skips the brackets of an array: char password[25].
func (s *search) index(i int) int {
	if i >= len(s.text) || s.text[i] != '[' {
		return i
	}
	for j := i + 1; j < len(s.text) && j < i+6; j++ {
		if s.text[j] == ']' {
			return j + 1
		}
		if kindOf[s.text[j]] != isDigit {
			break
		}
	}
	return i
}

// gap skips spaces and so many quotes.
func (s *search) gap(i, quotes int) int {
	for i < len(s.text) {
		if c := s.text[i]; c == ' ' || c == '\t' {
			i++
			continue
		}
		n := s.quoteAt(i)
		if n == 0 || quotes == 0 {
			break
		}
		i, quotes = i+n, quotes-1
	}
	if i+2 < len(s.text) && s.text[i] == '*' && s.text[i+1] == '*' && s.text[i+2] == ' ' { // **Password:** in a page of marks
		return i + 3
	}
	return i
}

// wordAt is how long the word of a list is that stands at i.
func (s *search) wordAt(i int, of []string) int {
	for _, w := range of {
		if len(s.text)-i >= len(w) && same(s.text[i:i+len(w)], w) {
			return len(w)
		}
	}
	return 0
}

// behind is where a value stands that nothing but words parts from its label: "password hunter22", "senha do wifi é hunter22", "Passwort für WLAN: hunter22".
func (s *search) behind(i int) int {
	for n := 0; i < len(s.text) && alnum(s.text[i]) && n < 6; n++ { // the label with an ending
		i++
	}
	for range 5 {
		if i >= len(s.text) || s.text[i] != ' ' {
			return 0
		}
		if n := s.wordAt(i, changes[:]); n > 0 { // has been set to hunter_22
			if v := s.gap(i+n, 1); strong(s.text[v:s.valueEnd(v)]) && s.valueEnd(v)-v >= 6 {
				return -v
			}
		}
		for i < len(s.text) && (s.text[i] == ' ' || s.quoteAt(i) == 1) {
			i++
		}
		end := i
		for end < len(s.text) && s.text[end] > ' ' && s.text[end] != ':' && s.text[end] != '"' {
			end++
		}
		if end > i && telling(s.text[i:end]) {
			return i
		}
		if i = end; i < len(s.text) && s.text[i] == ':' {
			return s.gap(i+1, 1)
		}
		if end > 0 && strings.IndexByte(".,;!?)", s.text[end-1]) >= 0 && s.text[end-2] != '.' { // but dots that lead to it
			return 0
		}
	}
	return 0
}

// used takes the word in "use hunter22 as the password".
func (s *search) used(label int) {
	s.before(label)
	if bytes.LastIndex(s.text[max(0, label-12):label], []byte(" as ")) < 0 {
		return
	}
	line := s.text[max(0, label-80):label]
	line = line[bytes.LastIndexByte(line, '\n')+1:]
	words := bytes.Fields(line)
	n := len(words) - 1
	if n > 1 && len(words[n]) <= 4 { // the, a, your
		n--
	}
	if n < 2 || string(words[n]) != "as" {
		return
	}
	v := bytes.Trim(words[n-1], "\"'`")
	i := label - len(line) + bytes.LastIndex(line, v)
	verb := bytes.ToLower(words[n-2])
	if len(v) >= 4 && (telling(v) || string(verb) == "use" || string(verb) == "enter" || string(verb) == "set") && !notSecret(v) {
		s.add(i, i+len(v), secret)
	}
}

// before takes what is a password by itself in the line before its label: "Kiwi#2031 is the password", "it says that Kiwi#2031 is a wrong password".
func (s *search) before(label int) {
	if label > 0 && s.text[label-1] == '_' {
		return // in a name of a program
	}
	from := max(0, label-80)
	line := s.text[from:label]
	if n := bytes.LastIndexByte(line, '\n'); n >= 0 {
		line, from = line[n+1:], from+n+1
	}
	for i := 0; i < len(line); {
		end := i
		for end < len(line) && line[end] > ' ' && line[end] != '"' {
			end++
		}
		if v := bytes.Trim(line[i:end], "\"'`.,;()"); len(v) >= 8 && end < len(line) && likely(v) && !notSecret(v) {
			start := from + i + bytes.Index(line[i:end], v)
			s.add(start, start+len(v), secret)
		}
		i = end + 1
	}
}

// likely tells of a value that hardly is anything else than a password: letters and digits, and a mark or a capital beside three digits.
func likely(v []byte) bool {
	if !strong(v) || bytes.ContainsAny(v, "/\\(){}[]<>=:|") || bytes.Contains(v, []byte("&#")) {
		return false
	}
	digits, marks, smalls, larges := 0, 0, 0, 0
	for i, c := range v {
		digits += one(kindOf[c] == isDigit)
		smalls += one(c >= 'a' && c <= 'z')
		larges += one(c >= 'A' && c <= 'Z')
		marks += one(byteIn(c, "!#$%&*@^?+~") && i > 0)
	}
	return smalls >= 3 && (marks > 0 && bytes.IndexByte(v, '.') < 0 || larges > 0 && digits >= 3 && bytes.IndexByte(v, '-') < 0)
}

// weakLabel tells of labels that stand in front of much else: "pass", and "clave" in Spanish.
func (s *search) weakLabel(begin, n int) bool {
	w := s.text[begin : begin+n]
	if begin > 0 && s.text[begin-1] == '_' && s.hasAccount(begin-1) {
		return false
	}
	return n == 4 && same(w, "pass") || n == 5 && same(w, "clave")
}

// brief tells of labels that are too little by themselves to tell of what stands behind them without a mark.
func (s *search) brief(begin, end int) bool {
	for _, w := range [...]string{"pass", "pin", "otp", "cvv", "cvc", "clave"} {
		if end-begin >= len(w) && same(s.text[begin:begin+len(w)], w) {
			return true
		}
	}
	return false
}

// strong tells of a value that only a password is like: "pass" stands in front of much else.
func strong(v []byte) bool {
	digits, others := 0, 0
	for _, c := range v {
		switch kindOf[c] {
		case isDigit:
			digits++
		case isLetter:
		default:
			others++
		}
	}
	return len(v) >= 6 && digits > 0 && digits+others < len(v)
}

// telling tells of a value that is a password by itself: letters and digits of which none but the last ones may be a version or a date.
func telling(v []byte) bool {
	for len(v) > 0 && strings.IndexByte(".,;)", v[len(v)-1]) >= 0 {
		v = v[:len(v)-1]
	}
	if len(v) < 7 || !strong(v) || bytes.ContainsAny(v, "/=(){}[]<>") {
		return false
	}
	letters, marks := 0, 0
	for _, c := range v {
		switch k := kindOf[c]; {
		case k == isLetter:
			letters++
		case k != isDigit && c != '-' && c != '_' && c != '.':
			marks++
		}
	}
	return letters >= 3 && (marks > 0 || kindOf[v[0]] == isLetter && !bytes.ContainsAny(v, "-_."))
}

// notSecret tells of what stands behind a label but is code: a variable, a call, a path, another label, a tag, or what a form says of it.
func notSecret(v []byte) bool {
	if placeholder(v) || v[len(v)-1] == ':' || v[len(v)-1] == '(' || v[len(v)-1] == '[' || called(v) {
		return true
	}
	dots, words := 0, true
	for _, c := range v {
		switch {
		case c == '.' || c == '_':
			dots++
		case kindOf[c] != isLetter && c != ',' && c != ';':
			words = false
		}
	}
	return words && (dots > 0 || noValues[hashOf(bytes.Trim(v, ".,;"))]) || bytes.HasPrefix(v, []byte("http")) || bytes.HasPrefix(v, []byte("/"))
}

// noValues is what forms and programs say in place of a password.
var noValues = setOf(`required optional incorrect invalid expired changed updated missing empty none null nil undefined true false string str text hidden wrong yes no varchar bytes`)
