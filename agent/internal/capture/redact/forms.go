package redact

import "bytes"

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
