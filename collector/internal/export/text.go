package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// marshal is JSON on one line in which every character that could act on a terminal or turn text around is escaped.
func marshal(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, errContent // NaN and the like: JSON has no word for it
	}
	if utf8.Valid(b) && bytes.IndexFunc(b, acts) < 0 {
		return b, nil
	}
	var out bytes.Buffer
	for _, r := range string(b) { // only strings hold such characters
		switch {
		case !acts(r):
			out.WriteRune(r)
		case r > 0xffff:
			hi, lo := 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff
			fmt.Fprintf(&out, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.Bytes(), nil
}

// acts tells whether a character is a control or format character: those have no picture of their own.
func acts(r rune) bool { return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) }

// printable is a text of somebody else for a terminal: one line, nothing that acts, at most 200 characters.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if acts(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}
