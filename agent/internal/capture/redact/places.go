package redact

var (
	streetEnds = traitOf(`street st road rd avenue ave av lane ln drive dr court ct place pl square sq squares boulevard blvd way terrace ter close crescent cres
		parkway pkwy highway hwy circle cir trail trl row gardens gdns grove mews hill walk alley loop plaza quay wharf streets roads strasse str weg platz allee gasse ring damm
		straat laan gracht plein vej gade gatan vagen vei veien gata katu tie utca ut ter tanav ulica ulice ulitsa sokak caddesi cad sok bulvari mahallesi mah straße улица ул проспект переулок набережная площадь шоссе iela gatve stræti`)
	streetStarts = traitOf(`postbox rua rue calle via avenida avda av ul ulica ulitsa plaza piazza piazzale corso viale vicolo boulevard bd chemin allee impasse quai
		avenue faubourg voie paseo camino carrer cidade praca travessa largo strada rambla ronda callejon carretera corner c sokak os al aleja plac place route cours улица ул проспект شارع carrera cra jalan jl`)
	streetTails = [...]string{"strasse", "straße", "str", "weg", "platz", "allee", "gasse", "straat", "laan", "gracht", "plein", "vej", "gade", "gatan",
		"vagen", "veien", "gata", "katu", "utca", "tanav", "stien", "stræde", "stræti", "vænget", "gøta", "backe", "kuja", "polku", "damm", "ufer", "steig"}
	// tailPairs are the last two characters of each.
	tailPairs = func() (pairs [32][32]bool) {
		for _, t := range streetTails {
			pairs[fiveBits[t[len(t)-2]]][fiveBits[t[len(t)-1]]] = true
		}
		return pairs
	}()
	units     = traitOf(`apt apartment suite ste unit flat box psc pobox bldg wohnung appt floor`)
	military  = traitOf(`apo fpo dpo`)
	smallEnds = traitOf(`u ut utja ter koz poik tn mnt maantee tee puiestee strasse str weg vej utca ulica sokak street straße улица iela gatve`)
	ships     = traitOf(`usns usnv uscgc uss`)
	corner    = traitOf(`corner`)
	numbered  = setOf(`no nr n num numero nummer`)
	doubles   = traitOf(`bis ter quater`) // of a house number in France
)

// findAddresses looks for a street with its number, or a unit with its number, and takes what belongs to it on both sides. Only before a number,
// and at the name of a ship, can one begin.
func (s *search) findAddresses() {
	i, sails := 0, s.seen&ships != 0
	for _, n := range s.figures {
		number := int(n)
		if number < i {
			continue
		}
		if l := &s.lines[s.words[n].line]; l.kind == codeLine && n >= l.first+2 && !sails { // nor does one begin in the line before
			i = number + 1
			continue
		}
		for from := s.leading(i, number); i <= number; {
			if i < from && !sails {
				i = from
			}
			if i < from && !s.words[i].is(ships) {
				i++
				continue
			}
			i = s.addressAt(i)
		}
	}
	for sails && i < len(s.words) {
		if s.words[i].is(ships) {
			i = s.addressAt(i)
			continue
		}
		i++
	}
	if s.seen&corner != 0 {
		s.corners()
	}
	s.postcodes()
}

// leading is the first word from low on with which an address can begin whose next word with a digit is the word number.
func (s *search) leading(low, number int) int {
	from := number
	if low < from && s.words[from-1].is(units|military) {
		from--
	}
	if low < number-1 && s.words[number-2].is(military) {
		from = number - 2
	}
	if s.words[number].sep&(sepLine|sepPara) != 0 || !s.houseNumber(number) {
		return from
	}
	for k := number - 1; k >= low && k >= number-mostStreet; k-- {
		from = min(from, k)
		if w := &s.words[k]; !s.touch(k) || !s.namely(k) && (w.form != small || w.is(english)) {
			break
		}
	}
	return from
}

// mostStreet is how many words a street is called by.
const mostStreet = 6

