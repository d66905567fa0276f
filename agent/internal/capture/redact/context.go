package redact

import (
	"bytes"
	"unicode/utf8"
)

// findContext looks at what stands before a value: "my name is", "passport no", "born on", "ZIP:".
func (s *search) findContext() {
	for _, i := range s.telling {
		w := &s.words[i] // each of these is a guess for the processor, so they are one question
		if one(w.form == figure)|one(w.form == small)|one(w.is(tellingLarge))|one(w.lex&isPeople != 0) != 0 || s.lines[w.line].whole() {
			if w.is(recordWords | leads) {
				s.labels(int(i))
			}
			s.context(int(i))
		}
	}
}

// leastPeople is how many letters a nationality has that is written small.
const leastPeople = 5

// context looks at one word, and at what stands behind it.
func (s *search) context(i int) {
	w := &s.words[i]
	switch w.form {
	case figure:
		s.age(i)
		s.date(i)
	case small:
		if w.is(triggers) {
			s.trigger(i, w.own)
		}
		if w.letters() >= leastPeople && (i > 0 && s.words[i-1].is(beforePeople) || s.lines[w.line].small) && s.lines[w.line].kind == englishLine &&
			!(i > 0 && s.words[i-1].is(tongues)) && s.lexeme(w)&(isPeople|isCommon) == isPeople {
			s.mark(i, i, people)
		}
	case capital, upperAll, mixed:
		if w.is(months) && w.form != mixed {
			s.monthFirst(i)
		}
		if w.glued && w.is(accounts) {
			s.account(i)
		}
		if w.glued && !(w.is(trigBirth|trigID) && int(w.end) < len(s.text) && s.text[w.end] == '=') {
			return
		}
		if w.is(triggers) {
			s.trigger(i, w.own)
		} else if w.is(mailHeads) && s.label(i) {
			s.party(i)
		}
		if w.lex&isPeople != 0 && w.large() && s.lines[w.line].kind == englishLine && !(i > 0 && s.words[i-1].is(tongues)) {
			s.mark(i, i, people)
		}
	}
}

// medical are words before a record that make its number a patient's.
var medical = hashesOf(`medical med patient health hospital clinical`)

// marked tells whether word i, or "No." behind it, has a colon or a "#" behind it.
func (s *search) marked(i int) bool {
	if i+1 < len(s.words) && s.words[i+1].is(fillers) && s.words[i+1].sep == sepSpace {
		i++
	}
	return s.label(i)
}

// beforePeople are words behind which a nationality may stand that is written small.
var beforePeople = traitOf(`am is are was were proud a an the we being half born`)

// tongues are words behind which a language stands, no people.
var tongues = traitOf(`in speak speaks speaking spoke studying study studied learn learning into translate translated language from`)

