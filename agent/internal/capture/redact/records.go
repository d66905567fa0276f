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

// figured looks at what has digits: at names of accounts, at numbers of documents, at places and passwords that tell what they are by their form.
func (s *search) figured() {
	from := 0
	for n := range s.groups {
		g := &s.groups[n]
		if g.start < from || g.start == 0 {
			continue
		}
		next := byte(' ')
		if g.end < len(s.text) {
			next = s.text[g.end]
		}
		switch c := s.text[g.start-1]; {
		case kindOf[c] == isLetter || c == '_':
			if kindOf[next] != isLetter || c < 'a' && next < 'a' { // http2Transport is a name of a program
				from = s.coded(g)
			}
		case c == '.':
			if g.end-g.start >= leastPrecise && g.start > 1 {
				s.afterDot(g)
			}
		case aroundShuffled[c] && (kindOf[next] == isLetter || aroundShuffled[next]):
			from = s.shuffled(g.start, g.end)
		}
	}
}

// coded takes the word of letters and digits that a group of digits belongs to, and gives where it ends.
func (s *search) coded(g *group) int {
	start, end := g.start, g.end
	for start > 0 && inHandle[s.text[start-1]] && end-start <= longestUser {
		start--
	}
	if end = s.handleEnd(end); end-start > longestUser {
		return end
	}
	if start > 0 && aroundShuffled[s.text[start-1]] || end < len(s.text) && aroundShuffled[s.text[end]] {
		if to := s.shuffled(start, end); to > 0 {
			return to
		}
	}
	if end-start < 5 || start > 0 && !byteIn(s.text[start-1], " \n\t('\"@>[") || end < len(s.text) && byteIn(s.text[end], "=/(:@[{\\_*%") {
		return end
	}
	v := s.text[start:end]
	found := false
	switch c := v[0]; {
	case c >= 'a' && c <= 'z':
		found = s.personal(v, false)
	case c >= 'A' && c <= 'Z':
		found = serial(v)
	}
	if found && s.inSentence(start) {
		s.add(start, end, document)
	}
	return end
}

// inSentence tells whether the line at i is none of code, and nothing was found there.
func (s *search) inSentence(i int) bool {
	n := s.wordBefore(i + 1)
	if n+1 < len(s.words) && int(s.words[n+1].start) <= i {
		n++
	}
	return n >= 0 && s.lines[s.words[n].line].kind != codeLine && s.words[n].tag == noClass
}

// besideCards takes the month in which a card ends, and the number on its back, where they follow its own: 4111111111111111 04/27 123.
func (s *search) besideCards() {
	for n := range s.found {
		if s.found[n].class != card {
			continue
		}
		from := s.cardPart(s.found[n].end)
		end := from
		for end < len(s.text) && (kindOf[s.text[end]] == isDigit || byteIn(s.text[end], "/-")) {
			end++
		}
		if !expires(s.text[from:end]) {
			continue
		}
		s.add(from, end, date)
		if from = s.cardPart(end); from+3 <= len(s.text) && onlyDigits(s.text[from:from+3]) {
			for end = from; end < len(s.text) && kindOf[s.text[end]] == isDigit; {
				end++
			}
			if end-from <= 4 {
				s.add(from, end, secret)
			}
		}
	}
}

// besideCard is how far behind a card its other numbers stand.
const besideCard = 24

// cardPart is where the next digit in the line stands, i if it is far.
func (s *search) cardPart(i int) int {
	for k := i; k < len(s.text) && k < i+besideCard && s.text[k] != '\n'; k++ {
		if kindOf[s.text[k]] == isDigit {
			return k
		}
	}
	return i
}

// leastPrecise is from how many decimals on two numbers with a comma between are a place without a label: four are ten metres.
const leastPrecise = 4