// addressAt takes the address that begins with word i, and gives the word behind it; the next one, if none does.
func (s *search) addressAt(i int) int {
	w := &s.words[i]
	if l := &s.lines[w.line]; l.kind == codeLine || w.form == small && l.kind == englishLine && !l.small && streetPart(s, i) == 0 {
		return i + 1
	}
	first, last := s.anchor(i)
	if first < 0 {
		return i + 1
	}
	last = s.extend(last)
	for first > 0 && (s.words[first-1].form == initial && s.words[first].sep&^(sepDot|sepSpace) == 0 || (s.houseNumber(first-1) || s.words[first-1].is(doubles) && first > 1 && s.houseNumber(first-2)) && s.touch(first)) {
		first--
	}
	s.mark(first, last, address)
	return last + 1
}

// corners takes "the corner of A and B".
func (s *search) corners() {
	for i := 1; i+1 < len(s.words); i++ {
		if s.words[i].hash != wordOf || !s.words[i-1].is(corner) {
			continue
		}
		j := i + 1
		for j < len(s.words) && j < i+12 && s.touch(j) && (s.namely(j) || s.houseNumber(j) || s.words[j].hash == wordAnd) {
			j++
		}
		if s.words[j-1].hash == wordAnd {
			j--
		}
		if j > i+1 {
			first := i - 1
			if first > 0 && s.words[first-1].hash == wordThe {
				first--
			}
			s.mark(first, j-1, address)
		}
	}
}

func (s *search) houseNumber(i int) bool {
	if i < 0 || i >= len(s.words) {
		return false
	}
	w := &s.words[i]
	switch w.form {
	case figure:
		return w.letters() <= 5 && !s.decimal(w)
	case mixed:
		return w.letters() <= 5 && kindOf[s.text[w.start]] == isDigit && kindOf[s.text[w.end-1]] == isLetter && kindOf[s.text[w.end-2]] == isDigit && !w.glued
	}
	return false
}

// decimal tells of numbers with a fraction, a unit or a sign.
func (s *search) decimal(w *word) bool {
	if int(w.end)+1 < len(s.text) && (s.text[w.end] == '.' || s.text[w.end] == ',' || s.text[w.end] == ':') && kindOf[s.text[w.end+1]] == isDigit || int(w.end) < len(s.text) && s.text[w.end] == '%' {
		return true
	}
	return w.start > 1 && (s.text[w.start-1] == '.' || s.text[w.start-1] == ':' || s.text[w.start-1] == '$') && (s.text[w.start-1] == '$' || kindOf[s.text[w.start-2]] == isDigit)
}

// widestGap is how far apart the words of a street stand; wider is the gap between columns.
const widestGap = 3

// touch tells whether word i follows its neighbour closely enough to belong to the same street.
func (s *search) touch(i int) bool {
	sep := s.words[i].sep
	return i > 0 && (sep == sepSpace || sep == sepDot|sepSpace || sep == sepDot || sep == sepHyphen || sep == sepHyphen|sepSpace|sepNone && false) && s.words[i].start-s.words[i-1].end <= widestGap
}

// namely tells of words that a street can be called by.
func (s *search) namely(i int) bool {
	w := &s.words[i]
	return (w.large() || w.form == initial || w.form == small && (s.lines[w.line].small && !w.is(english) || w.is(particles) || w.is(streetStarts) || w.is(smallEnds) && i > 0 && s.words[i-1].large()) || w.form == mixed && s.ordinal(w)) && !w.glued
}