// What a word calls for.
var (
	trigName = traitOf(`name names name's first_name last_name full_name family_name given_name middle_name customer_name patient_name contact_name fullname givenname familyname middlename firstname lastname surname forename nickname vorname nachname familienname nom prenom nombre apellido apellidos cognome naam achternaam voornaam namn imie nazwisko nome имя фамилия отчество фио 姓名 氏名 お名前 名前 이름 성명 الاسم ονοματεπωνυμο ονομα επωνυμο soyad ad isim cognomi sobrenome jmeno prijmeni nev keresztnev etunimi sukunimi etternavn fornavn efternavn fornamn efternamn contactname customername patientname accountname displayname realname ownername cardname nameoncard cardholdername employeename accountholder kontoinhaber
		titulaire intestatario rekeninghouder 联系人 收件人 客户 担当者 お客様名 宛名 顧客名 담당자 고객명 수신인 العميل клиент владелец customer patient client employee contact cardholder holder recipient beneficiary applicant attn author tenant student owner assignee payee guest passenger insured person recipient's`)
	trigID = traitOf(`dea npi employee_id insurance_id patient_id customer_id member_id student_id account_id tax_id policy_number account_number routing_number member_number medical_record_number social_security_number driver_license drivers_license driver_license_number passport passeport reisepass pasaporte passaporto license licence licence's license's fuhrerschein personalausweis ausweis permit dl nhs ssn sin nino nin ni tin ein vat tax steuer steuernummer steueridentifikationsnummer mrn medicare medicaid insurance policy member account acct routing aba sort vin plate badge employee student patient case claim dni nie nif cpf cnpj curp rfc bsn pesel aadhaar pan cedula id identification versicherungsnummer krankenversicherung kontonummer blz bic swift imei serial customer reference booking cif dvla reisepasses rentenversicherungsnummer sozialversicherungsnummer svnr passnummer passport_number passportno nationalid national_id idnumber id_number license_number kennzeichen
		paszportu paszport dowodu dowod pasaport kimlik snils fiscale codicefiscale codice_fiscale nhc ausweisnr personalausweisnr инн снилс паспорт паспорта полис снилса siren siret kvk nip regon oib hetu personnummer cpr ahv avs rijksregisternummer tfn nric fin
		henkilotunnus niss nas cnp egn 身份证 身份证号 身份证号码 マイナンバー 旅券番号 護照號碼 护照号 주민등록번호 여권번호 rekeningnummer kundennummer mitgliedsnummer paspoort paspoortnummer passaport matricola license_plate licence_plate plate_number identita identidad identite identity ausweisnummer personalausweisnummer fuhrerscheinnummer kto konto passports paszport plaka plakasi plates registration rejestracyjny targa patente voter`)
	trigZip   = traitOf(`zip zipcode postcode postal plz postleitzahl cap cep pincode`)
	trigBirth = traitOf(`born birth birthday birthdate dob geboren geb geburtsdatum geburtstag naissance nacimiento nacido nacida nascita nascimento nato nata nee ne birth_date birthdate date_of_birth dateofbirth birth_day
		geboortedatum urodzenia urodzony urodzona dogum рождения родился родилась 生年月日 出生日期 生日 생년월일 fodelsedatum fødselsdato syntymaaika narozeni szuletesi nascida nacimento`)
	trigWork = traitOf(`work works worked working employed year years months spent internship job`)
	trigSite = traitOf(`website site homepage blog webpage`)
	trigCall = traitOf(`i'm am dear hi hello hey this call hola bonjour hallo liebe lieber ciao regards sincerely cheers thanks meet named called yours gruss grusse cordialement saludos saluti signed maiden told asked soy heisse best gruesse
		heer mevrouw meneer senor senora monsieur madame signor signora signore pan pani panie panu don dona prezado prezada caro cara estimado estimada querido querida cher chere beste lieve
		drogi droga hej merhaba sayın ola oi geachte szanowny szanowna уважаемый уважаемая здравствуйте привет дорогой дорогая birthday congrats congratulations love hugs xoxo greetings faithfully truly warmly abrazos besos bisous baci groetjes pozdrawiam beijos`)

	weakID = traitOf(`record records rec chart dossier akte aktenzeichen`) // only with a mark behind it

	tellingLarge = triggers | months | accounts | mailHeads // of words with a capital

	triggers = leads | fieldWords | credits | parties | addressHeads | accounts | weakID | trigName | trigID | trigZip | trigBirth | trigWork | trigSite | trigCall | trigCode
)