// afterDot takes an account of Hedera, 0.0.123456, and two numbers that are a place, [48.20849, 16.37208]; g stands behind a dot.
func (s *search) afterDot(g *group) {
	from, end := g.start-1, g.end
	for from > 0 && kindOf[s.text[from-1]] == isDigit {
		from--
	}
	if n := from - 2; n >= 0 && string(s.text[n:g.start]) == "0.0." {
		if (n == 0 || !alnum(s.text[n-1]) && !byteIn(s.text[n-1], ".-")) && (end == len(s.text) || !byteIn(s.text[end], ".-_") || end+1 == len(s.text) || !alnum(s.text[end+1])) {
			s.add(n, end, wallet)
		}
		return
	}
	if from > 0 && byteIn(s.text[from-1], "-+") {
		from--
	}
	if end >= len(s.text) || s.text[end] != ',' || from > 0 && (alnum(s.text[from-1]) || byteIn(s.text[from-1], ".,_$")) || !s.inSentence(g.start) {
		return
	}
	if before := s.backOver(from); before > 0 && s.text[before-1] == ',' {
		return
	}
	second := s.gap(end+1, 0)
	to := second
	for to < len(s.text) && (kindOf[s.text[to]] == isDigit || byteIn(s.text[to], ".-")) {
		to++
	}
	if to < len(s.text) && byteIn(s.text[to], ",fFeE*%") && s.text[to-1] != '.' {
		return // one of many numbers
	}
	lat, lon := s.text[from:end], bytes.TrimRight(s.text[second:to], ".-")
	if degree(lat) && degree(lon) && len(lon)-bytes.IndexByte(lon, '.') > leastPrecise && (bytes.IndexByte(bytes.TrimLeft(lat, "+-"), '.') > 1 || bytes.IndexByte(bytes.TrimLeft(lon, "-"), '.') > 1) {
		s.add(from, second+len(lon), place)
	}
}

// shuffled takes what is a password by its form: 8 to 24 characters without a space, small and large letters, digits, and marks among them that addresses, paths
// and programs do not have there. It gives where it ends.
func (s *search) shuffled(start, end int) int {
	for start > 0 && s.text[start-1] > ' ' && !byteIn(s.text[start-1], "\"'<>|") && end-start <= longestShuffled {
		start--
	}
	for end < len(s.text) && s.text[end] > ' ' && !byteIn(s.text[end], "\"'<>|") && end-start <= longestShuffled {
		end++
	}
	for end > start && byteIn(s.text[end-1], ".,;:)]?") {
		end--
	}
	if end-start < 8 || end-start > longestShuffled {
		return 0
	}
	smalls, larges, digits, marks, odd, turns, before := 0, 0, 0, 0, 0, 0, noPart // names of programs have odd ones
	for i := start; i < end; i++ {
		c := s.text[i]
		switch part := partOf[c]; part {
		case smallPart:
			smalls++
		case largePart:
			larges++
		case digitPart:
			digits++
		default:
			switch {
			case byteIn(c, "!#$%^&*~+?@"):
				marks += one(i > start && i < end-1)
			case byteIn(c, "_:"):
				odd = 1
			case !byteIn(c, "`-.;,="):
				return 0 // of a path or a call
			}
		}
		turns += one(partOf[c] != before)
		before = partOf[c]
	}
	if smalls == 0 || larges == 0 || digits == 0 || marks <= odd || turns < 5 || variable(s.text[start:end]) || s.text[start] == '@' || s.text[start] == '&' && s.text[end-1] == ';' ||
		bytes.IndexByte(s.text[start:end], '@') > 0 && bytes.IndexByte(s.text[start:end], '.') > 0 || bytes.Count(s.text[start:end], []byte("%")) == marks || bytes.Contains(s.text[start:end], []byte("&#")) || bytes.Count(s.text[start:end], []byte("=")) > 0 {
		return 0
	}
	if s.inSentence(start) {
		s.add(start, end, secret)
	}
	return end
}

// aroundShuffled are the marks of which one stands beside a part with letters and digits.
var aroundShuffled = [256]bool{'!': true, '#': true, '$': true, '%': true, '^': true, '&': true, '*': true, '~': true, '+': true, '?': true, '@': true, '.': true}

// longestShuffled is how long such a password is. Longer tokens are looked at by themselves.
const longestShuffled = 24

