package redact

import (
	"bytes"
	"math"
	"strings"
)

var (
	pemBegin = []byte("-----BEGIN ")
	pemEnd   = []byte("-----END ")
	dashes   = []byte("-----")
)

// findPEM takes blocks from their first dashes to their last; one without an end goes to the end of the text.
func findPEM(s *search) error {
	for at := 0; ; {
		i := bytes.Index(s.text[at:], pemBegin)
		if i < 0 {
			break
		}
		start := at + i
		end := pemClose(s.text, start+len(pemBegin))
		if line := s.text[start:min(len(s.text), start+120)]; public(line) {
			at = start + len(pemBegin)
			continue
		}
		c := privateKey
		if tooShort(s.text[start:end]) {
			c = token
		}
		s.add(start, end, c)
		at = end
	}
	if i := bytes.Index(s.text, pemEnd); i >= 0 && !bytes.Contains(s.text, pemBegin) {
		s.add(0, pemClose(s.text, i), privateKey) // its beginning was typed elsewhere
	}
	return nil
}

// leastKey is how many characters the shortest private key has between its dashes: 32 bytes in base64.
const leastKey = 44

// tooShort tells of a closed block in which no key has room, as in a manual. It is hidden all the same.
func tooShort(block []byte) bool {
	_, body, _ := bytes.Cut(block[len(pemBegin):], dashes)
	body, _, closed := bytes.Cut(body, pemEnd)
	return closed && len(bytes.TrimSpace(body)) < leastKey
}

// public tells of blocks that hold nothing secret.
func public(header []byte) bool {
	if i := bytes.Index(header[len(pemBegin):], dashes); i >= 0 {
		header = header[:len(pemBegin)+i]
	} else {
		return false
	}
	for _, kind := range [...]string{"PUBLIC KEY", "CERTIFICATE", "PGP MESSAGE", "PGP SIGNATURE", "SIGNED MESSAGE", "X509 CRL", "PARAMETERS"} {
		if bytes.Contains(header, []byte(kind)) && !bytes.Contains(header, []byte("PRIVATE")) {
			return true
		}
	}
	return false
}

// placeholder tells of what stands in place of a secret: one character over and over, a variable, a form to fill in.
func placeholder(v []byte) bool {
	if len(v) == 0 {
		return true
	}
	switch c := v[0]; {
	case c == '$' && dollar(v[1:]), c == '%' && v[len(v)-1] == '%', c == '<' || c == '{', c == '*' && pointed(v[1:]), variable(v):
		return true
	}
	same, run := 0, 1
	for i := 1; i < len(v); i++ {
		if v[i] == v[i-1] {
			if run++; run >= 8 || run >= 6 && lower(v[i]) == 'x' {
				return true
			}
			same++
		} else {
			run = 1
		}
	}
	return len(v) >= 6 && same*5 >= (len(v)-1)*4
}

// dollar tells whether what stands behind a "$" is the name of a variable, or a call.
func dollar(v []byte) bool {
	v = bytes.TrimRight(v, ".,;")
	if len(v) == 0 || kindOf[v[0]] == isDigit {
		return false
	}
	figures := 0
	for i, c := range v {
		if byteIn(c, "!@#%^&*+~") {
			return false
		}
		figures = (figures + 1) * one(kindOf[c] == isDigit)
		if i == len(v)-1 && figures >= 2 && figures <= 4 && len(v) >= figures+5 && allLetters(v[:len(v)-figures]) && v[1] >= 'a' {
			return false // $Welcome78: no variable is called so
		}
	}
	return true
}

// numberTypes are types of programs behind which stands how many bits they have.
var numberTypes = setOf(`int uint float complex char utf`)

// pointed tells whether what stands behind a "*" is more of them, or the name of a variable or of a type: *ptr, **uint16.
func pointed(v []byte) bool {
	v = bytes.TrimRight(v, "*.,;)]}")
	if name := bytes.TrimRight(v, "0123456789"); len(name) < len(v) && numberTypes[hashOf(bytes.TrimLeft(name, "*"))] {
		return true
	}
	for _, c := range v {
		if c != '*' && c != '_' && kindOf[c] != isLetter {
			return false
		}
	}
	return true
}

// pemClose is the end of the closing line, the end of text if there is none.
func pemClose(text []byte, from int) int {
	i := bytes.Index(text[from:], pemEnd)
	if i < 0 {
		return len(text)
	}
	i += from + len(pemEnd)
	if j := bytes.Index(text[i:], dashes); j >= 0 {
		return i + j + len(dashes)
	}
	return len(text)
}

// pemOpen is where a block begins that text does not close, -1 if there is none.
func pemOpen(text []byte) int {
	i := bytes.LastIndex(text, pemBegin)
	if i < 0 {
		return -1
	}
	if j := bytes.Index(text[i:], pemEnd); j >= 0 && bytes.Contains(text[i+j+len(pemEnd):], dashes) {
		return -1
	}
	return i
}

