package redact

import "bytes"

var (
	trigCode = traitOf(`code codes otp pin passcode tan mtan cvc cvv cvc2 cvv2 2fa pincode codigo codice kod csc verify authenticate`)
	// beforeCodes are words that say of a code that it opens something. Errors, exits and states have codes too.
	beforeCodes = traitOf(`your verification security confirmation login sms access auth authentication authorization reset otp 2fa backup time passcode pin recovery
		activation unlock door gate alarm entry dein ihr votre tu su il tuo`)
	notCodes = traitOf(`zip postal area country error exit status source dial dialing promo discount product colour color bar dress`)
	verifies = traitOf(`verify authenticate`)
	short    = traitOf(`otp pin passcode tan mtan cvc cvv cvc2 cvv2 2fa csc`)
)

// afterCode takes the digits behind "your code is", "OTP" and "cvc": three to eight.
func (s *search) afterCode(i int) {
	w := &s.words[i]
	if w.is(verifies) {
		s.beforeCode(i)
		return
	}
	j := i + 1
	sure := w.is(short) || i > 0 && s.words[i-1].is(beforeCodes)
	for j < len(s.words) && j <= i+3 && (s.words[j].is(copulas) || s.words[j].is(fillers) && s.words[j].form == small) {
		sure = sure || s.words[j].is(copulas)
		j++
	}
	if !w.is(short) && sure && i > 0 && s.words[i-1].is(beforeCodes) {
		s.beforeCode(i)
	}
	if k := s.codeFor(i); k > 0 {
		s.add(int(s.words[k].start), s.codeEnd(k), secret)
		return
	}
	if n := j + 1; sure && n < len(s.words) && s.words[j].form == initial && s.words[n].sep == sepHyphen && s.words[n].form == figure && s.words[n].letters() >= 4 { // G-551204
		s.add(int(s.words[j].start), int(s.words[n].end), secret)
		return
	}
	if !sure || j >= len(s.words) || i > 0 && s.words[i-1].is(notCodes) {
		return
	}
	n := &s.words[j]
	if n.sep&^(sepSpace|sepColon) != 0 || n.sep == sepNone || n.letters() < 3 || n.letters() > 9 || int(n.start-s.words[j-1].end) > 3 {
		return
	}
	if j+1 < len(s.words) && n.form == figure && n.letters() == 3 && s.words[j+1].sep == sepSpace && s.words[j+1].form == figure && s.words[j+1].letters() == 3 {
		s.add(int(n.start), int(s.words[j+1].end), secret)
		return
	}
	if n.form == figure && n.letters() <= 8 && !s.decimal(n) && (w.is(short) || n.letters() >= 4 || i > 0 && s.words[i-1].hash == wordSecurity) {
		s.add(int(n.start), int(n.end), secret)
	}
}

// wordSecurity makes of a code the three digits on the back of a card.
var wordSecurity = hashWord("security")

// codeFor finds the figure in "the code for the safe is 31-07-88": words say what it opens, and it ends its sentence. 0 if there is none.
func (s *search) codeFor(i int) int {
	if i > 0 && s.words[i-1].is(notCodes) || i+3 >= len(s.words) || s.words[i+1].hash != wordFor && s.words[i+1].hash != wordTo {
		return 0
	}
	for k := i + 2; k+1 < len(s.words) && k < i+6 && s.words[k].sep == sepSpace; k++ {
		if n := &s.words[k+1]; s.words[k].is(copulas) && n.form == figure && n.sep&^(sepSpace|sepColon) == 0 {
			if end := s.codeEnd(k + 1); end-int(n.start) >= 4 && (end == len(s.text) || s.text[end] != ' ' && s.text[end] != '%') {
				return k + 1
			}
		}
	}
	return 0
}

// codeEnd is where a code of digits and hyphens ends that begins with word k.
func (s *search) codeEnd(k int) int {
	for k+1 < len(s.words) && s.words[k+1].sep == sepHyphen && s.words[k+1].form == figure {
		k++
	}
	return int(s.words[k].end)
}

