package redact

import (
	"bytes"
	"unicode/utf8"
)

// Fields that other programs and people fill: lists of people behind a label, names before an e-mail address, who speaks in a chat, tables with a
// head, addresses behind their label, pairs of a name and a password.
var (
	mailHeads = traitOf(`from to cc bcc`) // only with a capital: they are in every sentence
	parties   = traitOf(`attn attendees attendee present absent participants participant caller speaker speakers sender signatory signed witness judge landlord spouse husband wife father
		mother guardian consignee supervisor manager reviewer reviewers assignee reporter requester requestor approver approvers referent ansprechpartner kunde kundin titular destinatario remitente cliente
		destinataire expediteur klient mittente physician attending surgeon teacher professor instructor moderator organizer organiser members team kontakt contacto contatto interlocutor`)
	addressHeads = traitOf(`address anschrift adresse direccion domicilio endereco morada indirizzo adres adresi wohnort residence lieferadresse rechnungsadresse адрес 住所 地址 주소 العنوان zamieszkania`)
	otherAddress = setOf(`ip mac email mail e web memory physical url bus wallet bitcoin eth ethereum host network remote local server client bind listen source destination base start end virtual hardware`)
	secretHeads  = traitOf(`password passwords passwd pwd passwort kennwort contrasena senha wachtwoord haslo sifre secret token pin mdp passphrase`)
	personHeads  = traitOf(`email mail phone mobile telephone telefon dob birthdate geburtsdatum ssn iban address adresse street city department salary gender age position role`)
	credits      = traitOf(`author authors maintainer maintainers copyright by`)
	accounts     = traitOf(`login logins credentials creds zugangsdaten zugang anmeldedaten identifiant identifiants acceso accesos acesso accesso inloggegevens user username user_name userid user_id db_user login_name loginname screen_name samaccountname benutzername utilisateur usuario gebruikersnaam handle benutzer wifi wlan account admin root administrator`)
	roots        = setOf(`admin root administrator`)
)

// findFields looks at the fields that are told by their lines. What stands behind a label was looked at with its word (context.go).
func (s *search) findFields() {
	if s.gate.need&needAt != 0 {
		s.addressees()
	}
	for n := range s.lines {
		l := &s.lines[n]
		if l.colons == 0 || l.last == l.first {
			continue
		}
		if w := &s.words[l.first]; w.form == initial && w.hash == wordN && int(w.end) < len(s.text) && s.text[w.end] == ':' && s.hasFold("vcard") {
			s.card(l)
		}
		if l.kind == codeLine {
			continue
		}
		if l.last > l.first+1 {
			s.speaker(l)
		}
		if l.colons >= 4 && l.last-l.first >= 5 && (s.words[l.first+1].sep|s.words[l.last-1].sep)&sepSpace == 0 {
			s.passFile(l)
		}
	}
	if len(s.lines) > 1 && (s.seen&(secretHeads|nameFields|fieldWords) != 0 || s.seen&trigName != 0 && s.seen&personHeads != 0) {
		s.tables()
	}
	s.nobles()
	s.again()
}

// field looks at what stands behind the label of a field.
func (s *search) field(i int, b trait) {
	if b&parties != 0 && s.label(i) {
		s.party(i)
	}
	if b&addressHeads != 0 {
		s.addressField(i)
	}
	if b&accounts != 0 {
		s.account(i)
	}
	if b&credits != 0 && s.lines[s.words[i].line].kind != englishLine {
		s.credited(i)
	}
}

// party takes the people that are listed behind a label: "Attendees: Jane Roe, John Doe and Richard Miles".
func (s *search) party(i int) {
	pair := false // a name of two words was found
	for j := i + 1; j < len(s.words) && s.words[j].line == s.words[i].line; {
		k, good, large, most := j, false, true, 0
		for k < len(s.words) && k < j+5 && (k == j || s.joins(k)) && !s.words[k].glued && s.words[k].form != figure && s.words[k].form != mixed {
			w := &s.words[k]
			l := s.lexeme(w)
			if w.is(joiners) {
				break
			}
			most = max(most, w.letters())
			large = large && (w.large() || w.form == initial || w.is(particles))
			good = good || l&(isCommon|isPlace) == 0 || l&(isGiven|isFamily) != 0 && l&isOften == 0
			k++
		}
		n := k - j
		if n == 0 && !s.words[j].is(joiners) {
			return
		}
		one := n == 1 && (pair || s.lexeme(&s.words[j])&(isGiven|isFamily) != 0) && s.words[j].lex&isOften == 0
		if good && large && most > 2 && (n > 1 || one) {
			s.mark(j, k-1, person)
			pair = pair || n > 1
		}
		if n == 0 {
			k++
		}
		if k < len(s.words) && n > 0 && s.words[k].sep&(sepComma|sepColon) == 0 && !s.words[k].is(joiners) {
			return
		}
		j = k
	}
}

