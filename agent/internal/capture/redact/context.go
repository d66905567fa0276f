package redact

// findContext looks at what stands before a value: "my name is", "passport no", "born on", "ZIP:".
func (s *search) findContext() {
	for i := range s.words {
		w := &s.words[i]
		if w.glued && w.form != small && w.form != figure {
			continue
		}
		switch w.form {
		case figure:
			s.age(i)
			s.date(i)
		case small, capital, upperAll, mixed:
			if b := triggers.of(w.hash); b != 0 {
				s.trigger(i, b)
			}
			if i > 0 && tongues.has(s.words[i-1].hash) {
				continue
			}
			if w.large() && w.lex&isPeople != 0 && s.lines[w.line].kind == englishLine ||
				w.form == small && w.letters() >= 5 && (s.lines[w.line].small || i > 0 && beforePeople.has(s.words[i-1].hash)) && s.lines[w.line].kind == englishLine && w.lexeme()&(isPeople|isCommon) == isPeople {
				s.mark(i, i, people)
			}
		}
	}
}

// beforePeople are words behind which a nationality may stand that is written small.
var beforePeople = setOf(`am is are was were proud a an the we being half born`)

// tongues are words behind which a language stands, no people.
var tongues = setOf(`in speak speaks speaking spoke studying study studied learn learning into translate translated language from`)

// What a word calls for.
const (
	trigName  uint16 = 1 << iota // "name"
	trigID                       // "passport", "license"
	trigZip                      // "zip"
	trigBirth                    // "born", "birth", "dob"
	trigWork                     // "work for"
	trigSite                     // "website"
	trigCall                     // "I'm", "this is", "Dear"
	trigHome                     // "address"
	trigPhone                    // "phone"
)

// triggers are looked up for every word, by the key of its hash.
var triggers = func() triggerTable {
	m := map[uint64]uint16{}
	for _, t := range [...]struct {
		words string
		bit   uint16
	}{
		{"name names name's first_name last_name full_name family_name given_name middle_name customer_name patient_name contact_name fullname givenname familyname middlename firstname lastname surname forename nickname vorname nachname familienname nom prenom nombre apellido apellidos cognome naam achternaam voornaam namn imie nazwisko nome customer patient client employee contact cardholder holder recipient beneficiary applicant attn author tenant student owner assignee payee guest passenger insured person recipient's", trigName},
		{"passport passeport reisepass pasaporte passaporto license licence licence's license's fuhrerschein personalausweis ausweis permit dl nhs ssn sin nino nin ni tin ein vat tax steuer steuernummer steueridentifikationsnummer mrn medicare medicaid insurance policy member account acct routing aba sort vin plate badge employee student patient case claim dni nie nif cpf cnpj curp rfc bsn pesel aadhaar pan cedula id identification versicherungsnummer krankenversicherung kontonummer blz bic swift imei serial customer reference booking", trigID},
		{"zip zipcode postcode postal plz postleitzahl cap cep pincode", trigZip},
		{"born birth birthday birthdate dob geboren geb geburtsdatum geburtstag naissance nacimiento nacido nacida nascita nascimento nato nata nee ne", trigBirth},
		{"work works worked working employed year years months spent internship job", trigWork},
		{"website site homepage blog webpage", trigSite},
		{"i'm am dear hi hello hey this call hola bonjour hallo liebe lieber ciao regards sincerely cheers thanks meet named called yours gruss grusse cordialement saludos saluti signed maiden told asked", trigCall},
		{"address adresse anschrift direccion indirizzo addresse adres street live lives lived living located", trigHome},
	} {
		for _, h := range setOf(t.words) {
			if h != 0 {
				m[h] |= t.bit
			}
		}
	}
	var t triggerTable
	for h, b := range m {
		i := h % uint64(len(t.hash))
		for t.hash[i] != 0 {
			i = (i + 1) % uint64(len(t.hash))
		}
		t.hash[i], t.bits[i] = h, b
	}
	return t
}()

// triggerTable is a table with open addresses.
type triggerTable struct {
	hash [1024]uint64
	bits [1024]uint16
}

