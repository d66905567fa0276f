package redact

import (
	"strings"
	"unicode"
)

// days are names, but nobody's.
var days = setOf("monday tuesday wednesday thursday friday saturday sunday january february march july september october november december")

// verdict is what is known of a word.
type verdict uint8

const (
	unknown   verdict = iota // not in any list: it stays masked
	harmless                 // a common word that is no name
	ofProgram                // every program has it, and it is no name, or begins a line
	named                    // it may be a name: its line stays masked
)

// judged judges a word as it stands on the screen, with marks around it. First says that it begins its line.
func judged(w string, first bool) verdict {
	w = strings.TrimFunc(w, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '@' && c != '#' && c != '$'
	})
	if w == "" || len(w) <= 2 && !strings.ContainsFunc(w, func(c rune) bool { return c < '0' || c > '9' }) {
		return harmless
	}
	if strings.EqualFold(w, "e-mail") {
		return ofProgram // one word, which is mostly written with its hyphen
	}
	out := ofProgram
	for part := range strings.SplitSeq(strings.ReplaceAll(w, "’", "'"), "-") {
		switch p := judgedPart(part, first); {
		case p == unknown || p == named:
			return p
		case p == harmless:
			out = harmless
		}
	}
	return out
}

func judgedPart(w string, first bool) verdict {
	capitals, letters := 0, 0
	for i, c := range w {
		switch {
		case unicode.IsUpper(c):
			capitals++
			letters++
			if i > 0 && capitals != letters {
				return unknown // camelCase
			}
		case unicode.IsLetter(c):
			letters++
		case c != '\'':
			return unknown
		}
	}
	h := hashOf([]byte(w))
	l := lookUp(mixOf([]byte(w)))
	if traitsOf(h)&english != 0 {
		l |= isCommon | isOften
	}
	switch often := l&isOften != 0; {
	case days[h]:
		return harmless
	case captions()[h] && (first || capitals == 0 || l&isName == 0):
		return ofProgram
	case l&isCommon == 0 && l&(isName|isPeople) == 0:
		return unknown
	case l&(isName|isPeople) == 0:
		return harmless
	case traitsOf(h)&english != 0, often && capitals == 0, often && first && capitals == 1:
		return harmless
	case capitals > 0:
		return named
	}
	return unknown
}
