package redact

import (
	"bytes"
	"strings"
)

// Fields of records: programs put a label beside each value, as in {"homeCity": "Bonn"}, <zip>53113</zip>, swift_code=..., <td>PIN</td><td>...</td>, or a person says
// "my swift code is ...". The label tells what the value is, and the form of the value whether it is one.

// content is what a label says of its value.
type content uint8

const (
	noField content = iota
	userField
	accountField // of a person, or of a program
	personField
	partyField // of a person or of a thing
	townField
	streetField
	zipField
	paperField // a document or an account
	plateField
	bankField // BIC, ISO 9362
	birthField
	codeField   // PIN, CVV, one-time codes
	expiryField // of a card
	degreesField
	contents
)

var contentClass = [contents]class{userField: document, accountField: document, personField: person, partyField: person, townField: place, streetField: address, zipField: address, paperField: document,
	plateField: document, bankField: document, birthField: date, codeField: secret, expiryField: date, degreesField: place}

// fieldWords are the words that may end a label, beside those of other lists (recordWords).
var fieldWords = traitOf(`city town municipality locality street nickname nick lat latitude lon lng longitude gps coordinates coordinate coords geo exp expiry expires expiration thru surname bic swift uid utente uzytkownika anvandarnamn brugernavn brukernavn
	cardexpiry expdate expirydate expirationdate licenseplate licenceplate platenumber streetaddress homeaddress swiftcode driverlicense driverslicense drivinglicence licensenumber passportnumber
	accountnumber bban securitycode zip_code ablaufdatum verfallsdatum caducidad vencimiento scadenza vervaldatum`)

// toldBare are those behind which a value stands that only a form of "is" parts from them, or nothing. Names that are told so were looked for with their word.
var toldBare = recordWords &^ (trigName | addressHeads | trigBirth)

// overTag tells whether a tag stands behind a colon.
func (s *search) overTag(i int) bool {
	i = s.gap(i+1, 0)
	return i < len(s.text) && s.text[i] == '<'
}

// recordWords are all words that may end a label of a record.
var recordWords = fieldWords | accounts | addressHeads | trigName | trigID | trigZip | trigBirth | trigCode

// contentOf tells what each word of a label stands for, by its hash. A label of several words is judged by its last one, and by the one before that.
var contentOf = func() map[uint32]content {
	m := map[uint32]content{}
	for f, words := range map[content]string{
		userField:    `username loginname nickname nick login userid screenname samaccountname benutzername utilisateur usuario gebruikersnaam handle gamertag utente uzytkownika anvandarnamn brugernavn brukernavn`,
		accountField: `user uid by author`,
		personField: `firstname lastname fullname givenname familyname middlename surname forename vorname nachname familienname prenom apellido apellidos cognome achternaam voornaam nazwisko imie cardholder
			accountholder contactname customername patientname`,
		partyField:   `customer owner shareholder patient employee beneficiary recipient borrower complainant educator holder name`,
		townField:    `city town municipality locality ville ciudad cidade stadt wohnort miasto`,
		streetField:  `street streetaddress homeaddress address adresse anschrift direccion indirizzo endereco`,
		zipField:     `zip zipcode postcode postal postalcode plz postleitzahl`,
		paperField:   `passport license licence dl passportnumber licensenumber driverlicense driverslicense accountnumber account policy policynumber mrn bban drivinglicence`,
		plateField:   `plate plates licenseplate licenceplate platenumber kennzeichen vrm`,
		bankField:    `bic swift swiftcode swiftbic`,
		birthField:   `birth dob birthdate birthday dateofbirth geburtsdatum`,
		codeField:    `pin otp cvv cvc cvv2 cvc2 csc passcode pincode securitycode`,
		expiryField:  `exp expiry expires expiration expirydate expirationdate expdate cardexpiry thru ablaufdatum verfallsdatum caducidad vencimiento scadenza vervaldatum`,
		degreesField: `lat latitude lon lng longitude gps coordinates coordinate coords geo geocoord location position`,
	} {
		for _, w := range bytes.Fields([]byte(words)) {
			m[uint32(hashOf(w))] = f
		}
	}
	return m
}()