func (t *triggerTable) of(h uint64) uint16 {
	for i := h % uint64(len(t.hash)); t.hash[i] != 0; i = (i + 1) % uint64(len(t.hash)) {
		if t.hash[i] == h {
			return t.bits[i]
		}
	}
	return 0
}

func (s *search) trigger(i int, b uint16) {
	if b&trigName != 0 {
		s.afterName(i)
	}
	if b&trigID != 0 {
		s.afterID(i)
	}
	if b&trigZip != 0 {
		s.afterZip(i)
	}
	if b&trigBirth != 0 {
		s.afterBirth(i)
	}
	if b&trigWork != 0 {
		s.afterWork(i)
	}
	if b&trigSite != 0 {
		s.afterSite(i)
	}
	if b&trigCall != 0 {
		s.afterCall(i)
	}
}

var (
	fillers   = setOf(`is my the a number no nr num nummer numero numbers code id of card it it's its are was be will here here's on full first last maiden middle family given preferred display legal user's licence license's driver drivers driver's s an to date and in`)
	copulas   = setOf(`is was are ist est es e heter heisst called named`)
	formWords = setOf(`first last full given family maiden middle legal preferred your customer client patient contact account card holder billing shipping employee emergency next kin mother's father's spouse`)
	notNames  = setOf(`not the a an to for in on at is was are here there sorry sure going so very just from really glad happy done back out off up ok okay fine good ready trying looking using having getting still also now too all my your his her our their this that it incorrect wrong missing required empty unknown none null true false default and or of with appears has should must can will does cannot`)
)

// label tells whether a value follows word i behind a colon, a tab or a line of its own, as in a form.
func (s *search) label(i int) bool {
	for p := int(s.words[i].end); p < len(s.text); p++ {
		switch s.text[p] {
		case ':', '=', '\t', '|':
			return true
		case ' ', '"', '\'', '*', ')':
			continue
		}
		return false
	}
	return false
}

// afterName takes the name behind "Name:", "my name is" and their like.
func (s *search) afterName(i int) {
	if i+1 >= len(s.words) {
		return
	}
	if s.label(i) {
		s.fieldName(i)
		return
	}
	j := i + 1
	if s.words[j].sep != sepSpace {
		if s.words[i].lex&isName == 0 && s.words[j].sep&sepDot != 0 && s.words[j].sep&(sepLine|sepPara) == 0 { // "What's your last name? Roe"
			s.nameAt(j, false)
		}
		return
	}
	if copulas.has(s.words[j].hash) && j+1 < len(s.words) && s.words[j+1].sep&^(sepSpace|sepColon) == 0 {
		s.nameAt(j+1, true)
	}
}

// fieldName takes the whole value of a field that holds a name.
func (s *search) fieldName(i int) {
	j := i + 1
	w := &s.words[j]
	if w.sep&sepPara != 0 || int(w.start-s.words[i].end) > 24 || w.glued && w.form != mixed && s.text[max(0, w.start-1)] != '=' {
		return
	}
	sure := i > 0 && formWords.has(s.words[i-1].hash) || nameFields.has(s.words[i].hash) || i > 1 && s.words[i-1].hash == wordOn
	k, good, end := j, false, false
	for ; k < len(s.words) && k < j+6; k++ {
		n := &s.words[k]
		if end = k > j && (n.sep&^(sepSpace|sepHyphen|sepDot) != 0 && !(n.sep == sepComma|sepSpace && k == j+1) || s.stopped(k)) || n.form == figure || n.form == mixed || n.glued && k > j; end {
			break
		}
		l := n.lexeme()
		good = good || l&isCommon == 0 || l&(isGiven|isFamily) != 0 && (n.large() || l&isOften == 0)
	}
	end = end || k == len(s.words)
	switch {
	case k == j || s.lines[w.line].kind == codeLine && !sure:
	case sure && (end || s.words[j].large()), good && end && (k > j+1 || s.words[j].large() || s.words[j].lex&isCommon == 0):
		s.mark(j, k-1, person)
	}
}

