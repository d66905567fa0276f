package redact

import (
	"sort"
	"unicode/utf8"
)

// Texts in Hangul, Han and kana, and Thai letters: they have no capitals, some have no spaces, and folding takes Thai vowels away and Hangul to
// pieces. So they are read as they were written, a line at a time, and by whole characters. Names are told by labels, titles and family names.

// glyph is a character of a line, and where it begins.
type glyph struct {
	r  rune
	at int32
}

// scripts is the memory of findScripts.
type scripts struct {
	line  []glyph
	end   int32 // of the line in the text
	names []span
	heads [16]uint64 // a bit for each character with which one of the names begins, by its lowest bits
}

// findScripts looks at the lines that are written in one of these scripts.
func findScripts(s *search) error {
	if s.raw == nil || s.folded.plain {
		return nil
	}
	c := &s.engine.scripts
	c.names = c.names[:0]
	for from := 0; from < len(s.raw); {
		i := nextScript(s.raw, from)
		if i == len(s.raw) {
			break
		}
		for from = i; from > 0 && s.raw[from-1] != '\n'; from-- {
		}
		to := i
		for to < len(s.raw) && s.raw[to] != '\n' {
			to++
		}
		if err := s.spend(to - from); err != nil {
			return err
		}
		c.read(s.raw, from, to)
		s.scriptLine(c)
		from = to
	}
	return s.scriptAgain(c)
}

// nextScript is where the next character of one of the scripts stands from i on, len(text) if there is none.
func nextScript(text []byte, i int) int {
	for {
		if i = nextBad(text, i); i == len(text) {
			return i
		}
		if b := text[i]; b == 0xe0 && i+1 < len(text) && (text[i+1] == 0xb8 || text[i+1] == 0xb9) || b >= 0xe3 && b <= 0xed && !(b == 0xe3 && i+1 < len(text) && text[i+1] < 0x81) {
			return i
		}
		i++
	}
}

// read lists the characters of a line.
func (c *scripts) read(text []byte, from, to int) {
	c.line, c.end = c.line[:0], int32(to)
	for i := from; i < to; {
		r, n := utf8.DecodeRune(text[i:to])
		switch {
		case r >= 0xff01 && r <= 0xff5e: // as wide as a Han character
			r -= 0xfee0
		case r == 0x3000 || r == 0xa0:
			r = ' '
		}
		c.line = append(c.line, glyph{r, int32(i)})
		i += n
	}
}

// g is the character at i of the line, 0 outside of it.
func (c *scripts) g(i int) rune {
	if i < 0 || i >= len(c.line) {
		return 0
	}
	return c.line[i].r
}

// at is where character i begins.
func (c *scripts) at(i int) int {
	if i >= len(c.line) {
		return int(c.end)
	}
	return int(c.line[i].at)
}

// scriptAdd takes characters i to j-1 of the line.
func (s *search) scriptAdd(c *scripts, i, j int, of class) {
	for i < j && c.g(i) == ' ' {
		i++
	}
	for j > i && (c.g(j-1) == ' ' || c.g(j-1) == '\r') {
		j--
	}
	if i >= j {
		return
	}
	from, to := c.at(i), c.at(j)
	s.add(s.folded.into(from), s.folded.into(to), of)
	if of == person && j-i >= 3 && len(c.names) < 256 {
		c.names = append(c.names, span{from, to, of})
	}
}

// scriptAgain takes the names that were found wherever else they stand.
func (s *search) scriptAgain(c *scripts) error {
	if len(c.names) == 0 {
		return nil
	}
	c.heads = [16]uint64{}
	for _, n := range c.names {
		r, _ := utf8.DecodeRune(s.raw[n.start:])
		c.heads[r>>6&15] |= 1 << (r & 63)
	}
	for i := 0; i < len(s.raw); {
		if i = nextScript(s.raw, i); i == len(s.raw) {
			break
		}
		r, size := utf8.DecodeRune(s.raw[i:])
		if c.heads[r>>6&15]>>(r&63)&1 != 0 {
			if err := s.spend(len(c.names)); err != nil {
				return err
			}
			for _, n := range c.names {
				if name := s.raw[n.start:n.end]; len(s.raw)-i >= len(name) && string(s.raw[i:i+len(name)]) == string(name) && i != n.start {
					s.add(s.folded.into(i), s.folded.into(i+len(name)), person)
					break
				}
			}
		}
		i += size
	}
	return nil
}

// into is where in the folded text the byte i of the original went to.
func (f *folded) into(i int) int {
	n := sort.Search(len(f.parts), func(k int) bool { return int(f.parts[k].from) > i }) - 1
	if n < 0 {
		return 0
	}
	p := f.parts[n]
	end := len(f.text)
	if n+1 < len(f.parts) {
		end = int(f.parts[n+1].at)
	}
	switch {
	case !p.char:
		return min(int(p.at)+i-int(p.from), end)
	case i == int(p.from):
		return int(p.at)
	}
	return end // it vanished, and stood behind this one
}

// Between these lie the characters of the scripts.
const (
	firstThai, lastThai   = 0xe01, 0xe5b
	firstKana, lastHangul = 0x3041, 0xd7a3
)

func isHangul(r rune) bool { return r >= 0xac00 && r <= 0xd7a3 }
func isHan(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf || r == '々'
}
func isKana(r rune) bool   { return r >= 0x3041 && r <= 0x30ff && r != '・' }
func isThai(r rune) bool   { return r >= 0xe01 && r <= 0xe4e && r != 0xe3f }
func isFigure(r rune) bool { return r >= '0' && r <= '9' || r >= 0xe50 && r <= 0xe59 }
func ofScript(r rune) bool { return isHangul(r) || isHan(r) || isKana(r) || isThai(r) }
func isASCIIWord(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// run is where the characters that is tells of end that begin at i.
func (c *scripts) run(i int, is func(rune) bool) int {
	for i < len(c.line) && is(c.line[i].r) {
		i++
	}
	return i
}

// skip goes over spaces.
func (c *scripts) skip(i int) int {
	for c.g(i) == ' ' || c.g(i) == '\t' {
		i++
	}
	return i
}

// scriptLine looks at one line.
func (s *search) scriptLine(c *scripts) {
	for i := 0; i < len(c.line); {
		r := c.line[i].r
		if !ofScript(r) {
			if isFigure(r) && !isFigure(c.g(i-1)) {
				s.scriptPlate(c, i)
			}
			i++
			continue
		}
		if kind, j := c.label(i); kind != 0 {
			s.scriptField(c, i, j, kind)
		}
		if isHan(r) && i > 0 && !ofScript(c.g(i-1)) {
			s.hanPair(c, i)
		}
		if isHangul(r) && !isHangul(c.g(i-1)) {
			s.hangulWord(c, i)
			i++
			continue
		}
		i++
	}
	s.scriptNameRows(c)
	s.thaiRow(c)
	s.hangulPlaces(c)
	s.hanPlaces(c)
	s.thaiPlaces(c)
}