var (
	labelTails = hashesOf(`number no nr num code value text field input id nbr numero`) // say nothing of their own at the end of a label
	nameOwners = hashesOf(`first last full given family middle maiden legal birth contact customer patient employee holder cardholder recipient beneficiary borrower emergency`)
	userOwners = hashesOf(`user login screen nick`)
	machines   = hashesOf(`ip mac email mail e web memory physical url bus wallet bitcoin eth ethereum host network peer remote local server client bind listen source destination base start end virtual hardware`)

	valueTypes  = setOf(`string text varchar char null nil none undefined true false integer int number date boolean bool object array value name label required optional unknown any str`)
	programUser = setOf(`nginx grafana prometheus redis rabbitmq elastic kibana keycloak gitlab github docker airflow superset minio hadoop spark kafka vault consul wordpress drupal sonar nexus zabbix apache tomcat backup`)
)

// hashesOf is a set of words by the hashes by which words of a text are known.
func hashesOf(words string) map[uint32]bool {
	m := map[uint32]bool{}
	for w := range strings.FieldsSeq(words) {
		m[hashWord(w)] = true
	}
	return m
}

// mostParts is how many words of a label are looked at.
const mostParts = 6

// labels looks at word i, which may be a label or stand before the name of an account.
func (s *search) labels(i int) {
	switch w := &s.words[i]; {
	case int(w.end) == len(s.text):
	case w.is(leads):
		s.lead(i)
	case s.mayLabel(i):
		s.record(i)
	}
}

// records looks at labels as programs write them, homeCity, owner_zip. Those of other words were looked at with them.
func (s *search) records() {
	for _, n := range s.figures {
		if w := &s.words[n]; w.form == mixed && int(w.end) < len(s.text) && endsLabel[s.text[w.end]] && !w.is(recordWords) && s.endsField(w) {
			s.record(int(n))
		}
	}
}

// endsField tells whether the last part of a word is one that may end a label: most are not.
func (s *search) endsField(w *word) bool {
	i, tail := int(w.end), partOf[s.text[w.end-1]]
	for i > int(w.start) && partOf[s.text[i-1]] == tail {
		i--
	}
	if tail == smallPart && i > int(w.start) && partOf[s.text[i-1]] == largePart {
		i--
	}
	return i < int(w.end)-1 && traitsOf(hashAt(s.text, i, int(w.end)))&(recordWords|fillers|credits) != 0
}

// endsLabel are the bytes behind a label: before its value, or around itself.
var endsLabel = func() (t [256]bool) {
	for _, c := range []byte(`":=>'<`) {
		t[c] = true
	}
	return t
}()

// mayLabel tells whether what follows word i can part a label from its value: a mark, a form of "is", or a word that says nothing of its own.
func (s *search) mayLabel(i int) bool {
	w := &s.words[i]
	switch c := s.text[w.end]; {
	case endsLabel[c]:
		return !(c == ':' && w.is(trigName) && !w.is(fieldWords)) || i > 0 && s.words[i-1].is(accounts) || s.lines[w.line].kind == codeLine || s.overTag(int(w.end)) // that was looked at with the word
	case c == ' ' || c == '-' || c == '_':
		return w.is(toldBare) && i+1 < len(s.words) && s.words[i+1].start == w.end+1 && (s.words[i+1].is(copulas|fillers) || w.is(fieldWords)) || c == ' ' && int(w.end)+1 < len(s.text) && endsLabel[s.text[w.end+1]]
	case c == ')' || c == '*' || c == '\\':
		return true
	}
	return false
}