// stopped tells whether a full stop before word k ends a value: not one behind an initial or a title.
func (s *search) stopped(k int) bool {
	p := &s.words[k-1]
	return s.words[k].sep&sepDot != 0 && p.letters() > 2 && !titles.has(p.hash) || s.label(k) && int(s.words[k].end) < len(s.text) && s.text[s.words[k].end] == ':'
}

var nameFields = setOf(`first_name last_name full_name family_name given_name middle_name customer_name patient_name contact_name fullname givenname familyname middlename firstname lastname surname forename vorname nachname familienname prenom apellido apellidos cognome achternaam voornaam nazwisko cardholder payee beneficiary patient passenger insured`)

// nameAt takes up to three words at j as a name. Where all is written small, a common word ends it.
func (s *search) nameAt(j int, sure bool) {
	k := j
	for ; k < len(s.words) && k < j+4; k++ {
		n := &s.words[k]
		if k > j && !s.joins(k) || n.glued || n.form == figure || n.form == mixed {
			break
		}
		l := n.lexeme()
		if titles.has(n.hash) || n.form == initial && k > j || particles.has(n.hash) && k > j && k+1 < len(s.words) && s.joins(k+1) && s.words[k+1].large() {
			continue
		}
		if notNames.has(n.hash) || n.form == small && l&isCommon != 0 && (l&(isGiven|isFamily) == 0 || l&isOften != 0) || n.large() && l&isOften != 0 && l&isName == 0 {
			break
		}
		if !sure && !n.large() && l&isCommon != 0 {
			break
		}
	}
	if k > j && !(k == j+1 && titles.has(s.words[j].hash)) {
		s.mark(j, k-1, person)
	}
}

// afterCall takes the name behind a greeting or an introduction.
func (s *search) afterCall(i int) {
	j := i + 1
	if j >= len(s.words) || s.lines[s.words[i].line].kind == codeLine {
		return
	}
	h := s.words[i].hash
	if s.words[j].sep&(sepComma|sepLine) != 0 && s.words[j].sep&sepPara == 0 && s.words[j].large() && signOff.has(h) {
		s.nameAt(j, false)
		return
	}
	if s.words[j].sep != sepSpace {
		return
	}
	if h == wordThis || h == wordI {
		if !copulas.has(s.words[j].hash) || j+1 >= len(s.words) || s.words[j+1].sep != sepSpace {
			return
		}
		j++
	}
	if h == wordCall {
		if s.words[j].hash != wordMe || j+1 >= len(s.words) {
			return
		}
		j++
	}
	if l := s.words[j].lexeme(); s.words[j].form == capital && l&(isOften|isPeople) == 0 && !english.has(s.words[j].hash) ||
		s.words[j].form == small && h == wordCall && l&isCommon == 0 && !english.has(s.words[j].hash) {
		s.nameAt(j, false)
	}
}

var (
	signOff  = setOf(`regards sincerely cheers thanks yours gruss grusse cordialement saludos saluti`)
	wordThis = hashWord("this")
	wordI    = hashWord("i")
	wordCall = hashWord("call")
	wordMe   = hashWord("me")
	wordFor  = hashWord("for")
	wordAt   = hashWord("at")
)

// afterID takes the number behind the name of a document or an account.
func (s *search) afterID(i int) {
	j := i + 1
	for j < len(s.words) && j <= i+6 && s.words[j].sep&(sepPara|sepDot) == 0 && (fillers.has(s.words[j].hash) || triggers.of(s.words[j].hash)&trigID != 0) && s.words[j].form != figure {
		j++
	}
	if j >= len(s.words) || s.words[j].sep&sepPara != 0 || int(s.words[j].start-s.words[i].end) > 40 {
		return
	}
	start, end := int(s.words[j].start), int(s.words[j].start)
	digits := 0
	for end < len(s.text) && end-start < 40 {
		c := s.text[end]
		k := kindOf[c]
		if k == isDigit {
			digits++
		}
		if k == isDigit || k == isLetter && (c < 'a' || digits > 0) || (c == '-' || c == '.' || c == '/') && end+1 < len(s.text) && alnum(s.text[end+1]) {
			end++
			continue
		}
		if c == ' ' && end+1 < len(s.text) && (kindOf[s.text[end+1]] == isDigit || s.text[end+1] >= 'A' && s.text[end+1] <= 'Z' && idPiece(s.text[end+1:])) && digits > 0 {
			end++
			continue
		}
		break
	}
	if digits < 4 || digits < 5 && end-start < 6 && !s.label(j-1) || s.dateLike(start, end) {
		return
	}
	s.add(start, end, document)
}

