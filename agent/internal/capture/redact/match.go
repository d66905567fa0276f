package redact

import (
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// find gives the first match in text: where it and its groups begin and end, -1 for a group that is not in it. It is valid until the next call.
func (x *expression) find(text []byte) ([]int, error) {
	x.text, x.left = text, 4096+64*len(text)
	found := false
	for i := 0; x.steps != nil && !found && x.left >= 0 && i <= len(text) && (i == 0 || !x.led); {
		if x.begins == nil || i == len(text) || x.begins[text[i]] {
			for k := range x.marks {
				x.marks[k] = -1
			}
			x.marks[0] = i
			found = x.try(x.first, i)
		}
		i += widthAt(text, i)
	}
	x.text = nil
	switch {
	case found:
		return x.marks, nil
	case x.steps == nil || x.left < 0:
		return x.findSlowly(text)
	}
	return nil, nil
}

// findSlowly is find by package regexp.
func (x *expression) findSlowly(text []byte) ([]int, error) {
	if x.slow == nil {
		source := x.source
		if x.led {
			source = `\A(?:` + source + `)`
		}
		re, err := regexp.Compile(source)
		if err != nil {
			return nil, err
		}
		x.slow = re
	}
	return x.slow.FindSubmatchIndex(text), nil
}

// widthAt is how many bytes the character at i has.
func widthAt(text []byte, i int) int {
	if i >= len(text) || text[i] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRune(text[i:])
	return n
}

// try goes the steps from at on, with the text from i on.
func (x *expression) try(at int32, i int) bool {
	for {
		if x.left--; x.left < 0 {
			return false
		}
		n := &x.steps[at]
		switch n.kind {
		case stepEnd:
			x.marks[1] = i
			return true
		case stepText:
			if !n.textAt(x.text, i) {
				return false
			}
			i += len(n.text)
		case stepPlace:
			if !n.placeAt(x.text, i) {
				return false
			}
		case stepMark:
			was := x.marks[n.mark]
			x.marks[n.mark] = i
			if x.try(n.next, i) {
				return true
			}
			x.marks[n.mark] = was
			return false
		case stepWays:
			last := len(n.ways) - 1
			for _, w := range n.ways[:last] {
				if x.try(w, i) {
					return true
				}
			}
			at = n.ways[last]
			continue
		case stepClass:
			k := int32(0)
			for ; k < n.least; k++ {
				if i == len(x.text) || !n.set[x.text[i]] {
					return false
				}
				i += widthAt(x.text, i)
			}
			if k < n.most {
				return x.tryMore(n, i, n.most-k)
			}
		}
		at = n.next
	}
}

// tryMore goes on behind up to most more characters of a class.
func (x *expression) tryMore(n *step, i int, most int32) bool {
	low := i
	for {
		if n.lazy && n.followed(x.text, i) && x.try(n.next, i) {
			return true
		}
		if most == 0 || i == len(x.text) || !n.set[x.text[i]] || x.left < 0 {
			break
		}
		i += widthAt(x.text, i)
		most--
		x.left--
	}
	for !n.lazy {
		if n.followed(x.text, i) && x.try(n.next, i) {
			return true
		}
		if i == low || x.left < 0 {
			break
		}
		if i--; x.text[i] >= utf8.RuneSelf {
			_, w := utf8.DecodeLastRune(x.text[:i+1])
			i -= w - 1
		}
	}
	return false
}

// followed tells whether what stands at i can follow a class.
func (n *step) followed(text []byte, i int) bool {
	return n.then == nil || i == len(text) || n.then[text[i]]
}

func (n *step) textAt(text []byte, i int) bool {
	if len(text)-i < len(n.text) {
		return false
	}
	if !n.fold {
		return string(text[i:i+len(n.text)]) == n.text
	}
	for k := range len(n.text) {
		if lower(text[i+k]) != lower(n.text[k]) {
			return false
		}
	}
	return true
}

func (n *step) placeAt(text []byte, i int) bool {
	switch n.place {
	case syntax.EmptyBeginText:
		return i == 0
	case syntax.EmptyEndText:
		return i == len(text)
	}
	return (i > 0 && wordPart(text[i-1])) != (i < len(text) && wordPart(text[i])) // a border of a word
}

func wordPart(c byte) bool { return alnum(c) || c == '_' }