// findJWT takes tokens that begin as base64 of `{"` does. One that is cut off, or does not decode, is taken too.
func findJWT(s *search) error {
	for at := 0; ; {
		i := bytes.Index(s.text[at:], []byte("eyJ"))
		if i < 0 {
			return nil
		}
		start := at + i
		end := start
		for end < len(s.text) && base64Part(s.text[end]) {
			end++
		}
		at = max(end, start+3)
		if end-start >= 10 && (start == 0 || !base64Part(s.text[start-1]) || s.text[start-1] == '=') {
			s.add(start, end, jwt)
		}
	}
}

func base64Part(c byte) bool { return inBase64[c] }

var inBase64 = tableOf("-_.=+/")

var awsPrefixes = [...]string{"AKIA", "ASIA", "ABIA", "ACCA", "AROA", "AIDA", "AGPA", "ANPA", "A3T"}

// findAWS takes key ids of Amazon, also the ones of its documentation, and unfinished ones from 12 characters on.
func findAWS(s *search) error {
	for _, h := range s.hits {
		k := &s.keys[h.word]
		i := int(h.end - k.length)
		if k.need&needAWS == 0 || i > 0 && alnum(s.text[i-1]) {
			continue
		}
		end := i
		for end < len(s.text) && (kindOf[s.text[end]] == isLetter || kindOf[s.text[end]] == isDigit) {
			end++
		}
		if id := s.text[i:end]; len(id) >= 12 && odd(id) && !placeholder(id) {
			c := secret
			if len(id) == 20 && same(id[13:], "example") {
				c = token // of Amazon's own documentation
			}
			s.add(i, end, c)
		}
	}
	return nil
}

// longToken is from how many characters on a token is looked at whether it is random.
const longToken = 20

// findToken takes long tokens that no person would call a word.
func findToken(s *search) error {
	for _, l := range s.longs {
		for i := l.start; l.end-i >= longToken; {
			if !tokenPart(s.text[i]) {
				i++
				continue
			}
			start := i
			for i < l.end && tokenPart(s.text[i]) {
				i++
			}
			if t := s.text[start:i]; i-start >= longToken && (random(t) || t[5] == '-' && (productKey(t) || principal(t))) {
				s.add(start, i, token)
			}
		}
	}
	return nil
}

func tokenPart(c byte) bool { return inToken256[c] }

var inToken256 = tableOf("-_=+/.~!#$%^&*")

// tableOf is the set of letters, digits and some marks.
func tableOf(marks string) (t [256]bool) {
	for c := range t {
		t[c] = kindOf[c] == isDigit || kindOf[c] == isLetter || strings.IndexByte(marks, byte(c)) >= 0
	}
	return t
}

// random tells of the tokens in which kinds of characters change often, as they do in keys, and of very long ones.
func random(t []byte) bool {
	changes, longest, part, digits, before := 0, 0, 0, 0, noTurn
	for _, c := range t {
		k := turnOf[c]
		part = (part + 1) * one(k != noTurn)
		longest = max(longest, part)
		digits += one(k == digitTurn)
		changes += int(turns[before|k])
		before = k << 2
	}
	if longest >= 40 {
		return true
	}
	often := 5
	if digits >= 2 {
		often = 6
	}
	return changes*often >= len(t) && entropy(t) >= 3
}

// Kinds of characters in tokens, of two bits.
const (
	noTurn uint8 = iota
	smallTurn
	largeTurn
	digitTurn
)

var turnOf = func() (t [256]uint8) {
	for c := range t {
		switch partOf[c] {
		case smallPart:
			t[c] = smallTurn
		case largePart:
			t[c] = largeTurn
		case digitPart:
			t[c] = digitTurn
		}
	}
	return t
}()

// turns tells, by the kind of the character before and its own, where a change is: between letters and digits, and from a small letter to a large one.
var turns = [16]uint8{smallTurn<<2 | digitTurn: 1, largeTurn<<2 | digitTurn: 1, digitTurn<<2 | smallTurn: 1, digitTurn<<2 | largeTurn: 1, smallTurn<<2 | largeTurn: 1}

// entropy is Shannon's, in bits a byte. An even mix of 2^n characters has n to the last digit.
func entropy(t []byte) float64 {
	var n [256]uint16
	sum := int64(0) // of k log k over all characters that stand k times in t
	t = t[:min(len(t), len(growth))]
	for _, c := range t {
		sum += growth[n[c]]
		n[c]++
	}
	h := math.Log2(float64(len(t))) - float64(sum)/float64(len(t))/(1<<40)
	return math.Round(h*(1<<30)) / (1 << 30)
}

// growth is by how much k log k grows with one more, in units of 2^-40. A longer token than this counts as far as it goes.
var growth = func() (by [1 << 11]int64) {
	at := int64(0)
	for k := range by {
		n := float64(k + 1)
		next := int64(math.Round(n * math.Log2(n) * (1 << 40)))
		by[k], at = next-at, next
	}
	return by
}()
