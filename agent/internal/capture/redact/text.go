package redact

import "unicode/utf8"

// Found is a stretch of a text that was redacted. Start and End count Unicode code points of the text before.
type Found struct {
	Class string `json:"class"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Text gives value with class tokens in place of what must not leave, and says where it stood. A value that is too long, or on
// which a rule fails, is redacted whole.
func (r *Redactor) Text(value string) (string, []Found) {
	r.text = append(r.text[:0], value...)
	text := r.text
	spans := r.engine.scan(text)
	found := make([]Found, 0, len(spans))
	at, chars := 0, 0
	for _, s := range spans {
		chars += utf8.RuneCount(text[at:s.start])
		n := utf8.RuneCount(text[s.start:s.end])
		found = append(found, Found{s.class.String(), chars, chars + n})
		at, chars = s.end, chars+n
	}
	return r.tokens(text, spans), found
}