// serial tells of numbers of documents that begin with letters, as passports, licences and records have them: one to four letters and six digits or more, or digits
// between two letters and two more.
func serial(v []byte) bool {
	if len(v) < 8 || len(v) > 14 {
		return false
	}
	letters, digits, behind := 0, 0, 0
	for _, c := range v {
		switch {
		case kindOf[c] == isDigit && behind == 0:
			digits++
		case c >= 'A' && c <= 'Z' && digits == 0:
			letters++
		case c >= 'A' && c <= 'Z':
			behind++
		default:
			return false
		}
	}
	return letters == 2 && digits >= 5 && behind == 2 || behind == 0 && letters <= 4 && digits >= 6 && string(v[:2]) != "KB" // KB5034441 is an update of Windows
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

// fits tells whether a value has the form that its label promises. Programs have labels before types, variables and texts of forms as well.
func (s *search) fits(f content, v []byte) bool {
	digits, letters, larges, others := 0, 0, 0, 0
	for _, c := range v {
		switch {
		case kindOf[c] == isDigit:
			digits++
		case kindOf[c] == isLetter:
			letters++
			larges += one(c < 'a')
		case c != ' ' && c != '-':
			others++
		}
	}
	plain := others == 0
	switch f {
	case userField:
		return s.userFits(v)
	case accountField:
		return s.personal(v, true)
	case personField, partyField, townField:
		return digits == 0 && letters >= 2 && s.namesFit(f, v)
	case streetField:
		return letters >= 4 && larges > 0 && len(v) >= 6 && bytes.IndexByte(v, ' ') > 0 && !bytes.ContainsAny(v, "@{}[]()=<>:/\\_") && (digits > 0 || s.endsStreet(v))
	case zipField:
		return plain && digits >= 3 && len(v) >= 4 && len(v) <= 10 && letters == larges || plain && digits >= 2 && larges >= 2 && letters == larges && len(v) >= 5 && len(v) <= 8
	case paperField:
		return (digits >= 4 || digits == 3 && letters >= 3 && plain) && letters == larges && len(v) >= 6 && len(v) <= 24 && bytes.IndexByte(v, ' ') < 0 && others <= 3 && !bytes.ContainsAny(v, "@{}[]()=<>:\\_,") && !release(v)
	case plateField:
		return plain && digits >= 1 && larges >= 1 && letters == larges && len(v) >= 4 && len(v) <= 10
	case bankField:
		return plain && letters >= 6 && (len(v) == 8 || len(v) == 11) && letters == larges && letters+digits == len(v) && allLetters(v[:6])
	case birthField:
		return digits >= 4 && digits <= 8 && len(v) >= 6 && len(v) <= 20 && (digits < len(v) || digits == 8) && !bytes.ContainsAny(v, "{}()[]=:")
	case codeField:
		return plain && letters == 0 && digits >= 3 && digits <= 8 && digits == len(v)
	case expiryField:
		return expires(v)
	case degreesField:
		return degrees(v)
	}
	return false
}

func allLetters(v []byte) bool {
	for _, c := range v {
		if kindOf[c] != isLetter {
			return false
		}
	}
	return true
}

// release tells of numbers of one or two digits with dots between: 10.22.1.
func release(v []byte) bool {
	run := 0
	for _, c := range v {
		if run = (run + 1) * one(kindOf[c] == isDigit); run > 2 || run == 0 && c != '.' {
			return false
		}
	}
	return true
}

// endsStreet tells whether the last word is one with which streets end.
func (s *search) endsStreet(v []byte) bool {
	return traitsOf(hashOf(v[bytes.LastIndexByte(v, ' ')+1:]))&streetEnds != 0
}

// namesFit tells of one to four words with capitals of which one may be a name of a person, or of a place, and none says what a form or a program says.
func (s *search) namesFit(f content, v []byte) bool {
	words, known, unknown := 0, false, false
	for i := 0; i < len(v); {
		from := i
		for i < len(v) && v[i] != ' ' && v[i] != '-' {
			c := v[i]
			if kindOf[c] != isLetter && kindOf[c] != isBad && c != '\'' && !(c == '.' && (i+1 == len(v) || v[i+1] == ' ')) {
				return false
			}
			i++
		}
		w := bytes.TrimRight(v[from:i], ".")
		i++
		if len(w) == 0 {
			continue
		}
		words++
		h := hashOf(w)
		l, t := s.table.lookUp(mixOf(w)), traitsOf(h)
		large := w[0] < 'a' || kindOf[w[0]] == isBad
		for _, c := range w[1:] {
			if c >= 'A' && c <= 'Z' && w[len(w)-1] >= 'a' && !prefixed(w) {
				return false // camelCase
			}
		}
		ofKind := l&(isGiven|isFamily) != 0
		if f == townField {
			ofKind = l&isName != 0 || t&placeHeads != 0
		}
		switch {
		case valueTypes[h] || contentOf[uint32(h)] != noField || t&english != 0 && words == 1:
			return false
		case t&(particles|titles) != 0:
		case !large && !(ofKind && l&isCommon == 0):
			return false
		case ofKind && l&isOften == 0:
			known = true
		case l == 0 && t == 0:
			unknown = true
		case l&isCommon != 0 && f != townField:
			return false
		}
	}
	if f == partyField {
		return words >= 2 && words <= 4 && known
	}
	return words >= 1 && words <= 4 && (known || unknown)
}

// userFits tells of the name that somebody has in a program, behind a label that says so.
func (s *search) userFits(v []byte) bool {
	if v = bytes.TrimPrefix(v, []byte("@")); len(v) < 3 || len(v) > longestUser {
		return false
	}
	for _, c := range v {
		if !alnum(c) && !byteIn(c, "._-") {
			return false
		}
	}
	h := hashOf(v)
	if servants[h] || valueTypes[h] || programUser[h] || contentOf[uint32(h)] != noField {
		return false
	}
	if s.somebodys(v) || s.personal(v, true) {
		return true
	}
	letters := 0
	for i, c := range v {
		letters += one(kindOf[c] == isLetter)
		if byteIn(c, "_.-") || i > 0 && c >= 'A' && c <= 'Z' && v[i-1] >= 'a' {
			return false // an identifier
		}
	}
	w := bytes.TrimRight(v, "0123456789")
	return letters >= 4 && v[0] >= 'a' && s.table.lookUp(mixOf(w))&isCommon == 0 && traitsOf(hashOf(w))&(english|foreign) == 0 && !servants[hashOf(w)] && !programUser[hashOf(w)]
}

// expires tells of a month and a year, as cards have them: 04/27, 04/2027, 2027-04.
func expires(v []byte) bool {
	n := bytes.IndexAny(v, "/-")
	if n < 1 || !onlyDigits(v[:n]) {
		return false
	}
	a, b := v[:n], bytes.TrimLeft(v[n+1:], " ")
	if len(a) == 4 {
		a, b = b, a
	}
	if len(a) > 2 || len(a) == 2 && a[0] > '1' || len(a) == 0 {
		return false
	}
	if len(b) == 7 || len(b) == 5 { // 04/30/2027, 04/30/27
		b = b[bytes.IndexAny(b, "/-")+1:]
	}
	return onlyDigits(a) && onlyDigits(b) && (len(b) == 2 || len(b) == 4 && b[0] == '2')
}

func onlyDigits(v []byte) bool {
	for _, c := range v {
		if kindOf[c] != isDigit {
			return false
		}
	}
	return len(v) > 0
}

// leastDecimals is from how many of them on a latitude or a longitude tells where somebody is: three are a hundred metres.
const leastDecimals = 3

// degreesEnd is where a latitude ends, or with its longitude behind a comma.
func (s *search) degreesEnd(i int) int {
	number := func(i int) int {
		for i < len(s.text) && (kindOf[s.text[i]] == isDigit || byteIn(s.text[i], "+-") || s.text[i] == '.' && i+1 < len(s.text) && kindOf[s.text[i+1]] == isDigit) {
			i++
		}
		return i
	}
	end := number(i)
	if end == i || end >= len(s.text) || s.text[end] != ',' {
		return end
	}
	second := s.gap(end+1, 0)
	if last := number(second); degree(s.text[second:last]) {
		return last
	}
	return end
}

// degrees tells of a latitude, a longitude, or both with a comma between.
func degrees(v []byte) bool {
	v = bytes.Trim(v, "[]() ")
	if a, b, two := bytes.Cut(v, []byte(",")); two {
		return degree(a) && degree(bytes.TrimLeft(b, " "))
	}
	return degree(v)
}

// degree tells of a number of up to 180 with decimals.
func degree(v []byte) bool {
	v = bytes.TrimLeft(v, "+-")
	dot := bytes.IndexByte(v, '.')
	if dot < 1 || dot > 3 || !onlyDigits(v[:dot]) || dot == 3 && v[0] != '1' {
		return false
	}
	n := dot + 1
	for n < len(v) && kindOf[v[n]] == isDigit {
		n++
	}
	rest := v[n:]
	return n-dot-1 >= leastDecimals && (len(rest) == 0 || len(rest) <= 4 && bytes.ContainsAny(rest, "NSEWnsew\xc2"))
}
