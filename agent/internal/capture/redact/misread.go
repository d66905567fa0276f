package redact

// A reader of pictures takes some digits for letters that look like them: 4111 lll1 1l11 1111. What has the form of a number that is checked, and
// mostly digits, is looked at as one.

// misread gives the digit that a letter may have been, and the digits themselves; 0 for anything else.
var misread = func() (t [256]byte) {
	for c := byte('0'); c <= '9'; c++ {
		t[c] = c
	}
	for i, c := range []byte("oODQlIiZzSsBGg") {
		t[c] = "00001112255866"[i]
	}
	return t
}()

// misreadSSN takes a number of social security that begins with word w, in which letters stand for digits: l40-12-4958.
func (s *search) misreadSSN(w *word) {
	from, to := int(w.start), int(w.start)+len("140-12-4958")
	if to > len(s.text) || s.text[from+3] != '-' || s.text[from+6] != '-' || from > 0 && (alnum(s.text[from-1]) || s.text[from-1] == '-') || to < len(s.text) && (alnum(s.text[to]) || s.text[to] == '-') {
		return
	}
	digits := 0
	for i, c := range s.text[from:to] {
		if i == 3 || i == 6 {
			continue
		}
		if misread[c] == 0 {
			return
		}
		digits += one(misread[c] == c)
	}
	if digits >= 5 && digits < 9 { // all of them: findDigits judged it
		s.add(from, to, ssn)
	}
}

// misreadCard takes the number of a card in four pieces, of which w is one that has a letter.
func (s *search) misreadCard(w *word) {
	from := int(w.start)
	if from+4 > len(s.text) || !misreadPiece(s.text[from:from+4]) {
		return
	}
	for range 3 {
		if from < 5 || s.text[from-1] != ' ' && s.text[from-1] != '-' || !misreadPiece(s.text[from-5:from-1]) || from > 5 && alnum(s.text[from-6]) {
			break
		}
		from -= 5
	}
	s.misreadRow(from, from+19)
}

func misreadPiece(t []byte) bool {
	for _, c := range t {
		if misread[c] == 0 {
			return false
		}
	}
	return true
}

// misreadRow takes what stands between from and to as the number of a card, if it is one once its letters are read as digits.
func (s *search) misreadRow(from, to int) bool {
	if to > len(s.text) || from > 0 && alnum(s.text[from-1]) || to < len(s.text) && alnum(s.text[to]) {
		return false
	}
	var room [16]byte
	read, digits := room[:0], 0
	for i, c := range s.text[from:to] {
		if to-from == 19 && i%5 == 4 {
			if c != ' ' && c != '-' {
				return false
			}
			continue
		}
		if misread[c] == 0 {
			return false
		}
		read = append(read, misread[c])
		digits += one(misread[c] == c)
	}
	if digits < 10 || read[0] < '3' || read[0] > '6' || !luhn(read) {
		return false
	}
	s.add(from, to, card)
	return true
}