// idPiece tells whether a piece of an id stands here: letters and digits with at least one digit, up to the next space.
func idPiece(t []byte) bool {
	digits, n := 0, 0
	for n < len(t) && alnum(t[n]) {
		if kindOf[t[n]] == isDigit {
			digits++
		} else if t[n] >= 'a' {
			return false
		}
		n++
	}
	return digits > 0 || n <= 2 && (n == len(t) || t[n] != ' ')
}

func alnum(c byte) bool { return kindOf[c] == isDigit || kindOf[c] == isLetter }

func (s *search) dateLike(start, end int) bool {
	return end-start == 10 && (s.text[start+4] == '-' && s.text[start+7] == '-')
}

// afterZip takes the code behind "ZIP:" and its like.
func (s *search) afterZip(i int) {
	j := i + 1
	for j < len(s.words) && j <= i+3 && fillers.has(s.words[j].hash) && s.words[j].sep == sepSpace {
		j++
	}
	if j >= len(s.words) || s.words[j].sep&(sepPara|sepLine) != 0 {
		return
	}
	if w := &s.words[j]; w.form == figure || w.form == mixed {
		end := int(w.end)
		if j+1 < len(s.words) {
			if n := &s.words[j+1]; (n.sep == sepSpace || n.sep == sepHyphen) && n.letters() <= 4 && (n.form == figure || n.form == mixed || n.form == upperAll) {
				end = int(n.end)
			}
		}
		s.add(int(w.start), end, address)
	}
}

// afterBirth takes the date near a word of birth.
func (s *search) afterBirth(i int) {
	for j := i + 1; j < len(s.words) && j <= i+6 && s.words[j].sep&sepPara == 0; j++ {
		w := &s.words[j]
		if w.form == figure || months.has(w.hash) && w.form != small {
			if end := s.dateAt(j); end > 0 {
				s.add(int(w.start), end, date)
			} else if w.form == figure && w.letters() == 4 && (s.text[w.start] == '1' || s.text[w.start] == '2') {
				s.add(int(w.start), int(w.end), date)
			}
			return
		}
	}
}

// afterWork takes the employer.
func (s *search) afterWork(i int) {
	j := i + 1
	if j+1 >= len(s.words) || s.words[j].hash != wordFor && s.words[j].hash != wordAt {
		return
	}
	j++
	k := j
	for k < len(s.words) && k < j+5 && (k == j || s.joins(k)) && (s.words[k].large() || s.words[k].form == initial) {
		k++
	}
	if k > j && s.words[j].sep == sepSpace && !english.has(s.words[j].hash) {
		s.mark(j, k-1, organisation)
	}
}

// afterSite takes the address of a page that somebody calls theirs.
func (s *search) afterSite(i int) {
	if s.lines[s.words[i].line].kind == codeLine {
		return
	}
	from := int(s.words[i].end)
	for p := from; p < len(s.text) && p < from+24; p++ {
		if kindOf[s.text[p]] != isLetter || p > 0 && kindOf[s.text[p-1]] == isLetter {
			continue
		}
		end := p
		dots := 0
		for end < len(s.text) && s.text[end] > ' ' && s.text[end] != '"' && s.text[end] != '>' && s.text[end] != '<' {
			if s.text[end] == '.' && end+1 < len(s.text) && alnum(s.text[end+1]) {
				dots++
			}
			end++
		}
		if dots > 0 && end-p > 6 {
			s.add(p, end, site)
			return
		}
		p = end
	}
}
