package redact

import "regexp/syntax"

// shape is what every match of an expression has. It costs a fraction of the expression to look for.
type shape struct {
	least   int // bytes
	stretch int // letters, digits, '-' and '_' in a row
}

// fits tells whether a match of the rule can be in text.
func (r *vendorRule) fits(text []byte) bool {
	if r.shape == nil {
		r.shape = &shape{}
		if x, err := syntax.Parse(r.Regex, syntax.Perl); err == nil {
			*r.shape = shapeOf(x)
		}
	}
	if len(text) < r.shape.least {
		return false
	}
	run := 0
	for _, c := range text {
		if run == r.shape.stretch {
			return true
		}
		if run++; kindOf[c] != isLetter && kindOf[c] != isDigit && c != '-' && c != '_' {
			run = 0
		}
	}
	return run == r.shape.stretch
}

// shapeOf is exact or too small.
func shapeOf(x *syntax.Regexp) (s shape) {
	switch x.Op {
	case syntax.OpLiteral:
		s.least = len(x.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		s.least = 1
	case syntax.OpCapture, syntax.OpPlus:
		s = shapeOf(x.Sub[0])
	case syntax.OpRepeat:
		s = shapeOf(x.Sub[0])
		s.least *= x.Min
		if x.Min == 0 {
			s.stretch = 0
		} else if plainClass(x.Sub[0]) {
			s.stretch = max(s.stretch, x.Min)
		}
	case syntax.OpConcat:
		for _, sub := range x.Sub {
			t := shapeOf(sub)
			s.least, s.stretch = s.least+t.least, max(s.stretch, t.stretch)
		}
	case syntax.OpAlternate:
		s = shapeOf(x.Sub[0])
		for _, sub := range x.Sub[1:] {
			t := shapeOf(sub)
			s.least, s.stretch = min(s.least, t.least), min(s.stretch, t.stretch)
		}
	}
	return s
}

// plainClass tells of classes of letters, digits, '-' and '_'. What folding makes of no letter of a text does not count.
func plainClass(x *syntax.Regexp) bool {
	for i := 0; x.Op == syntax.OpCharClass && i < len(x.Rune); i += 2 {
		for c := x.Rune[i]; c <= x.Rune[i+1]; c++ {
			if c < 0x80 && !alnum(byte(c)) && c != '-' && c != '_' || c >= 0x80 && c != 0x17f && c != 0x212a {
				return false
			}
		}
	}
	return x.Op == syntax.OpCharClass
}
