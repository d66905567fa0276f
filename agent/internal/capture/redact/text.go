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
	c := counter{text: text, count: r.engine.characters}
	for _, s := range spans {
		start := c.upTo(s.start)
		r.found = append(r.found, Found{s.class.String(), start, c.upTo(s.end)})
		r.counts[s.class]++
	}
	return r.appendTokens(out, text, spans), r.found
}

// AppendNet is AppendText for who need not know where anything stood.
func (r *Redactor) AppendNet(out, text []byte) []byte {
	spans := r.engine.scan(text)
	for _, s := range spans {
		r.counts[s.class]++
	}
	return r.appendTokens(out, text, spans)
}

// counter counts the characters of a text. Of a stretch without a byte beyond ASCII, as most are, it counts the bytes.
type counter struct {
	text      []byte
	count     func([]byte) int // nil if all of text is plain
	at, chars int
	plain     int // there is no other byte between at and here
}

// upTo is how many characters stand before i, which lies behind what was asked before.
func (c *counter) upTo(i int) int {
	if i <= c.plain || c.count == nil {
		c.chars += i - c.at
	} else {
		c.chars += c.count(c.text[c.at:i])
		c.plain = nextWide(c.text, i)
	}
	c.at = i
	return c.chars
}

// Counts tells how many values of each class Text, AppendText and AppendNet have found.
func (r *Redactor) Counts() map[string]int {
	out := map[string]int{}
	for c, n := range r.counts {
		if n > 0 {
			out[class(c).String()] = n
		}
	}
	return out
}