// credited takes the name behind "Copyright (c) 2024", "@author" and "written by", in comments too.
func (s *search) credited(i int) {
	j := i + 1
	for j < len(s.words) && j < i+5 && s.words[j].line == s.words[i].line && (s.words[j].form == figure || s.words[j].letters() == 1 || s.words[j].hash == wordBy) {
		j++
	}
	k := j
	for k < len(s.words) && k < j+4 && s.words[k].line == s.words[i].line && (k == j || s.joins(k)) && (s.words[k].large() || s.words[k].form == initial || s.words[k].is(particles)) && !s.words[k].glued {
		k++
	}
	for k > j && !s.words[k-1].large() {
		k--
	}
	if k-j < 2 || s.words[j].is(english) {
		return
	}
	first, last := s.lexeme(&s.words[j]), s.lexeme(&s.words[k-1])
	if first&(isGiven|isCommon) == isGiven || last&(isFamily|isCommon) == isFamily || s.words[i].hash != wordBy && first&isGiven != 0 && last&isFamily != 0 {
		s.mark(j, k-1, person)
	}
}

// addressees takes the name that stands before an e-mail address in angle brackets.
func (s *search) addressees() {
	for n := range s.found {
		f := s.found[n]
		if f.class != email || f.start < 3 || s.text[f.start-1] != '<' {
			continue
		}
		last := s.wordBefore(f.start - 1)
		if last < 0 || f.start-int(s.words[last].end) > 4 {
			continue
		}
		first, good := last+1, false
		for first > 0 && last-first < 4 {
			w := &s.words[first-1]
			if !w.large() && w.form != initial && !w.is(particles) || w.glued || w.line != s.words[last].line {
				break
			}
			l := s.lexeme(w)
			good = good || l&isCommon == 0 || l&(isGiven|isFamily) != 0 && l&isOften == 0
			first--
			if w.sep&^(sepSpace|sepHyphen|sepDot|sepComma) != 0 {
				break
			}
		}
		if good && first <= last {
			s.mark(first, last, person)
		}
	}
}

