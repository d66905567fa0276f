package redact

import "slices"

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
	out, found := r.AppendText(nil, r.text)
	return string(out), slices.Clone(found)
}

// AppendText is Text of bytes; it writes behind out. What it says is valid until the next call. For a text in which nothing is found, and
// with room in out, it takes no memory.
func (r *Redactor) AppendText(out, text []byte) ([]byte, []Found) {
	spans := r.engine.scan(text)
	r.found = r.found[:0]
	at, chars, count := 0, 0, r.engine.characters
	for _, s := range spans {
		chars += count(text[at:s.start])
		n := count(text[s.start:s.end])
		r.found = append(r.found, Found{s.class.String(), chars, chars + n})
		at, chars = s.end, chars+n
	}
	return r.appendTokens(out, text, spans), r.found
}
