package redact

import (
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folded is a text in which what looks alike is alike, and where each of its bytes comes from.
type folded struct {
	text  []byte
	parts []part // in order
	end   int    // of the original
	valid bool   // the original is UTF-8
	plain bool   // nothing in it is written in one of the scripts that scripts.go reads
	indic bool   // something in it is written in one of those that scripts_indic.go reads
	here  int    // the part that was asked for last: spans come nearly in order
	form  []byte // memory that is used again
	known [256]struct {
		r rune // its complement if it stands for itself
		folding
	} // characters beyond Latin that were met, by their lowest bits
}

// part is a stretch of the folded text: a copy of bytes of the original, or what one character is read as.
type part struct {
	at, from int32 // where it begins, and where in the original
	char     bool
}

// fold normalises src into f, reusing its memory: compatibility forms (full-width letters, ligatures), digits of all scripts, letters
// that look like Latin ones, kinds of dash, dot, space and quote; invisible characters and accents vanish.
func (f *folded) fold(src []byte) {
	f.text, f.parts, f.end, f.here, f.valid, f.plain, f.indic = f.text[:0], f.parts[:0], len(src), 0, true, true, false
	f.text = slices.Grow(f.text, len(src))
	asked, own := 0, false // up to where it is known whether a word is written in its own script
	for i := 0; i < len(src); {
		j := nextBad(src, i)
		if j > i {
			f.parts = append(f.parts, part{int32(len(f.text)), int32(i), false})
			f.text = append(f.text, src[i:j]...)
		}
		if i = j; i == len(src) {
			return
		}
		if src[i] < utf8.RuneSelf {
			i++ // a control character
			continue
		}
		r, n := utf8.DecodeRune(src[i:])
		f.valid = f.valid && n > 1
		f.plain = f.plain && (r < firstThai || r > lastThai && r < firstKana || r > lastHangul)
		f.indic = f.indic || r >= firstIndic && r <= lastIndic
		if i >= asked && twinned(r) {
			asked, own = ownScript(src, i)
		}
		f.add(r, src[i:i+n], i, own && i < asked)
		i += n
	}
}

// twinned tells of Greek and Cyrillic letters: some look like Latin ones.
func twinned(r rune) bool { return r >= 0x370 && r < 0x530 }

// ownScript gives where the letters that begin at i end, and whether they are a word of their language: one of them looks like no Latin
// letter, and no Latin letter or digit stands beside them. Such a word is no disguise; its letters stay as they are.
func ownScript(src []byte, i int) (end int, own bool) {
	mixed := i > 0 && alnum(src[i-1])
	for end = i; end < len(src); {
		r, n := utf8.DecodeRune(src[end:])
		if !twinned(r) {
			break
		}
		if _, ok := twins[r]; !ok {
			own = true
		}
		end += n
	}
	return end, own && !mixed && (end == len(src) || !alnum(src[end]))
}

// add writes what the character r is read as; own says that it stands for itself.
func (f *folded) add(r rune, raw []byte, from int, own bool) {
	start := len(f.text)
	met := r
	if own {
		met = ^r
	}
	switch k := &f.known[r&0xff]; {
	case r < lastLatin:
		l := &latin()[r]
		f.text = append(f.text, l.as[:l.n]...)
	case k.r == met:
		f.text = append(f.text, k.as[:k.n]...)
	default:
		if own {
			f.text, f.form = appendVisible(f.text, f.form, raw)
		} else {
			f.text, f.form = appendFolded(f.text, f.form, r, raw)
		}
		if as := f.text[start:]; len(as) <= len(k.as) {
			k.r, k.n = met, uint8(copy(k.as[:], as))
		}
	}
	if len(f.text) > start {
		f.parts = append(f.parts, part{int32(start), int32(from), true})
	}
}

// appendVisible writes what is seen of a character that stands for itself; form is memory for it.
func appendVisible(out, form, raw []byte) ([]byte, []byte) {
	form = norm.NFKD.Append(form[:0], raw...)
	for _, c := range string(form) {
		if !invisible(c) {
			out = utf8.AppendRune(out, c)
		}
	}
	return out, form
}

// from is where in the original the character of byte i begins.
func (f *folded) from(i int) int {
	for f.here+1 < len(f.parts) && int(f.parts[f.here+1].at) <= i {
		f.here++
	}
	for int(f.parts[f.here].at) > i {
		f.here--
	}
	if p := f.parts[f.here]; !p.char {
		return int(p.from) + i - int(p.at)
	}
	return int(f.parts[f.here].from)
}

// appendFolded writes what r is read as; form is memory for it.
func appendFolded(out, form []byte, r rune, raw []byte) ([]byte, []byte) {
	if invisible(r) {
		return out, form
	}
	if c, ok := alike(r); ok {
		return append(out, c), form
	}
	form = norm.NFKD.Append(form[:0], raw...)
	for _, c := range string(form) {
		if c2, ok := alike(c); ok {
			out = append(out, c2)
		} else if !invisible(c) {
			out = utf8.AppendRune(out, c)
		}
	}
	return out, form
}

const lastLatin = 0x250

// folding is what a letter is read as.
type folding struct {
	as [4]byte
	n  uint8
}

// latin holds what the letters of most European languages are read as. It is made when the first one is met.
var latin = sync.OnceValue(func() *[lastLatin]folding {
	t := &[lastLatin]folding{}
	for r := rune(0x80); r < lastLatin; r++ {
		out, _ := appendFolded(nil, nil, r, utf8.AppendRune(nil, r))
		t[r].n = uint8(copy(t[r].as[:], out))
		if len(out) > len(t[r].as) {
			panic("redact: a letter is read as more than four bytes")
		}
	}
	return t
})

// origin maps a span of the folded text to the original.
func (f *folded) origin(start, end int) (int, int) {
	if start >= end {
		return 0, 0
	}
	to := f.end
	if end < len(f.text) {
		to = f.from(end)
	}
	for last := f.from(end - 1); end < len(f.text) && to == last; { // the span ends inside of what one character is read as
		if end++; end == len(f.text) {
			to = f.end
			break
		}
		to = f.from(end)
	}
	return f.from(start), to
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