// anchor gives the words of a street with its number that begins at i, which is in no code, -1 if there is none.
func (s *search) anchor(i int) (int, int) {
	w := &s.words[i]
	switch {
	case w.is(units) && w.form != initial && i+1 < len(s.words) && (s.words[i+1].form == figure || s.words[i+1].form == mixed && s.words[i+1].letters() <= 4) && s.words[i+1].sep&^(sepSpace|sepDot|sepColon) == 0 && !w.glued && (w.large() || s.lines[w.line].small):
		return i, i + 1
	case w.is(military) && w.form != capital && i+2 < len(s.words) && s.words[i+2].form == figure:
		return i, i + 2
	case w.is(ships) && i+1 < len(s.words) && s.words[i+1].sep == sepSpace:
		return i, i + 1
	}
	number := s.houseNumber(i) && i+1 < len(s.words) && (s.touch(i+1) || s.words[i+1].sep == sepComma|sepSpace && s.words[i+1].is(streetStarts) && s.words[i+1].letters() > 2) // 12, rue de la Paix
	j := i
	for number && j < i+3 && s.houseNumber(j) && j+1 < len(s.words) && (s.words[j+1].sep == sepSpace || j == i && s.words[j+1].sep == sepComma|sepSpace) {
		j++
	}
	if !s.namely(j) || streetPart(s, j) == 0 && s.words[j].form == small && !s.lines[w.line].small {
		return -1, -1
	}
	k, start := j, s.words[j].is(streetStarts) && s.words[j].letters() > 1
	for k < len(s.words) && k < j+mostStreet && (k == j || s.touch(k)) && (s.namely(k) || start && s.words[k].form == small && !s.words[k].is(english)) {
		k++
	}
	if k < len(s.words) && k > j+1 && s.words[k-1].letters() <= 6 && s.houseNumber(k) && s.words[k].sep&^(sepSpace|sepDot|sepColon) == 0 &&
		(streetPart(s, k-2) > 0 || streetPart(s, j) == 3) && s.in(numbered, k-1) { // Atatürk Caddesi No: 12
		return i, k
	}
	if k > j && s.words[k-1].is(months) && (s.words[k-1].letters() <= 4 || k == j+1) {
		return -1, -1 // Feb 11
	}
	tail := k < len(s.words) && s.words[k].sep&sepSpace != 0 && s.houseNumber(k) && (s.touch(k) || s.words[k].sep == sepComma|sepSpace && (start || k > j && streetPart(s, k-1) == 2 && s.unknown(j)))
	if k == j || !number && !tail {
		return -1, -1
	}
	end, strong := -1, false
	for x := j; x < k; x++ {
		strong = strong || s.unknown(x)
		if part := streetPart(s, x); part == 2 && x > j || part == 3 {
			end = x
		}
	}
	switch {
	case end >= 0 && number:
		if tail && end == k-1 {
			end = k
		}
		return i, end
	case end >= 0 && tail && (streetPart(s, end) == 3 || strong || start):
		return i, k
	case start && (tail || number) && k > j+1:
		if tail {
			return i, k
		}
		return i, k - 1
	case number && strong && k-j <= 4 && (j > i+1 || k < len(s.words) && s.words[k].is(units) && s.words[k].sep&^(sepSpace|sepComma|sepLine) == 0):
		return i, k - 1
	case tail && strong && !s.lines[w.line].small && (number || s.lines[w.line].kind == englishLine && k-j <= 4) && s.words[k].letters() <= 5 && !s.counted(int(s.words[k].end)):
		if !number { // no words of the sentence in front
			for j < k-1 && !s.unknown(j) {
				j++
			}
			i = j
		}
		return i, k
	case number && strong && k-j <= 4 && s.words[i].letters() <= 5 && s.lines[w.line].kind != englishLine && !s.lines[w.line].small && s.words[j].sep == sepSpace && s.words[i].sep&(sepLine|sepPara|sepComma) != 0:
		return i, k - 1
	}
	return -1, -1
}

// unknown tells of words that are no English ones.
func (s *search) unknown(i int) bool {
	w := &s.words[i]
	if w.form == initial || w.letters() < 3 || w.form == upperAll && w.letters() < 4 {
		return false
	}
	if w.form == small {
		return s.lines[w.line].small && s.lexeme(w)&isCommon == 0 && !w.is(english)
	}
	return s.lexeme(w)&isCommon == 0
}

// streetPart is 2 for "Street", 3 for a word that ends as streets do ("Hauptstraße"), 1 for "Via", 0 for any other.
func streetPart(s *search, i int) int {
	w := &s.words[i]
	if w.is(streetEnds) || w.form == small && w.is(smallEnds) && i > 0 && s.words[i-1].large() {
		return 2
	}
	if w.letters() >= 7 {
		t := s.text[w.start:w.end]
		if !tailPairs[fiveBits[t[len(t)-2]]][fiveBits[t[len(t)-1]]] {
			return one(w.is(streetStarts))
		}
		for _, tail := range streetTails {
			if len(t) > len(tail)+2 && string(t[len(t)-len(tail):]) == tail {
				return 3
			}
		}
	}
	if w.is(streetStarts) {
		return 1
	}
	return 0
}

