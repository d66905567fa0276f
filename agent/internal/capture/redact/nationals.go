package redact

// findNationals takes numbers of persons that countries issue with letters in them: their form and, where they have one, their check
// character tell them from any other word. Those of nine digits or more need no look: no long number is shown. What is written in pieces is told
// by the length of one.
func (s *search) findNationals() {
	for _, n := range s.figures {
		w := &s.words[n]
		switch size := w.letters(); {
		case size == 3:
			if int(w.end) < len(s.text) && s.text[w.end] == '-' {
				s.misreadSSN(w)
			}
		case size == 2:
			s.apart(int(n))
			s.hardware(int(n), 6, '-')
		case size == 4:
			if w.form == mixed {
				s.beneficiary(int(w.start))
				s.misreadCard(w)
			}
			s.hardware(int(n), 3, '.')
		case (size == 15 || size == 16) && w.form == mixed && !w.glued && s.misreadRow(int(w.start), int(w.end)):
		case size < 9 || size > 18 || w.form != mixed || w.glued && size != 17:
		case national(s.text[w.start:w.end]):
			s.add(int(w.start), int(w.end), document)
		}
	}
}

// shapeIs tells whether t is written as form says: A a letter, 9 a digit, * either.
func shapeIs(t []byte, form string) bool {
	if len(t) != len(form) {
		return false
	}
	for i, c := range t {
		k := kindOf[c]
		if !(form[i] == 'A' && k == isLetter || form[i] == '9' && k == isDigit || form[i] == '*' && (k == isLetter || k == isDigit)) {
			return false
		}
	}
	return true
}

func national(t []byte) bool {
	switch len(t) {
	case 9:
		return shapeIs(t, "99999999A") && spanish(t, 0) ||
			shapeIs(t, "A9999999A") && (upper(t[0]) >= 'X' && upper(t[0]) <= 'Z' && spanish(t[1:], int(upper(t[0])-'X')) || spanishFirm(t)) ||
			shapeIs(t, "A99999999") && spanishFirm(t) ||
			shapeIs(t, "AA999999A") && british(t)
	case 10:
		return shapeIs(t, "AAAAA9999A") && byteIn(upper(t[3]), "PCHABGJLFT") // India's taxpayers
	case 11:
		return finnish(t)
	case 12:
		return shapeIs(t, "99999999A999") && born(t[2:]) // Germany's pensions
	case 15:
		return shapeIs(t, "99AAAAA9999A*A*") && upper(t[13]) == 'Z' // India's firms
	case 16:
		return shapeIs(t, "AAAAAA**A**A***A") && italian(t) ||
			shapeIs(t, "AAAAA999999AA9AA") || shapeIs(t, "AAAAA999999A99AA") || shapeIs(t, "AAAAA999999AA***") // Britain's drivers
	case 17:
		return vehicle(t)
	case 18:
		return shapeIs(t, "AAAA999999AAAAAA*9") && byteIn(upper(t[10]), "HMX") || shapeIs(t, "99999999999999999A") // Mexico, China
	}
	return false
}

// born tells whether two digits of a day, of a month and of a year begin t. Where a day has fifty more, it is the second person of that day.
func born(t []byte) bool {
	two := func(i int) int { return int(t[i]-'0')*10 + int(t[i+1]-'0') }
	day, month := two(0)%50, two(2)
	return day >= 1 && day <= 31 && month >= 1 && month <= 12
}

// finnish checks the last character of a henkilötunnus of whose century a letter tells.
func finnish(t []byte) bool {
	if !shapeIs(t, "999999A999*") || !byteIn(upper(t[6]), "ABCDEFUVWXY") || !born(t) {
		return false
	}
	n := 0
	for _, c := range append(append(make([]byte, 0, 9), t[:6]...), t[7:10]...) {
		n = n*10 + int(c-'0')
	}
	return upper(t[10]) == "0123456789ABCDEFHJKLMNPRSTUVWXY"[n%31]
}

func byteIn(c byte, of string) bool {
	for i := range len(of) {
		if of[i] == c {
			return true
		}
	}
	return false
}

// spanish checks the letter of a DNI, of a NIE whose first letter stands for a digit.
func spanish(t []byte, first int) bool {
	n := first
	for _, c := range t[:len(t)-1] {
		n = n*10 + int(c-'0')
	}
	return upper(t[len(t)-1]) == "TRWAGMYFPDXBNJZSQVHLCKE"[n%23]
}