// wordBefore is the last word that ends before i, -1 if there is none.
func (s *search) wordBefore(i int) int {
	lo, hi := 0, len(s.words)
	for lo < hi {
		if m := (lo + hi) / 2; int(s.words[m].end) <= i {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo - 1
}

// speaker takes who speaks: a name at the beginning of a line, perhaps behind a time, with a colon and a space behind it.
func (s *search) speaker(l *line) {
	i := int(l.first)
	for i < int(l.last) && s.words[i].form == figure {
		i++
	}
	j := i
	for j < int(l.last) && j < i+3 && s.words[j].form == capital && !s.words[j].glued && (j == i || s.words[j].sep == sepSpace) {
		j++
	}
	if j == i {
		return
	}
	if end := int(s.words[j-1].end); end+1 >= len(s.text) || s.text[end] != ':' || s.text[end+1] != ' ' {
		return
	}
	good := false
	for k := i; k < j; k++ {
		lex := s.lexeme(&s.words[k])
		if lex&isOften != 0 && lex&isGiven == 0 || s.words[k].is(triggers|personHeads) {
			return
		}
		good = good || lex&(isGiven|isCommon) == isGiven && (lex&isPlace == 0 || k > i) || k > i && lex&(isFamily|isCommon) == isFamily
	}
	if good {
		s.mark(i, j-1, person)
	}
}

// card takes the names in "N:Roe;Jane;;;" of a card of addresses.
func (s *search) card(l *line) {
	if int(l.last-l.first) > 6 || bytes.IndexByte(s.row(l), ';') < 0 {
		return
	}
	for i := int(l.first) + 1; i < int(l.last); i++ {
		if w := &s.words[i]; w.large() || w.form == small && s.lexeme(w)&isCommon == 0 {
			s.mark(i, i, person)
		}
	}
}

// nobles takes the "de" and "van den" in front of a family name that begins a field.
func (s *search) nobles() {
	for _, n := range s.people {
		i := int(n)
		for i > 0 && s.words[i].sep == sepSpace && s.words[i-1].form == small && s.words[i-1].is(particles) && s.words[i-1].tag == noClass {
			i--
		}
		if i < int(n) && s.words[i].sep != sepSpace {
			s.add(int(s.words[i].start), int(s.words[n].end), person)
		}
	}
}

// addressField takes what stands behind "Address:" to the end of its line, if it looks like one: words, and a number or a comma.
func (s *search) addressField(i int) {
	if i > 0 && s.in(otherAddress, i-1) && s.words[i].sep&(sepLine|sepPara) == 0 {
		return
	}
	k := i
	for k+1 < len(s.words) && k < i+2 && s.words[k+1].sep == sepSpace && (s.words[k+1].form == figure || s.words[k+1].form == small) && !s.label(k) {
		k++ // "Address line 1:"
	}
	if !s.label(k) || k+1 >= len(s.words) || s.words[k+1].sep&sepPara != 0 {
		return
	}
	start := int(s.words[k+1].start)
	for start > int(s.words[k].end) && s.text[start-1] == '(' {
		start--
	}
	end := start
	for end < len(s.text) && end < start+160 && bytes.IndexByte([]byte("\n\t|\"<>;{}"), s.text[end]) < 0 {
		end++
	}
	for end > start && (s.text[end-1] == ' ' || s.text[end-1] == ',' || s.text[end-1] == '\r') {
		end--
	}
	v := s.text[start:end]
	if len(v) < 6 || bytes.Contains(v, []byte("://")) || bytes.IndexByte(v, '@') >= 0 {
		return
	}
	named, numbers, odd := 0, 0, bytes.IndexByte(v, ',') >= 0
	last := k
	for j := k + 1; j < len(s.words) && int(s.words[j].end) <= end; j++ {
		w := &s.words[j]
		switch {
		case w.form == figure || w.form == mixed && w.letters() <= 5 && kindOf[s.text[w.start]] == isDigit:
			numbers++
		case w.form == mixed && s.text[w.start] < utf8.RuneSelf && (w.letters() > 7 || bytes.HasPrefix(s.text[w.start:], []byte("0x"))):
			return
		case w.letters() >= 3:
			named++
			odd = odd || s.unknown(j) || streetPart(s, j) > 0 || s.text[w.start] >= utf8.RuneSelf
		}
		last = j
	}
	if named > 0 && odd && (numbers > 0 || s.text[s.words[k+1].start] >= utf8.RuneSelf) && s.ip4At(start) == 0 && last > k {
		s.add(start, end, address)
	}
}

// account takes the password of "login: bob / hunter22".
func (s *search) account(i int) {
	s.afterAccount(i)
	s.pairAfter(i)
	p := int(s.words[i].end)
	if w := &s.words[i]; p < len(s.text) && (s.text[p] == ':' || s.text[p] == '/') && s.in(roots, i) && (w.start == 0 || s.text[w.start-1] <= ' ') {
		end := p + 1
		for end < len(s.text) && s.text[end] > ' ' {
			end++
		}
		if telling(s.text[p+1 : end]) {
			s.add(p+1, end, secret)
		}
		return
	}
	line := s.text[p:min(len(s.text), p+120)]
	if n := bytes.IndexByte(line, '\n'); n >= 0 {
		line = line[:n]
	}
	n := bytes.Index(line, []byte(" / "))
	if n < 0 || bytes.Count(bytes.TrimSpace(line[:n]), []byte(" ")) > 2 {
		return
	}
	from := p + n + len(" / ")
	end := from
	for end < len(s.text) && s.text[end] > ' ' {
		end++
	}
	if v := s.text[from:end]; telling(v) || len(v) >= 8 && bytes.Count(v, []byte("-")) >= 2 {
		s.add(from, end, secret)
	}
}

// pairAfter takes the password of "creds: bob:hunter22".
func (s *search) pairAfter(i int) {
	p := int(s.words[i].end)
	if !pairHeads[s.words[i].hash] || p+1 >= len(s.text) || s.text[p] != ':' || s.text[p+1] != ' ' {
		return
	}
	from := s.gap(p+1, 1)
	end := s.valueEnd(from)
	if n := bytes.IndexByte(s.text[from:end], ':'); n > 1 && len(s.text[from+n+1:end]) >= 6 && strong(s.text[from+n+1:end]) && !notSecret(s.text[from+n+1:end]) {
		s.add(from+n+1, end, secret)
	}
}

var pairHeads = hashesOf(`creds credentials zugangsdaten identifiants credenciales credenziali login logins`)

// passFile takes the password of "host:port:database:user:password", a line of PostgreSQL's file of passwords.
func (s *search) passFile(l *line) {
	row := bytes.TrimRight(s.row(l), "\r ")
	if bytes.Count(row, []byte(":")) < 4 {
		return
	}
	part := bytes.SplitN(row, []byte(":"), 5)
	if len(part) < 5 || bytes.IndexByte(row, ' ') >= 0 || string(part[1]) != "*" && (anyLetter(part[1]) || len(part[1]) < 2) || len(part[4]) < 3 || bytes.Contains(row, []byte("//")) {
		return
	}
	for _, p := range part {
		if len(p) == 0 {
			return
		}
	}
	if anyLetter(part[0]) && anyLetter(part[3]) && !notSecret(part[4]) {
		end := s.lineStart(s.words[l.first].start) + len(row)
		s.add(end-len(part[4]), end, secret)
	}
}

func anyLetter(t []byte) bool {
	for _, c := range t {
		if kindOf[c] == isLetter {
			return true
		}
	}
	return false
}