// beforeCode takes the digits in "482913 is your code" and "use 482913 to verify".
func (s *search) beforeCode(i int) {
	for j := i - 1; j >= 0 && j >= i-7 && s.words[j].line == s.words[i].line; j-- {
		if w := &s.words[j]; w.form == figure && w.letters() >= 4 && w.letters() <= 8 && !s.decimal(w) && j+1 < len(s.words) && s.words[j+1].is(copulas|purposes) {
			s.add(int(w.start), int(w.end), secret)
			return
		}
	}
}

// purposes stand behind a code that is to be used.
var purposes = traitOf(`to as for`)

// Credentials of HTTP, and of a URL that has its own place for them.
var bearers = [...]string{"bearer ", "basic "}

// findBearers takes what stands behind "Bearer" and "Basic" in a header, however short, and what Oracle's URLs have before their "@".
func findBearers(s *search) error {
	for _, h := range s.hits {
		k := &s.keys[h.word]
		if k.need&needBearer == 0 {
			continue
		}
		start := int(h.end)
		if w := start - int(k.length); lower(s.text[w]) != 'b' {
			s.command(w, start)
			continue
		}
		end := start
		digit := false
		for end < len(s.text) && (tokenPart(s.text[end]) || s.text[end] == ':') {
			digit = digit || kindOf[s.text[end]] == isDigit || s.text[end] == '='
			end++
		}
		if end-start >= 8 && digit && !placeholder(s.text[start:end]) {
			s.add(start, end, secret)
		}
	}
	if i := bytes.Index(s.text, []byte(":thin:")); i >= 0 {
		rest := s.text[i+6:]
		if at := bytes.IndexByte(rest, '@'); at > 0 && at < 80 && bytes.IndexByte(rest[:at], ' ') < 0 {
			s.add(i+6, i+6+at, secret)
		}
	}
	return nil
}

// wordsOfSeeds are words of BIP 39's list that the small words of sentences are among. In a sentence of twelve words or more others stand too.
var wordsOfSeeds = traitOf(`that this there they then you will what when where who just have about after before into can able over under`)

// findSeeds takes the words from which a wallet is made: 12 to 24 of three to eight letters in a row, none of them one that sentences need,
// perhaps with their numbers. A word or two that say what they are may stand before them.
func (s *search) findSeeds() {
	for n := range s.lines {
		l := &s.lines[n]
		if !l.plenty {
			continue
		}
		for i := int(l.first); i < int(l.last); {
			from, count := i, 0
			for ; i < int(l.last) && count <= 26; i++ {
				if w := &s.words[i]; w.form == figure && s.number(w) == count+1 {
					continue
				}
				if !s.seedWord(i, i == from, i > from && s.words[i-1].form == figure) {
					break
				}
				count++
			}
			if count >= 12 && count <= 26 && s.allCommon(from, i) && !s.sorted(from, i) {
				s.mark(from, i-1, secret)
			}
			i = max(i, from+1)
		}
	}
}

// seedWord tells whether word i may be one of a wallet's: the first of them, or behind its number, or with no more than a space or a comma
// before it.
func (s *search) seedWord(i int, first, numbered bool) bool {
	w := &s.words[i]
	if w.form != small || w.glued || w.letters() < 3 || w.letters() > 8 || w.is(english) && !w.is(wordsOfSeeds) || w.is(foreign) {
		return false
	}
	return first || numbered || w.sep&^(sepSpace|sepComma) == 0
}

// sorted tells whether words from to to-1 stand in the order of the alphabet, as in a list of words.
func (s *search) sorted(from, to int) bool {
	for i := from + 1; i < to; i++ {
		a, b := &s.words[i-1], &s.words[i]
		if bytes.Compare(s.text[a.start:a.end], s.text[b.start:b.end]) > 0 {
			return false
		}
	}
	return true
}

// allCommon tells whether words from to to-1 are English ones, beside numbers.
func (s *search) allCommon(from, to int) bool {
	for i := from; i < to; i++ {
		if w := &s.words[i]; w.form == small && s.lexeme(w)&isCommon == 0 {
			return false
		}
	}
	return true
}
