package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a title or a name, in bytes.
const (
	mostTitle    = 256
	mostRawTitle = 4 << 10
)

// title gives a window's title, or a name, fit for any terminal and page: redacted, valid UTF-8, one line, without control
// characters, escape sequences, invisible or direction-changing ones, at most 256 bytes. A token is never cut.
func (r *Redactor) title(raw string) string {
	cut := len(raw) > mostRawTitle
	if cut {
		raw = raw[:mostRawTitle]
	}
	text := plain(raw)
	if Disconnected {
		return text
	}
	if cut { // what was cut in two would not be found: its last token goes
		text = text[:strings.LastIndexAny(text, " ")+1]
	}
	return clip(r.redact([]byte(text)))
}

// plain drops everything that is not a visible character or a space.
func plain(raw string) string {
	var b strings.Builder
	for i := 0; i < len(raw); {
		if n := escape(raw[i:]); n > 0 {
			i += n
			continue
		}
		c, n := utf8.DecodeRuneInString(raw[i:])
		i += n
		switch {
		case c == utf8.RuneError && n == 1:
			b.WriteRune(utf8.RuneError)
		case c == '\n' || c == '\t' || c == '\r' || c == 0x2028 || c == 0x2029:
			b.WriteByte(' ')
		case unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Co, unicode.Cs):
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// escape is the length of a terminal's escape sequence at the start of s, 0 if there is none.
func escape(s string) int {
	csi, osc := 0, 0
	switch {
	case strings.HasPrefix(s, "\x1b["):
		csi = 2
	case strings.HasPrefix(s, "\u009b"):
		csi = 2
	case strings.HasPrefix(s, "\x1b]"), strings.HasPrefix(s, "\x1bP"), strings.HasPrefix(s, "\x1b_"), strings.HasPrefix(s, "\x1b^"):
		osc = 2
	case strings.HasPrefix(s, "\x1b"):
		return min(2, len(s))
	default:
		return 0
	}
	if osc > 0 {
		if i := strings.IndexAny(s[osc:], "\a\x1b"); i >= 0 {
			return osc + i + 1 + len(s[osc+i+1:]) - len(strings.TrimPrefix(s[osc+i+1:], "\\"))
		}
		return len(s)
	}
	for i := csi; i < len(s); i++ {
		if s[i] >= 0x40 && s[i] <= 0x7e {
			return i + 1
		}
	}
	return len(s)
}

// clip cuts to mostTitle bytes, between characters and not inside a class token.
func clip(s string) string {
	if len(s) <= mostTitle {
		return s
	}
	n := mostTitle
	for !utf8.RuneStart(s[n]) {
		n--
	}
	if i := strings.LastIndexByte(s[:n], '<'); i >= n-20 && i >= 0 && !strings.Contains(s[i:n], ">") {
		n = i
	}
	return s[:n]
}

// role is the kind of an accessible element: a few small words, nothing else.
func role(raw string) string {
	if len(raw) > 40 {
		return ""
	}
	for _, c := range []byte(raw) {
		if c != ' ' && c != '-' && (c < 'a' || c > 'z') {
			return ""
		}
	}
	return raw
}
