package redact

import (
	"bytes"
	"fmt"
	"regexp"
)

// Limits of what a policy may add.
const (
	mostPatterns = 64
	mostPattern  = 1000 // bytes
)

// pattern is an expression of the policy.
type pattern = regexp.Regexp

// addPolicy compiles the policy's patterns and terms. Errors name a pattern by its place, from 1.
func (e *engine) addPolicy(patterns, terms []string) error {
	if len(patterns) > mostPatterns {
		return fmt.Errorf("redact: the policy has %d patterns; at most %d are allowed", len(patterns), mostPatterns)
	}
	for i, p := range patterns {
		if len(p) > mostPattern {
			return fmt.Errorf("redact: pattern %d of the policy is longer than %d bytes; split it", i+1, mostPattern)
		}
		re, err := regexp.Compile(p)
		if err != nil {
			return fmt.Errorf("redact: pattern %d of the policy is no RE2 expression: %w", i+1, err)
		}
		e.patterns = append(e.patterns, re)
	}
	if len(terms) == 0 {
		return nil
	}
	var f folded
	words := make([]string, len(terms))
	for i, t := range terms {
		f.fold([]byte(t))
		words[i] = string(f.text)
	}
	d, err := newDictionary(words)
	e.terms = d
	return err
}

func findPatterns(s *search) error {
	for _, p := range s.patterns {
		if err := s.spend(len(s.text)); err != nil {
			return err
		}
		for _, m := range p.FindAllIndex(s.text, -1) {
			s.add(m[0], m[1], term)
		}
	}
	return nil
}

func findTerms(s *search) error {
	if s.terms != nil {
		s.terms.each(s.text, func(start, end int) { s.add(start, end, term) })
	}
	return nil
}

// labels are words after which a secret stands.
var labels = []string{"password", "passwd", "pass", "pw", "mdp", "clave", "pswd", "passwort", "passphrase", "passcode", "pwd", "pin", "otp", "cvv", "cvc", "secret",
	"token", "api key", "api_key", "apikey", "contraseña", "contrasena", "mot de passe", "kennwort", "senha", "wachtwoord", "parola", "haslo"}

// longestValue is how long a value is judged by what it is; a longer one is taken.
const longestValue = 4 << 10

// findLabelled takes what stands behind "password:" and its like.
func findLabelled(s *search) error {
	from, until := 0, 0 // the value that was looked at last: what begins inside of it ends with it
	for _, h := range s.hits {
		k := &s.keys[h.word]
		if k.need&needLabel == 0 {
			continue
		}
		begin := int(h.end) - int(k.length)
		if k.length <= 5 && begin > 0 && (k.length <= 4 || s.weakLabel(begin, 5)) && (alnum(s.text[begin-1]) || s.text[begin-1] == '_') {
			continue
		}
		start := s.labelValue(int(h.end))
		end := start
		if start >= from && start < until {
			end = until
		}
		for end < len(s.text) && s.text[end] > ' ' && s.text[end] != '"' && s.text[end] != '\'' {
			end++
		}
		if start >= from && start < until && end-from > longestValue {
			continue // inside of one that was taken for its length
		}
		from, until = start, end
		if end-start > longestValue {
			s.add(start, end, secret)
			continue
		}
		if start == 0 || end-start < 3 {
			continue
		}
		switch v := s.text[start:end]; {
		case notSecret(v), s.weakLabel(begin, int(k.length)) && !strong(v):
		case lower(s.text[begin]) == 't' || lower(s.text[begin]) == 'a' || lower(s.text[begin]) == 's', len(v) >= longToken && random(v):
			s.add(start, end, token) // a key of nobody knows whom
		default:
			s.add(start, end, secret)
		}
	}
	return nil
}

// labelValue is where the value of a label begins that ends at i: behind ":", "=" or "is"; 0 if there is none.
func (s *search) labelValue(i int) int {
	skip := func(quotes int) {
		for i < len(s.text) && (s.text[i] == ' ' || s.text[i] == '\t' || quotes > 0 && (s.text[i] == '"' || s.text[i] == '\'')) {
			if s.text[i] == '"' || s.text[i] == '\'' {
				quotes--
			}
			i++
		}
	}
	if i < len(s.text) && s.text[i] >= '0' && s.text[i] <= '9' { // CVV2
		i++
	}
	for _, tail := range [...]string{"_key", "_value", "_hash", "_secret", "_token", "-key", "key"} {
		if len(s.text)-i >= len(tail) && same(s.text[i:i+len(tail)], tail) {
			i += len(tail)
			break
		}
	}
	skip(1)
	at := i
	for i < len(s.text) && (s.text[i] == ':' || s.text[i] == '=') {
		i++
	}
	if i == at {
		n := 0
		for _, w := range [...]string{"is ", "ist ", "lautet ", "est ", "es ", "was "} {
			if len(s.text)-i >= len(w) && i > 0 && s.text[i-1] == ' ' && same(s.text[i:i+len(w)], w) {
				n = len(w) - 1
			}
		}
		if n == 0 {
			return 0
		}
		i += n
	}
	skip(1)
	return i
}

// weakLabel tells of labels that stand in front of much else: "pass", and "clave" in Spanish.
func (s *search) weakLabel(begin, n int) bool {
	w := s.text[begin : begin+n]
	return n == 4 && same(w, "pass") || n == 5 && same(w, "clave")
}

// strong tells of a value that only a password is like: "pass" stands in front of much else.
func strong(v []byte) bool {
	digits, others := 0, 0
	for _, c := range v {
		switch kindOf[c] {
		case isDigit:
			digits++
		case isLetter:
		default:
			others++
		}
	}
	return len(v) >= 6 && digits > 0 && digits+others < len(v)
}

// notSecret tells of what stands behind a label but is code: a variable, a call, a path, another label, a tag.
func notSecret(v []byte) bool {
	if placeholder(v) || v[len(v)-1] == ':' || v[len(v)-1] == '(' || bytes.IndexByte(v, '(') > 0 {
		return true
	}
	dots, words := 0, true
	for _, c := range v {
		switch {
		case c == '.' || c == '_':
			dots++
		case kindOf[c] != isLetter && c != ',' && c != ';':
			words = false
		}
	}
	return words && dots > 0 || bytes.HasPrefix(v, []byte("http")) || bytes.HasPrefix(v, []byte("/"))
}