func (s *search) trigger(i int, b trait) {
	if b&(parties|addressHeads|accounts|credits) != 0 {
		s.field(i, b)
	}
	if b&trigName != 0 {
		s.afterName(i)
	}
	if b&trigID != 0 || b&weakID != 0 && (s.marked(i) || i > 0 && medical[s.words[i-1].hash] && s.words[i].sep == sepSpace) {
		s.afterID(i)
	}
	if b&trigZip != 0 {
		s.afterZip(i)
	}
	if b&trigBirth != 0 {
		s.afterBirth(i)
	}
	if b&trigCode != 0 {
		s.afterCode(i)
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
	fillers   = traitOf(`is my the a number no nr num nummer numero numbers code id of card it it's its are was be will here here's on full first last maiden middle family given preferred display legal osobisty seria i user's licence license's driver drivers driver's s an to date and in car vehicle`)
	copulas   = traitOf(`is was are ist est es e heter heisst lautet called named`)
	formWords = traitOf(`first last full given family maiden middle legal preferred your customer client patient contact account card holder billing shipping employee emergency next kin mother's father's spouse`)
	notNames  = traitOf(`not the a an to for in on at is was are here there sorry sure going so very just from really glad happy done back out off up ok okay fine good ready trying looking using having getting still also now too all my your his her our their this that it incorrect wrong missing required empty unknown none null true false default and or of with appears has should must can will does cannot`)
)

// label tells whether a value follows word i behind a colon, a tab or a line of its own, as in a form.
func (s *search) label(i int) bool {
	for p := int(s.words[i].end); p < len(s.text); p++ {
		switch s.text[p] {
		case ':', '=', '\t', '|':
			return true
		case ' ', '"', '\'', '*', ')', '#':
			continue
		}
		return false
	}
	return false
}

// afterName takes the name behind "Name:", "my name is" and their like.
func (s *search) afterName(i int) {
	if i+1 >= len(s.words) || i > 0 && s.words[i-1].is(things) && s.words[i].sep&^(sepSpace|sepHyphen) == 0 {
		return
	}
	if s.label(i) {
		s.fieldName(i)
		return
	}
	j := i + 1
	if s.words[j].sep&sepLine != 0 {
		s.nameBelow(i)
		return
	}
	if s.titled(j) { // in comments too
		s.mark(j, j+1, person)
		return
	}
	if s.words[j].sep != sepSpace {
		if s.words[i].lex&isName == 0 && s.words[j].sep&sepDot != 0 && s.words[j].sep&(sepLine|sepPara) == 0 { // "What's your last name? Roe"
			s.nameAt(j, false)
		}
		return
	}
	if s.words[j].is(copulas) && j+1 < len(s.words) && s.words[j+1].sep&^(sepSpace|sepColon) == 0 {
		s.nameAt(j+1, true)
	}
}

// nameBelow takes the line below a label that is a line of its own, as forms and what is read of pictures have them.
func (s *search) nameBelow(i int) {
	l := &s.lines[s.words[i].line]
	sure := s.words[i].is(nameFields)
	if first := int(l.first); first != i && !(first == i-1 && s.words[first].is(formWords)) || !sure && first == i {
		return
	}
	j := i + 1
	last := int(s.lines[s.words[j].line].last)
	good := false
	for k := j; k < last; k++ {
		w := &s.words[k]
		if k > j+3 || !w.large() && w.form != initial && !w.is(particles) || w.glued || w.is(english|formWords|triggers) || k > j && !s.joins(k) {
			return
		}
		x := s.lexeme(w)
		good = good || w.letters() > 1 && (x&isCommon == 0 || x&(isGiven|isFamily) != 0 && x&isOften == 0)
	}
	if good && !s.label(last-1) {
		s.mark(j, last-1, person)
	}
}

// things have names, too.
var things = traitOf(`project product file host class event brand package app application table column field branch server company team game model variable function module service device domain
	network group channel repository repo image container volume cluster namespace queue topic job task step workflow plugin theme font color path directory folder computer machine drive printer`)

// fieldName takes the whole value of a field that holds a name.
func (s *search) fieldName(i int) {
	j := i + 1
	w := &s.words[j]
	if w.sep&sepPara != 0 || int(w.start-s.words[i].end) > 24 || w.glued && w.form != mixed && s.text[max(0, w.start-1)] != '=' {
		return
	}
	sure := i > 0 && s.words[i-1].is(formWords) || s.words[i].is(nameFields) || i > 1 && s.words[i-1].hash == wordOn
	k, good, end := j, false, false
	for ; k < len(s.words) && k < j+6; k++ {
		n := &s.words[k]
		if end = k > j && (n.sep&^(sepSpace|sepHyphen|sepDot) != 0 && !(n.sep == sepComma|sepSpace && k == j+1) || s.stopped(k)) || n.form == figure || n.form == mixed || n.glued && k > j && !(int(n.end) < len(s.text) && s.text[n.end] == '&'); end {
			break
		}
		l := s.lexeme(n)
		good = good || l&isCommon == 0 || l&(isGiven|isFamily) != 0 && (n.large() || l&isOften == 0)
	}
	end = end || k == len(s.words)
	query := s.queried(i)
	if query {
		k = s.plussed(j, k)
	}
	if k == j+1 && w.form == small && !sure && s.words[i].form == small && w.lex&(isGiven|isFamily) == 0 && w.start > 0 && s.text[w.start] < utf8.RuneSelf {
		return // name = "serde"
	}
	if s.headed(i) {
		return
	}
	switch {
	case k == j, s.lines[w.line].kind == codeLine && !sure && !query, query && !w.large() && w.lex&(isGiven|isFamily) == 0, !sure && s.slug(j, k):
	case query && good, sure && (end || s.words[j].large()), good && end && (k > j+1 || s.words[j].large() || s.words[j].lex&isCommon == 0):
		s.mark(j, k-1, person)
	}
}

// headed tells whether word i stands in the head of a table, under which its line of dashes is.
func (s *search) headed(i int) bool {
	if s.text[min(int(s.words[i].end)+1, len(s.text)-1)] != '|' && (int(s.words[i].end) >= len(s.text) || s.text[s.words[i].end] != '|') {
		return false
	}
	n := bytes.IndexByte(s.text[s.words[i].end:], '\n')
	if n < 0 {
		return false
	}
	rest := s.text[int(s.words[i].end)+n+1:]
	return len(rest) > 2 && rest[0] == '|' && bytes.IndexByte(rest[1:3], '-') >= 0
}

// stopped tells whether a full stop before word k ends a value: not one behind an initial or a title.
func (s *search) stopped(k int) bool {
	p := &s.words[k-1]
	return s.words[k].sep&sepDot != 0 && p.letters() > 2 && !p.is(titles) || s.label(k) && int(s.words[k].end) < len(s.text) && s.text[s.words[k].end] == ':'
}

var nameFields = traitOf(`contactname customername patientname accountname displayname realname ownername cardname nameoncard cardholdername employeename accountholder kontoinhaber titulaire intestatario rekeninghouder
	联系人 收件人 客户 担当者 お客様名 宛名 顧客名 담당자 고객명 수신인 العميل клиент владелец имя фамилия отчество фио 姓名 氏名 お名前 名前 이름 성명 الاسم ονοματεπωνυμο soyad jmeno prijmeni sukunimi etternavn fornavn efternavn fornamn efternamn first_name last_name full_name family_name given_name middle_name customer_name patient_name contact_name fullname givenname familyname middlename firstname lastname surname forename vorname nachname familienname prenom apellido apellidos cognome achternaam voornaam nazwisko cardholder payee beneficiary patient passenger insured`)

// nameAt takes up to three words at j as a name. Where all is written small, a common word ends it.
func (s *search) nameAt(j int, sure bool) {
	k := j
	for ; k < len(s.words) && k < j+4; k++ {
		n := &s.words[k]
		if k > j && !s.joins(k) || n.glued || n.form == figure || n.form == mixed {
			break
		}
		l := s.lexeme(n)
		if n.is(titles) || n.form == initial && k > j || n.is(particles) && k > j && k+1 < len(s.words) && s.joins(k+1) && s.words[k+1].large() {
			continue
		}
		if n.is(notNames) || n.form == small && l&isCommon != 0 && (l&(isGiven|isFamily) == 0 || l&isOften != 0) || n.large() && l&isOften != 0 && l&isName == 0 {
			break
		}
		if !sure && !n.large() && l&isCommon != 0 {
			break
		}
	}
	if k > j && !(k == j+1 && s.words[j].is(titles)) {
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
	if s.words[j].sep&(sepComma|sepLine) != 0 && s.words[j].sep&sepPara == 0 && s.words[j].large() && s.words[i].is(signOff) {
		s.nameAt(j, false)
		return
	}
	if s.words[j].sep != sepSpace {
		return
	}
	if h == wordThis || h == wordI {
		if !s.words[j].is(copulas) || j+1 >= len(s.words) || s.words[j+1].sep != sepSpace {
			return
		}
		j++
	}
	if s.words[j].hash == wordTo && j+1 < len(s.words) && s.words[j+1].sep == sepSpace {
		j++
	}
	if h == wordCall {
		if s.words[j].hash != wordMe || j+1 >= len(s.words) {
			return
		}
		j++
	}
	if l := s.lexeme(&s.words[j]); s.words[j].form == capital && l&(isOften|isPeople) == 0 && !s.words[j].is(english) ||
		s.words[j].form == small && h == wordCall && l&isCommon == 0 && !s.words[j].is(english) {
		s.nameAt(j, false)
	}
}

var (
	signOff  = traitOf(`best gruesse regards sincerely cheers thanks yours gruss grusse cordialement saludos saluti love hugs xoxo greetings faithfully truly warmly abrazos besos bisous baci groetjes pozdrawiam beijos`)
	wordThis = hashWord("this")
	wordI    = hashWord("i")
	wordCall = hashWord("call")
	wordMe   = hashWord("me")
	wordTo   = hashWord("to")
	wordFor  = hashWord("for")
	wordAt   = hashWord("at")
)

// afterZip takes the code behind "ZIP:" and its like.
func (s *search) afterZip(i int) {
	j := i + 1
	for j < len(s.words) && j <= i+3 && s.words[j].is(fillers) && s.words[j].sep == sepSpace {
		j++
	}
	if j >= len(s.words) || s.words[j].sep&(sepPara|sepLine) != 0 {
		return
	}
	if w := &s.words[j]; w.form == figure || w.form == mixed && anyDigit(s.text[w.start:w.end]) {
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
		if w.form == figure || w.is(months) && w.form != small || w.form == mixed && kindOf[s.text[w.start]] == isDigit {
			if end := s.dateAt(j); end > 0 {
				s.add(int(w.start), end, date)
			} else if w.form == mixed && w.letters() > 8 && s.text[w.start+4] >= utf8.RuneSelf { // 1987年4月12日
				s.add(int(w.start), int(w.end), date)
			} else if end := s.dateOfAnyYear(j); end > 0 {
				s.add(int(w.start), end, date)
			} else if w.form == figure && (w.letters() == 4 || w.letters() == 8) && (s.text[w.start] == '1' || s.text[w.start] == '2') {
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
	if k > j && s.words[j].sep == sepSpace && !s.words[j].is(english) {
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
