package redact

// afterID takes the number behind the name of a document or an account.
func (s *search) afterID(i int) {
	j := i + 1
	for j < len(s.words) && j <= i+6 && s.words[j].sep&(sepPara|sepDot) == 0 && s.words[j].is(fillers|copulas|trigID) && s.words[j].form != figure {
		j++
	}
	if s.documentBefore(i) || j >= len(s.words) || s.words[j].sep&sepPara != 0 || int(s.words[j].start-s.words[i].end) > 40 {
		return
	}
	bare := s.words[i].hash == wordID && !(i > 0 && s.words[i].sep == sepSpace && !s.words[i-1].is(english) && (s.words[i-1].form != upperAll || s.words[i].form == upperAll)) // a key of a table
	start, end := s.prefixed(int(s.words[j].start)), int(s.words[j].start)
	inner := 0 // where letters may be small up to
	if s.words[j].form == mixed && s.words[i].is(papers) {
		inner = int(s.words[j].end)
	}
	digits := 0
	for end < len(s.text) && end-start < 40 {
		c := s.text[end]
		k := kindOf[c]
		if k == isDigit {
			digits++
		}
		if k == isDigit || k == isLetter && (c < 'a' || digits > 0 || end < inner) || (c == '-' || c == '.' || c == '/') && end+1 < len(s.text) && alnum(s.text[end+1]) {
			end++
			continue
		}
		if c == ' ' && end+1 < len(s.text) && (kindOf[s.text[end+1]] == isDigit || s.text[end+1] >= 'A' && s.text[end+1] <= 'Z' && idPiece(s.text[end+1:])) && (digits > 0 || end-start <= 6 && s.words[i].is(papers)) {
			end++
			continue
		}
		break
	}
	if named := s.words[i].is(papers) && digits > 0 && (end-start >= 6 || end-start >= 4 && s.in(plates, i)); !named && (digits < 4 || digits < 5 && end-start < 6 && !s.label(j-1)) || s.dateLike(start, end) || bare && digits < 6 {
		return
	}
	s.add(start, end, document)
}

// prefixed goes back over the letters that a number has in front, as in MRN-1015952: where they are a label themselves, they were taken for one.
func (s *search) prefixed(start int) int {
	if start < 2 || s.text[start-1] != '-' {
		return start
	}
	i := start - 1
	for i > 0 && start-i <= 6 && kindOf[s.text[i-1]] == isLetter {
		i--
	}
	if i == start-1 || i > 0 && (alnum(s.text[i-1]) || byteIn(s.text[i-1], "-_./@")) {
		return start
	}
	return i
}

// documentBefore takes the number in "AAA123456 is my passport number": a word with digits and letters before a form of "is". It tells whether there is one.
func (s *search) documentBefore(i int) bool {
	for j := i - 1; j > 0 && j >= i-5 && s.words[j].line == s.words[i].line && s.words[j].sep == sepSpace; j-- {
		w := &s.words[j-1]
		if !s.words[j].is(copulas) {
			if s.words[j].form != small {
				return false
			}
			continue
		}
		digits := 0
		for _, c := range s.text[w.start:w.end] {
			digits += one(kindOf[c] == isDigit)
		}
		if w.form == mixed && digits >= 4 && w.letters() >= 6 && w.letters() <= 18 && !w.glued {
			s.add(int(w.start), int(w.end), document)
			return true
		}
		return false
	}
	return false
}

// papers are documents whose numbers may be letters for the most part.
var papers = traitOf(`identita ausweisnummer passport passeport reisepass pasaporte passaporto personalausweis ausweis fuhrerschein plate kennzeichen dl vin paszport paszportu dowod dowodu passports passport_number passportno passaport pasaport paspoort plaka plakasi plates registration rejestracyjny targa patente`)

// plates of cars have short numbers.
var plates = setOf(`plate plates license_plate licence_plate plate_number kennzeichen plaka plakasi targa`)

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
	return digits > 0 || n <= 2 && (n == len(t) || t[n] != ' ' || n+1 < len(t) && kindOf[t[n+1]] == isDigit)
}

func alnum(c byte) bool { return inName[c] }

var inName = tableOf("")

func (s *search) dateLike(start, end int) bool {
	return end-start == 10 && (s.text[start+4] == '-' && s.text[start+7] == '-')
}
