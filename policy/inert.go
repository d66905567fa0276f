package policy

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Inert makes a text harmless to show, in a terminal or on a page: whatever moves the cursor, colours, breaks the line, turns
// the direction of writing, or is not seen at all becomes a visible escape such as \u202e. Other text stays as it is.
func Inert(s string) string {
	var b strings.Builder
	for _, r := range s {
		if seen(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// InertJSON writes in JSON what Inert makes visible as the escapes of JSON: a terminal obeys none of it, and a program reads the same.
func InertJSON(b []byte) []byte {
	var out bytes.Buffer
	for _, r := range string(b) {
		if seen(r) || r == '\n' || r == '\t' { // these two also lay JSON out
			out.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.Bytes()
}

// seen tells whether a person sees r where it stands. Bytes that are no UTF-8 arrive as the replacement character.
func seen(r rune) bool {
	switch {
	case r == '\u200c' || r == '\u200d':
		return true // joiners: ordinary spelling in Persian, Hindi and others
	case r == unicode.ReplacementChar, r == '\u2028', r == '\u2029', unicode.IsControl(r), unicode.Is(unicode.Cf, r):
		return false
	}
	return unicode.IsGraphic(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
}
