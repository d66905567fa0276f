package redact

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folded is a text in which what looks alike is alike, and where each of its bytes comes from.
type folded struct {
	text []byte
	from []int32 // byte offset in the original at which the character of this byte begins
	to   []int32 // and at which it ends
}

// fold normalises src into f, reusing its memory: compatibility forms (full-width letters, ligatures), digits of all scripts, letters
// that look like Latin ones, kinds of dash, dot, space and quote; invisible characters and accents vanish.
func (f *folded) fold(src []byte) {
	f.text, f.from, f.to = f.text[:0], f.from[:0], f.to[:0]
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		f.add(r, src[i:i+n], i, i+n)
		i += n
	}
}

func (f *folded) add(r rune, raw []byte, from, to int) {
	start := len(f.text)
	switch {
	case r < utf8.RuneSelf:
		if r >= ' ' && r != 0x7f || r == '\n' || r == '\t' || r == '\r' {
			f.text = append(f.text, byte(r))
		}
	case invisible(r):
	default:
		if c, ok := alike(r); ok {
			f.text = append(f.text, c)
			break
		}
		for _, c := range string(norm.NFKD.Bytes(raw)) {
			if c2, ok := alike(c); ok {
				f.text = append(f.text, c2)
			} else if !invisible(c) {
				f.text = utf8.AppendRune(f.text, c)
			}
		}
	}
	for range len(f.text) - start {
		f.from, f.to = append(f.from, int32(from)), append(f.to, int32(to))
	}
}

// origin maps a span of the folded text to the original.
func (f *folded) origin(start, end int) (int, int) {
	if start >= end {
		return 0, 0
	}
	return int(f.from[start]), int(f.to[end-1])
}

// invisible tells of characters that a reader does not see, or sees as part of the one before.
func invisible(r rune) bool {
	return r >= utf8.RuneSelf && (unicode.In(r, unicode.Cf, unicode.Mn, unicode.Me, unicode.Cc) || r == 0x115f || r == 0x1160 || r == 0x3164 || r == 0xffa0)
}

// alike is the ASCII character that r is read as.
func alike(r rune) (byte, bool) {
	if r < utf8.RuneSelf {
		return byte(r), true
	}
	if c, ok := twins[r]; ok {
		return c, true
	}
	if unicode.Is(unicode.Nd, r) {
		return digitOf(r), true
	}
	switch {
	case unicode.Is(unicode.Pd, r):
		return '-', true
	case unicode.Is(unicode.Zs, r):
		return ' ', true
	}
	return 0, false
}

// digitOf is the digit that r stands for. Unicode lists the digits of each script as runs of ten from zero.
func digitOf(r rune) byte {
	for _, t := range unicode.Nd.R16 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return '0' + byte((r-rune(t.Lo))%10)
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return '0' + byte((r-rune(t.Lo))%10)
		}
	}
	return '0'
}

// twins are letters and marks that look like an ASCII one and that no compatibility form leads to.
var twins = func() map[rune]byte {
	m := map[rune]byte{}
	for _, p := range [...]struct{ look, as string }{
		{"АВЕЅІЈКМНОРСТУХԚԜ", "ABESIJKMHOPCTYXQW"},
		{"аеѕіјорсухԛԝһԁ", "aesijopcyxqwhd"},
		{"ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"},
		{"οανκ", "oavk"},
		{"。．․‧·•﹒｡٫", "........."},
		{"−‐‑⁃﹣", "-----"},
		{"∕⁄：∶﹕", "//:::"},
		{"＠﹫", "@@"},
		{"’‘“”′″", "''\"\"'\""},
	} {
		as := []byte(p.as)
		i := 0
		for _, r := range p.look {
			m[r] = as[i]
			i++
		}
	}
	return m
}()