// spanishFirm checks the number of a Spanish firm: Luhn's sum as a digit or as a letter.
func spanishFirm(t []byte) bool {
	if !byteIn(upper(t[0]), "ABCDEFGHJNPQRSUVW") {
		return false
	}
	sum := 0
	for i, c := range t[1:8] {
		d := int(c - '0')
		if i%2 == 0 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	check := (10 - sum%10) % 10
	return t[8] == byte('0'+check) || upper(t[8]) == "JABCDEFGHI"[check]
}

// british tells of a national insurance number: some letters are not issued. QQ is the example of all forms.
func british(t []byte) bool {
	a, b := upper(t[0]), upper(t[1])
	return !byteIn(a, "DFIUV") && !byteIn(b, "DFIOUV") && byteIn(upper(t[8]), "ABCD")
}

// italian checks the last character of a codice fiscale.
func italian(t []byte) bool {
	const odd = "\x01\x00\x05\x07\x09\x0d\x0f\x11\x13\x15\x02\x04\x12\x14\x0b\x03\x06\x08\x0c\x0e\x10\x0a\x16\x19\x18\x17" // Ministry of Finance, 1976
	sum := 0
	for i, c := range t[:15] {
		v := int(upper(c) - 'A')
		if kindOf[c] == isDigit {
			v = int(c - '0')
		}
		if i%2 == 0 {
			v = int(odd[v])
		}
		sum += v
	}
	return int(upper(t[15])-'A') == sum%26
}

// vehicle checks the ninth character of a vehicle's number (ISO 3779 with North America's check).
func vehicle(t []byte) bool {
	const weights = "\x08\x07\x06\x05\x04\x03\x02\x0a\x00\x09\x08\x07\x06\x05\x04\x03\x02"
	const values = "12345678.12345.7.923456789" // of A to Z
	sum, letters := 0, 0
	for i, c := range t {
		v := int(c - '0')
		if kindOf[c] == isLetter {
			if v = int(values[upper(c)-'A'] - '0'); v < 0 {
				return false
			}
			letters++
		} else if kindOf[c] != isDigit {
			return false
		}
		sum += v * int(weights[i])
	}
	return letters >= 3 && upper(t[8]) == "0123456789X"[sum%11]
}

// apart takes a British number that is written as AB 12 34 56 C, with word i as its first digits.
func (s *search) apart(i int) {
	if i == 0 || s.words[i-1].form != upperAll || i+3 >= len(s.words) {
		return
	}
	from, to := s.words[i-1].start, s.words[i+3].end
	if t := s.text[from:to]; len(t) == 13 && t[2] == ' ' && t[5] == ' ' && t[8] == ' ' && t[11] == ' ' &&
		shapeIs([]byte{t[0], t[1], t[3], t[4], t[6], t[7], t[9], t[10], t[12]}, "AA999999A") && british([]byte{t[0], t[1], 0, 0, 0, 0, 0, 0, t[12]}) {
		s.add(int(from), int(to), document)
	}
}

// beneficiary takes the number of somebody whom Medicare insures, as it is printed: 1EG4-TE5-MK73.
func (s *search) beneficiary(from int) {
	if len(s.text) < from+13 || s.text[from+4] != '-' || s.text[from+8] != '-' || len(s.text) > from+13 && alnum(s.text[from+13]) {
		return
	}
	var room [11]byte
	t := append(append(append(room[:0], s.text[from:from+4]...), s.text[from+5:from+8]...), s.text[from+9:from+13]...)
	if shapeIs(t, "9A*9A*9AA99") && t[0] != '0' {
		s.add(from, from+13, document)
	}
}

// hardware takes a hardware address of so many pieces that word i is one of: 08-00-27-4E-66-A1, 0800.274e.66a1.
func (s *search) hardware(i, pieces int, sep byte) {
	size := s.words[i].letters()
	for back := 1; back < pieces && i > 0 && s.words[i].start > 0 && s.text[s.words[i].start-1] == sep && s.words[i-1].end == s.words[i].start-1; back++ {
		i--
	}
	from, end, letters := int(s.words[i].start), 0, 0
	if from > 0 && (alnum(s.text[from-1]) || s.text[from-1] == sep) {
		return
	}
	for p := range pieces {
		at := from + p*(size+1)
		if at+size > len(s.text) || p > 0 && s.text[at-1] != sep {
			return
		}
		for _, c := range s.text[at : at+size] {
			if hexDigit(c) < 0 {
				return
			}
			if kindOf[c] == isLetter {
				letters++
			}
		}
		end = at + size
	}
	if letters > 0 && (end == len(s.text) || !alnum(s.text[end]) && s.text[end] != sep) {
		s.add(from, end, ip)
	}
}