// record takes the value of the label that word i ends, perhaps with words behind that say nothing of their own.
func (s *search) record(i int) {
	last := i
	for last+1 < len(s.words) && last < i+2 && s.words[last+1].start == s.words[last].end+1 && s.words[last+1].is(fillers) && byteIn(s.text[s.words[last].end], " -_") &&
		(labelTails[s.words[last+1].hash] || s.words[last+1].hash == wordDate) {
		last++
	}
	f := s.means(i, last)
	if f == noField || last+1 < len(s.words) && s.words[last+1].tag != noClass && (f == streetField || f == personField || f == partyField || f == townField) {
		return
	}
	from, to, quoted := s.recordValue(i, last, f)
	if f == partyField && from < to && s.words[last].hash != wordName && s.personal(s.text[from:to], true) {
		f = accountField // owner: jane_roe
	}
	if (f == userField || f == accountField) && !quoted && from < to && s.lines[s.words[i].line].kind == codeLine && !s.queried(i) && !(to < len(s.text) && s.text[to] == '&') || from < to && !quoted && f <= partyField && bytes.IndexByte(s.text[from:to], '.') >= 0 && s.text[s.words[last].end] != ':' && !s.queried(i) && !(to < len(s.text) && s.text[to] == '&') {
		return // a variable
	}
	if f == userField && from < to && !quoted && last+1 < len(s.words) && s.words[last+1].is(copulas) && s.lines[s.words[i].line].kind != englishLine && !hasNumber(s.text[from:to], 2) {
		f = accountField // "the user name is wrong" in a language whose words nobody knows here
	}
	if from >= to || to-from > longestQuoted {
		return
	}
	if f == partyField && to < len(s.text) && s.text[to] == '<' {
		f = personField // <p>Name: Ottilie</p>
	}
	v := s.text[from:to]
	if to < len(s.text) && s.text[to] == '&' || s.queried(i) { // ?city=New+York
		var room [longestQuoted]byte
		v = room[:copy(room[:], v)]
		for k, c := range v {
			if c == '+' {
				v[k] = ' '
			}
		}
	}
	if !s.fits(f, v) {
		return
	}
	if f == userField && s.text[from] == '@' {
		from++
	}
	s.add(from, to, contentClass[f])
	for j := s.wordBefore(from) + 1; j < len(s.words) && int(s.words[j].end) <= to; j++ {
		s.words[j].tag = contentClass[f]
	}
}

// means tells what the label stands for that words i to last end.
func (s *search) means(i, last int) content {
	first := i
	for first > 0 && first > i-2 && s.words[first].start == s.words[first-1].end+1 && byteIn(s.text[s.words[first-1].end], " -_") && s.words[first-1].form != figure {
		first--
	}
	var parts [mostParts]uint32
	n := 0
	for k := last; k >= first && n < mostParts; k-- { // the last part first
		n = s.parts(&s.words[k], &parts, n)
	}
	at, code := 0, false
	for at < n-1 && labelTails[parts[at]] {
		code = code || parts[at] == wordCode
		at++
	}
	own, before := parts[at], uint32(0)
	if at+1 < n {
		before = parts[at+1]
	}
	switch own {
	case wordDate:
		if before == wordBirth {
			return birthField
		} else if contentOf[before] == expiryField {
			return expiryField
		}
		return noField
	case wordName:
		if userOwners[before] {
			return userField
		} else if nameOwners[before] {
			return personField
		} else if before != 0 && contentOf[before] != partyField && (s.words[i].form == mixed || first < i) {
			return noField // a thing's
		}
	case wordAddress:
		if machines[before] {
			return noField
		}
	case wordSecurity:
		if code {
			return codeField
		}
	case wordAccount:
		if at == 0 || code {
			return noField
		}
	}
	if f := contentOf[own]; at == 0 || code || f != partyField && (f != noField || !s.words[i].is(trigID)) {
		return f
	}
	return paperField // employee ID, serial number
}

var (
	wordDate    = hashWord("date")
	wordBirth   = hashWord("birth")
	wordName    = hashWord("name")
	wordAddress = hashWord("address")
	wordAccount = hashWord("account")
	wordCode    = hashWord("code")
)

// parts adds the hashes of the parts of a word, the last one first: home_city, homeCity.
func (s *search) parts(w *word, parts *[mostParts]uint32, n int) int {
	if w.form != mixed {
		parts[n] = w.hash
		return n + 1
	}
	from, end := n, int(w.end)
	for i := end - 1; i >= int(w.start) && n < mostParts; i-- {
		switch c := partOf[s.text[i]]; {
		case c != smallPart && c != largePart:
			if i+1 < end {
				parts[n], n = uint32(hashAt(s.text, i+1, end)), n+1
			}
			end = i
		case i == int(w.start) || c == largePart && partOf[s.text[i-1]] == smallPart:
			parts[n], n = uint32(hashAt(s.text, i, end)), n+1
			end = i
		}
	}
	if n == from {
		parts[n], n = w.hash, n+1
	}
	return n
}

