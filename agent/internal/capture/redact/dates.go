package redact

var months = traitOf(`january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
	januar februar marz mai juni juli oktober dezember janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre
	enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre
	janeiro fevereiro marco maio junho julho setembro outubro novembro dezembro januari februari maart mei augustus
	stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia ocak subat mart nisan mayıs haziran temmuz eylul ekim kasım aralık
	января февраля марта апреля мая июня июля августа сентября октября ноября декабря`)

// oldYear is the last year in which a full date is more likely a birth than an appointment.
const oldYear = 2012

// date takes full dates that are likely days of birth, by their year.
func (s *search) date(i int) {
	w := &s.words[i]
	if i+2 >= len(s.words) || w.tag != noClass || i > 0 && w.sep&sepHyphen != 0 && w.sep&sepSpace == 0 && s.text[w.start-1] == '-' {
		return
	}
	end := s.dateAt(i)
	if end == 0 || s.lines[w.line].kind == codeLine {
		return
	}
	if y := s.yearIn(int(w.start), end); y >= 1900 && (y <= oldYear || s.lines[w.line].kind == englishLine && w.sep&(sepLine|sepPara) == 0) { // a newer one at the start of a line is a log's
		if j := i + 3; j < len(s.words) && s.words[j].sep == sepSpace && s.words[j].form == figure && int(s.words[j].end) < len(s.text) && s.text[s.words[j].end] == ':' {
			for end < len(s.text) && (kindOf[s.text[end]] == isDigit || s.text[end] == ':' || s.text[end] == ' ' && end+1 < len(s.text) && kindOf[s.text[end+1]] == isDigit) {
				end++
			}
		}
		s.add(int(w.start), end, date)
	}
}

// monthFirst takes "January 13, 1976". A newer one is a file's, or an appointment.
func (s *search) monthFirst(i int) {
	if end := s.dateAt(i); end > 0 && s.yearIn(int(s.words[i].start), end) <= oldYear && s.lines[s.words[i].line].kind != codeLine {
		s.add(int(s.words[i].start), end, date)
	}
}

// yearIn is the number of four digits in a stretch of text, 0 if there is none.
func (s *search) yearIn(start, end int) int {
	n, digits := 0, 0
	for p := start; p <= end; p++ {
		if p < end && kindOf[s.text[p]] == isDigit {
			n, digits = n*10+int(s.text[p]-'0'), digits+1
			continue
		}
		if digits == 4 {
			return n
		}
		n, digits = 0, 0
	}
	return 0
}

// inDate are the separators that may stand between the parts of a date.
var inDate = [256]bool{sepHyphen: true, sepDot: true, sepColon: true, sepSpace: true, sepDot | sepSpace: true}

// dateAt is where a full date ends that begins with word i, 0 if there is none: 1990-02-28, 28.2.1990, 2/28/90, 28 Feb 1990, Feb 28, 1990.
func (s *search) dateAt(i int) int {
	if i+2 >= len(s.words) {
		return 0
	}
	a, b, c := &s.words[i], &s.words[i+1], &s.words[i+2]
	if (b.hash == wordOf || b.hash == wordDe) && b.sep == sepSpace && i+3 < len(s.words) { // 3rd of March 1991
		b, c = c, &s.words[i+3]
		if c.hash == wordDe && c.sep == sepSpace && i+4 < len(s.words) { // 3 de marzo de 1991
			c = &s.words[i+4]
		}
	}
	if !inDate[b.sep] || !inDate[c.sep] && c.sep != sepComma|sepSpace {
		return 0
	}
	day := func(w *word) bool {
		n := s.number(w)
		return n >= 1 && n <= 31 && w.letters() <= 2 || w.form == mixed && w.letters() <= 4 && kindOf[s.text[w.start]] == isDigit
	}
	year := func(w *word) bool {
		n := s.number(w)
		return w.form == figure && (w.letters() == 4 && n >= 1900 && n < 2100 || w.letters() == 2)
	}
	switch {
	case a.form == figure && b.form == figure && c.form == figure:
		if b.sep != c.sep || b.sep == sepSpace || b.letters() > 2 {
			return 0
		}
		if a.letters() == 4 && year(a) && day(b) && day(c) || day(a) && day(b) && year(c) && (s.number(a) <= 12 || s.number(b) <= 12) {
			return int(c.end)
		}
	case day(a) && b.is(months) && year(c) && c.letters() == 4, a.is(months) && day(b) && year(c) && c.letters() == 4:
		return int(c.end)
	}
	return 0
}

// dateOfAnyYear is where three numbers end that begin with word i, with one mark between them and a year of four digits in one of the calendars of the
// world: 22/04/2535. 0 if there are none. Only a word of birth says that they are a date.
func (s *search) dateOfAnyYear(i int) int {
	if i+2 >= len(s.words) || s.words[i+1].sep != s.words[i+2].sep || s.words[i+1].sep&^(sepHyphen|sepDot|sepColon) != 0 {
		return 0
	}
	years := 0
	for _, w := range s.words[i : i+3] {
		switch {
		case w.form != figure || w.letters() == 3 || w.letters() > 4:
			return 0
		case w.letters() == 4:
			years++
		}
	}
	if years != 1 {
		return 0
	}
	return int(s.words[i+2].end)
}

func (s *search) number(w *word) int {
	n := 0
	if w.form != figure || w.letters() > 6 {
		return -1
	}
	for _, c := range s.text[w.start:w.end] {
		n = n*10 + int(c-'0')
	}
	return n
}

var (
	yearWords = traitOf(`year years yr yrs jahre jahr ans anos anni jaar yo`)
	oldWords  = traitOf(`old age aged alt turned turn turning turns jahrige`)
)

// age takes "46 years old", "aged 46", "46 y/o", "turned 46".
func (s *search) age(i int) {
	w := &s.words[i]
	if w.letters() > 3 {
		return
	}
	prev := func(k int) *word {
		if i-k < 0 || s.words[i-k+1].sep&(sepPara|sepLine) != 0 {
			return &word{}
		}
		return &s.words[i-k]
	}
	next := func(k int) *word {
		if i+k >= len(s.words) || s.words[i+k].sep&^(sepSpace|sepHyphen|sepColon) != 0 {
			return &word{}
		}
		return &s.words[i+k]
	}
	n := s.number(w)
	if n < 1 || n > 119 {
		return
	}
	yo := int(w.end)+4 <= len(s.text) && string(s.text[w.end:w.end+4]) == " y/o" || int(w.end)+3 <= len(s.text) && string(s.text[w.end:w.end+3]) == "y/o"
	switch {
	case yo:
	case next(1).is(yearWords) && (next(2).is(oldWords) || next(1).hash == wordYo):
	case prev(1).is(oldWords) && w.sep&^(sepSpace|sepColon) == 0, prev(1).hash == wordOf && prev(2).hash == wordAge:
	case (prev(1).hash == wordWas || prev(1).hash == wordIM || prev(1).hash == wordIs) && w.sep == sepSpace && n >= 10 &&
		(i+1 == len(s.words) || s.words[i+1].sep&sepDot != 0 && s.words[i+1].sep&(sepSpace|sepLine) != 0) && !(int(w.end) < len(s.text) && s.text[w.end] == '%'):
		subject := prev(2).hash
		if !(subject == wordHe || subject == wordShe || prev(1).hash == wordIM) {
			return
		}
	default:
		return
	}
	s.mark(i, i, ageYears)
}
