package redact

import (
	"bytes"
	"encoding/base64"
	"unicode/utf8"
)

// findEncoded decodes once what is base64 or has escapes, and takes all of it if something is found inside.
func findEncoded(s *search) error {
	if s.nested {
		return nil
	}
	if s.gate.need&needPercent != 0 {
		s.escapes('%')
	}
	if s.gate.need&needEscape != 0 {
		s.escapes('\\')
		s.escapes('&')
	}
	for _, l := range s.longs {
		for i := l.start; l.end-i >= shortest; {
			start := i
			for i < l.end && base64Part(s.text[i]) {
				i++
			}
			if t := s.text[start:i]; len(t) >= shortest && s.within(decode64(s.plain[:0], t)) {
				s.add(start, i, token)
			}
			i = max(i, start+1)
		}
	}
	return nil
}

// within searches decoded text with an engine of its own, which has the same rules.
func (s *search) within(text []byte) bool {
	if len(text) < 6 {
		return false
	}
	s.plain = text
	if s.inner == nil {
		in := *s.engine
		in.nested, in.folded, in.search, in.listed, in.asked = true, folded{}, search{}, listed{}, nil
		in.plain, in.value, in.order, in.ends, in.united = nil, nil, nil, nil, nil
		s.inner = &in
	}
	for _, f := range s.inner.scan(text) {
		if f.class < address || f.class == person {
			return true
		}
	}
	return false
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case lower(c) >= 'a' && lower(c) <= 'f':
		return int(lower(c)-'a') + 10
	}
	return -1
}

// escaped is how long an escape is with which t begins: %40, \u0040, \x40, &#64;, &#x40;. 0 if it begins with none.
func escaped(t []byte) int {
	n, _ := escape1(t)
	return n
}

// escape1 gives the length of an escape and the character that it stands for.
func escape1(t []byte) (n int, r rune) {
	hex := func(from, most int) {
		for n = from; n < len(t) && n < from+most && hexDigit(t[n]) >= 0; n++ {
			r = r<<4 | rune(hexDigit(t[n]))
		}
	}
	switch {
	case len(t) > 2 && t[0] == '%':
		hex(1, 2)
		return one(n == 3) * 3, r
	case len(t) > 5 && t[0] == '\\' && t[1] == 'u':
		hex(2, 4)
		return one(n == 6) * 6, r
	case len(t) > 3 && t[0] == '\\' && t[1] == 'x':
		hex(2, 2)
		return one(n == 4) * 4, r
	case len(t) > 4 && t[0] == '&' && t[1] == '#' && lower(t[2]) == 'x':
		hex(3, 5)
	case len(t) > 3 && t[0] == '&' && t[1] == '#':
		for n = 2; n < len(t) && n < 7 && kindOf[t[n]] == isDigit; n++ {
			r = r*10 + rune(t[n]-'0')
		}
	}
	if n < 4 || n >= len(t) || t[n] != ';' {
		return 0, 0
	}
	return n + 1, r
}

// unescape writes what the escapes in t stand for.
func unescape(out, t []byte) []byte {
	for i := 0; i < len(t); i++ {
		switch n, r := escape1(t[i:]); {
		case n == 3:
			out = append(out, byte(r))
			i += n - 1
		case n > 0:
			out = utf8.AppendRune(out, r)
			i += n - 1
		case t[i] == '+':
			out = append(out, ' ')
		default:
			out = append(out, t[i])
		}
	}
	return out
}

// decode64 gives the text that t is base64 of, nil if it is none or no text comes out.
func decode64(out, t []byte) []byte {
	for len(t) > 0 && t[len(t)-1] == '=' {
		t = t[:len(t)-1]
	}
	if len(t) >= 8 && noBeginning[t[0]] || len(t) >= 12 && noText(t) {
		return nil
	}
	enc := base64.RawStdEncoding
	for _, c := range t {
		switch c {
		case '-', '_':
			enc = base64.RawURLEncoding
		case '.', '=':
			return nil
		}
	}
	if len(t)%4 == 1 {
		t = t[:len(t)-1]
	}
	head := t
	if len(head) > 24 {
		head = head[:24]
	}
	var first [18]byte
	n, err := enc.Decode(first[:], head)
	if err != nil || !readable(first[:n]) {
		return nil
	}
	n = enc.DecodedLen(len(t))
	for cap(out) < n {
		out = append(out[:cap(out)], 0)
	}
	out = out[:n]
	if n, err = enc.Decode(out, t); err != nil || !readable(out[:n]) {
		return nil
	}
	return out[:n]
}

// noBeginning are the characters of base64 that decode to a first byte with which no text begins: one in the middle of a character, or a control.
var noBeginning = func() (no [256]bool) {
	for _, c := range []byte("ABEFGHghijklmnopqrstuv") {
		no[c] = true
	}
	return no
}()

// valueOf64 is which six bits a character of base64 stands for, in either alphabet.
var valueOf64 = func() (v [256]uint8) {
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		v[c] = uint8(i)
	}
	v['-'], v['_'] = v['+'], v['/']
	return v
}()

// noText tells by the first four characters of twelve or more that no text can come out: what most names of a program decode to ends here.
func noText(t []byte) bool {
	a, b, c, d := valueOf64[t[0]], valueOf64[t[1]], valueOf64[t[2]], valueOf64[t[3]]
	x, y, z := a<<2|b>>4, b<<4|c>>2, c<<6|d
	return textBegins[x] == 0 || x < utf8.RuneSelf && (textBegins[y] == 0 || y < utf8.RuneSelf && textBegins[z] == 0) || x >= utf8.RuneSelf && utf8.RuneStart(y)
}

// textBegins tells of bytes with which a character of a text begins.
var textBegins = func() (yes [256]uint8) {
	for c := range yes {
		yes[c] = uint8(one(c >= ' ' && c < 0x7f || c == '\n' || c == '\t' || c == '\r' || c >= 0xc2 && c <= 0xf4))
	}
	return yes
}()

// readable tells of bytes that are text.
func readable(b []byte) bool {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && i+4 < len(b) || r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
			return false
		}
		i += n
	}
	return true
}

// escapes takes tokens with escapes that begin with a mark in which something is found once they are decoded.
func (s *search) escapes(mark byte) {
	for at, low := 0, 0; ; { // low is where the last token ended
		n := bytes.IndexByte(s.text[at:], mark)
		if n < 0 {
			return
		}
		if at += n; escaped(s.text[at:]) == 0 {
			at++
			continue
		}
		start, end := at, at
		for start > low && s.text[start-1] > ' ' && kindOf[s.text[start-1]] != isBreak {
			start--
		}
		for end < len(s.text) && s.text[end] > ' ' && kindOf[s.text[end]] != isBreak {
			end += max(escaped(s.text[end:]), 1)
		}
		if s.within(unescape(s.plain[:0], s.text[start:end])) {
			s.add(start, end, token)
		}
		at, low = end, end
	}
}