// recordValue is where the value of a label stands that words i to last end; quoted tells that something ends it for sure.
func (s *search) recordValue(i, last int, f content) (from, to int, quoted bool) {
	p := int(s.words[last].end)
	for b := int(s.words[i].start); p < len(s.text) && s.text[p] == '>' && b > 0; b-- {
		if c := s.text[b-1]; c == '<' { // an element that the label names
			return s.upTo(p+1, '<')
		} else if !alnum(c) && c != '_' && c != '-' && c != ':' && c != '.' {
			break
		}
	}
	if start, _ := s.overTags(p); start > 0 && s.text[p] == '<' {
		return s.upTo(start, '<')
	}
	p += s.quoteAt(p)
	for p < len(s.text) && byteIn(s.text[p], " *)#") {
		p++
	}
	if p >= len(s.text) {
		return 0, 0, false
	}
	switch {
	case s.text[p] == ':' || s.text[p] == '=':
		if p++; p < len(s.text) && byteIn(s.text[p], ":=>") {
			if s.text[p] == '=' || s.text[p] == ':' {
				return 0, 0, false // a comparison, or a name of C++
			}
			p++
		}
	case last+2 < len(s.words) && s.words[last+1].is(copulas) && s.words[last+1].sep == sepSpace && s.words[last+2].sep&^(sepSpace|sepColon|sepHyphen) == 0 && f != personField && f != partyField && f != townField:
		from = int(s.words[last+2].start)
		for from > 0 && byteIn(s.text[from-1], "-@") {
			from--
		}
		if f == degreesField {
			return from, s.degreesEnd(from), false
		}
		to = from
		for to < len(s.text) && to <= from+longestQuoted && !byteIn(s.text[to], "\n,;!?") && !(byteIn(s.text[to], ". ") && (to+1 == len(s.text) || s.text[to+1] <= ' ' || s.text[to] == ' ' && f == userField)) {
			to++
		}
		return from, to, false
	case int(s.words[last].end) < len(s.text) && s.text[s.words[last].end] == ' ' && (f == bankField || f == degreesField || f == expiryField) && last+1 < len(s.words): // BIC COBADEFFXXX
		if last+2 < len(s.words) && s.words[last+1].hash == wordOn {
			last++
		}
		from = int(s.words[last+1].start)
		if from > 0 && s.text[from-1] == '-' {
			from--
		}
		if from > int(s.words[last].end)+2 {
			return 0, 0, false
		}
		for to = from; to < len(s.text) && to <= from+longestQuoted && s.text[to] > ' ' && !byteIn(s.text[to], ",;)"); to++ {
		}
		return from, to, false
	default:
		return 0, 0, false
	}
	for p < len(s.text) && (s.text[p] == ' ' || s.text[p] == '\t') {
		p++
	}
	if f == degreesField && s.quoteAt(p) == 0 {
		for p < len(s.text) && byteIn(s.text[p], "([") {
			p++
		}
		return p, s.degreesEnd(p), false
	}
	if q := s.quoteAt(p); q > 0 {
		from = p + q
		for to = from; to < len(s.text) && to < from+longestQuoted && s.text[to] != '\n'; to++ {
			if s.quoteAt(to) == q && s.text[to] == s.text[p] {
				return from, to, true
			}
		}
		return 0, 0, false
	}
	if start, _ := s.overTags(p); start > 0 && s.text[p] == '<' { // City: <b>Bonn</b>
		return s.upTo(start, '<')
	}
	from, quoted = p, s.text[p-1] == ' '
	for to = p; to < len(s.text) && to <= p+longestQuoted && !byteIn(s.text[to], "\n\t|;&<>{}\"") && s.text[to] != ','; to++ {
		if s.text[to] == ' ' && (to+1 < len(s.text) && s.text[to+1] == ' ' || !quoted && to > from || s.text[to-1] == '.' && to-from > 4) {
			break
		}
	}
	for to > from && byteIn(s.text[to-1], " .\r") {
		to--
	}
	return from, to, false
}

// upTo is a value that a tag ends, without the spaces and quotes around it.
func (s *search) upTo(from int, end byte) (int, int, bool) {
	n := bytes.IndexByte(s.text[from:min(len(s.text), from+longestQuoted)], end)
	if n < 0 {
		return 0, 0, false
	}
	to := from + n
	for from < to && s.text[from] <= ' ' {
		from++
	}
	for to > from && s.text[to-1] <= ' ' {
		to--
	}
	for to > from+1 && s.text[from] == s.text[to-1] && byteIn(s.text[from], "'\"") {
		from, to = from+1, to-1
	}
	return from, to, true
}
