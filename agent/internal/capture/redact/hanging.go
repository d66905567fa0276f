package redact

import "bytes"

// tailBytes is how much of the end of a text tells whether it hangs.
const tailBytes = 96

// hanging tells whether what text ends with means something else once the next word is known: a number ("12" of "12 Baker Street"), a
// capital word ("Mark" of "Mark White"), a month or years behind a number.
func (e *engine) hanging(text []byte) bool {
	if Disconnected {
		return false
	}
	tail := text[max(0, len(text)-tailBytes):]
	tail = tail[bytes.LastIndexByte(tail, '\n')+1:]
	e.folded.fold(tail)
	if e.read(e.folded.text, &gateState{}) != nil || len(e.words) == 0 {
		return false
	}
	i := len(e.words) - 1
	w := &e.words[i]
	for _, c := range e.folded.text[w.end:] {
		if c != ' ' && c != '\t' && c != ',' && c != '.' {
			return false
		}
		if c == '.' && !(w.is(titles) || w.form == initial || w.is(streetStarts)) {
			return false
		}
	}
	switch {
	case w.form == figure:
		return w.letters() <= 5
	case w.is(titles), w.form == initial && w.hash != wordI && w.hash != wordA:
		return true
	case w.large():
		return !w.is(english)
	case i == 0 || w.form != small:
		return false
	}
	p := &e.words[i-1]
	return p.form == figure && (w.is(yearWords) || w.is(months)) || p.large() && w.is(particles) || w.is(streetStarts) && w.letters() > 1
}