// extend goes on from the word last over units, towns, states, codes and countries.
func (s *search) extend(last int) int {
	for n := 0; n < 12 && last+1 < len(s.words); n++ {
		i := last + 1
		w := &s.words[i]
		between := s.text[s.words[last].end:w.start]
		if len(between) == 1 && between[0] == '/' && w.form == figure && s.words[last].form == figure && w.letters() <= 4 {
			last = i
			continue
		}
		if len(between) > 24 || w.sep&sepPara != 0 && !s.short(i) || w.sep&sepColon != 0 && !decorated(between) || s.label(i) && w.form != figure {
			return last
		}
		brk := w.sep&(sepComma|sepLine|sepPara) != 0
		if w.sep&sepDot != 0 && !brk && !s.words[last].is(units) && s.words[last].letters() > 3 && !w.is(units) {
			return last
		}
		switch {
		case w.is(units) && i+1 < len(s.words) && (s.words[i+1].form == figure || s.words[i+1].form == mixed):
			last = i + 1
		case w.is(military) && i+2 < len(s.words) && s.words[i+2].form == figure:
			last = i + 2
		case w.form == figure && w.letters() <= 6 && !s.decimal(w), w.form == mixed && w.letters() <= 4 && !w.glued:
			if w.sep&sepLine != 0 && i+1 < len(s.words) && s.words[i+1].form == small && s.words[i+1].sep == sepSpace && !s.lines[w.line].small {
				return last
			}
			last = i
		case w.form == initial && (w.sep&sepComma != 0 || w.sep == sepSpace && s.words[last].form == mixed || w.sep == sepHyphen && s.words[last].form == figure):
			last = i
		case w.form == small && w.letters() == 1 && w.sep == sepSpace && s.words[last].form == figure && (i+1 == len(s.words) || s.words[i+1].sep&(sepComma|sepLine) != 0):
			last = i // Lindenallee 56 a
		case w.glued && w.form != capital:
			return last
		case w.large():
			k := i
			for k+1 < len(s.words) && k < i+4 && s.touch(k+1) && s.namely(k+1) && s.words[k+1].sep != sepDot|sepSpace {
				k++
			}
			for k > i && s.words[k].form == small {
				k--
			}
			known := false
			for x := i; x <= k; x++ {
				l := s.lexeme(&s.words[x])
				known = known || l&isCommon == 0 || s.words[x].is(placePairs) || l&isPlace != 0 || streetPart(s, x) == 2 || s.words[x].form == upperAll && s.words[x].letters() == 2
			}
			if !brk && !known || brk && !known && !(w.sep&sepComma != 0) || w.sep&(sepLine|sepPara) != 0 && !known && !s.short(i) {
				return last
			}
			last = k
		case w.form == small && s.lines[w.line].small && brk && s.lexeme(w)&isCommon == 0, w.form == small && s.lines[w.line].small && s.lexeme(w)&isPlace != 0 && s.lexeme(w)&isCommon == 0:
			last = i
		default:
			return last
		}
	}
	return last
}

// decorated tells of lines that begin with a mark of quotation or a bar, and of brackets around a country.
func decorated(between []byte) bool {
	for _, c := range between {
		if c != '\n' && c != '>' && c != '|' && c != '?' && c != ' ' && c != ',' && c != '(' && c != ')' && c != '*' && c != '#' {
			return false
		}
	}
	return true
}

// short tells whether the line of word i is one of an address: a few words, none of them small.
func (s *search) short(i int) bool {
	l := &s.lines[s.words[i].line]
	if l.last-l.first > 7 || l.kind == codeLine {
		return false
	}
	for k := int(l.first); k < int(l.last); k++ {
		if w := &s.words[k]; w.form == small && !w.is(particles) && !l.small && (w.is(english) && k == int(l.first)+1) {
			return false
		}
	}
	return l.kind != englishLine
}

// in tells whether word i is in a set.
func (s *search) in(set wordSet, i int) bool {
	return set[hashOf(s.text[s.words[i].start:s.words[i].end])]
}
