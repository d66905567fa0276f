package redact

// postcodes finds British and Canadian codes, and an American state with its code.
func (s *search) postcodes() {
	for _, n := range s.figures {
		i := int(n) - 1
		if w := &s.words[n]; w.sep&sepLine != 0 && w.form == figure && i >= 0 && w.letters() <= 6 && s.words[i].form != small {
			s.aboveTown(int(n))
		}
		if size := s.words[n].letters(); size < 3 || size > 6 {
			continue
		}
		if w := &s.words[n]; w.form == figure && w.letters() == 5 && w.tag == noClass && int(n)+1 < len(s.words) && !s.decimal(w) {
			if t := &s.words[n+1]; t.form == capital && t.sep == sepSpace && s.lexeme(t)&(isPlace|isCommon) == isPlace {
				s.mark(int(n), int(n)+1, address) // 12203 Berlin
			}
		}
		if i < 0 {
			continue
		}
		a, b := &s.words[i], &s.words[i+1]
		if b.form == figure && b.letters() == 6 && s.text[b.start] != '0' && b.sep&^(sepSpace|sepHyphen) == 0 && a.large() && s.lexeme(a)&(isPlace|isCommon) == isPlace {
			s.mark(s.towards(i), i+1, address) // Hyderabad - 500034
		}
		if b.sep != sepSpace || a.glued || b.glued {
			continue
		}
		switch {
		case a.form == upperAll && a.letters() == 2 && b.form == figure && b.letters() == 5 && a.is(usStates) && a.sep&(sepComma|sepSpace|sepLine) != 0:
			s.mark(i, i+1, address)
		case a.form == mixed && b.form == mixed && b.letters() == 3 && a.letters() <= 4 && a.letters() >= 2 && postShape(s.text[a.start:a.end], s.text[b.start:b.end]):
			s.mark(s.towards(i), i+1, address)
		case a.form == upperAll && b.form == figure && b.letters() == 4 && s.in(auStates, i):
			s.mark(s.towards(i), i+1, address)
		}
	}
}

// towards goes back from a code over the town and the street before it: capital words and numbers with commas and spaces between.
func (s *search) towards(i int) int {
	first := i
	for k := i; k > 0 && k > i-12 && s.words[k].sep&^(sepSpace|sepComma|sepDot|sepHyphen) == 0 && s.words[k].line == s.words[i].line; k-- {
		p := &s.words[k-1]
		if p.glued || !p.large() && p.form != figure && p.form != initial && !p.is(particles) || p.is(english) && s.starts(k-1) {
			break
		}
		if p.large() || p.form == figure {
			first = k - 1
		}
	}
	return first
}

var auStates = setOf(`nsw vic qld wa sa tas act nt`)

// postShape tells of SW1A 1AA and K1A 0B1.
func postShape(a, b []byte) bool {
	up := func(c byte) bool { return c >= 'A' && c <= 'Z' }
	num := func(c byte) bool { return c >= '0' && c <= '9' }
	if !up(a[0]) {
		return false
	}
	british := num(b[0]) && up(b[1]) && up(b[2]) && (num(a[len(a)-1]) || num(a[len(a)-2]))
	canadian := len(a) == 3 && num(a[1]) && up(a[2]) && num(b[0]) && up(b[1]) && num(b[2])
	return british || canadian
}

var usStates = traitOf(`al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy dc`)
