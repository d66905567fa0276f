package redact

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// expression is an expression of gitleaks over a folded text. It is tried by going forth and back, which suits what keys look like: a few
// stretches of one class of characters, each counted in one step. Package regexp would unroll each count, which costs a hundred times
// the memory and most of the time. What takes too many steps is left to regexp, whose time is linear. Both give the same match: the
// leftmost one, and of its alternatives the first that fits.
type expression struct {
	source string
	led    bool // only at the beginning of the text
	steps  []step
	first  int32
	begins *byteSet // what a match can begin with, nil for anything
	marks  []int    // of the match that was found last: where it and each of its groups begin and end

	text []byte // while it is tried
	left int    // steps until it is given up

	slow *regexp.Regexp // made when it is needed
}

type byteSet [256]bool

// step is a part of an expression.
type step struct {
	kind  stepKind
	lazy  bool // of class: as few as may be
	fold  bool // of text: in either case
	next  int32
	least int32
	most  int32
	set   *byteSet // of class: one character; all beyond ASCII, or none
	then  *byteSet // of class: what can follow, nil for anything
	text  string
	ways  []int32 // of ways: in the order in which they are preferred
	mark  int
	place syntax.EmptyOp
}

type stepKind uint8

const (
	stepEnd   stepKind = iota
	stepText           // these characters
	stepClass          // least to most characters of a set
	stepWays           // one of several ways to go on
	stepMark           // a group begins or ends
	stepPlace          // nothing, at such a place
)

const unlimited = 1 << 30

// newExpression reads an expression. It is no error if only package regexp can run it.
func newExpression(source string, led bool) (*expression, error) {
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("redact: read an expression of gitleaks, which come with the program: %w", err)
	}
	x := &expression{source: source, led: led, marks: make([]int, 2*(tree.MaxCap()+1))}
	x.steps = append(x.steps, step{kind: stepEnd})
	if x.first = x.add(tree, 0); x.first < 0 {
		x.steps = nil
		return x, nil
	}
	for i := range x.steps {
		if n := &x.steps[i]; n.kind == stepClass && n.least != n.most {
			n.then = x.follow(n.next)
		}
	}
	x.begins = x.follow(x.first)
	return x, nil
}

// add writes the steps of a tree, and gives the first of them; next comes behind them. It gives -1 for what it does not know.
func (x *expression) add(t *syntax.Regexp, next int32) int32 {
	if next < 0 {
		return -1
	}
	switch t.Op {
	case syntax.OpEmptyMatch:
		return next
	case syntax.OpLiteral:
		for _, r := range t.Rune {
			if r >= utf8.RuneSelf {
				return -1
			}
		}
		return x.put(step{kind: stepText, text: string(t.Rune), fold: t.Flags&syntax.FoldCase != 0, next: next})
	case syntax.OpBeginText:
		return x.put(step{kind: stepPlace, place: syntax.EmptyBeginText, next: next})
	case syntax.OpEndText:
		return x.put(step{kind: stepPlace, place: syntax.EmptyEndText, next: next})
	case syntax.OpWordBoundary:
		return x.put(step{kind: stepPlace, place: syntax.EmptyWordBoundary, next: next})
	case syntax.OpCapture:
		return x.put(step{kind: stepMark, mark: 2 * t.Cap, next: x.add(t.Sub[0], x.put(step{kind: stepMark, mark: 2*t.Cap + 1, next: next}))})
	case syntax.OpConcat:
		for i := len(t.Sub) - 1; i >= 0; i-- {
			next = x.add(t.Sub[i], next)
		}
		return next
	case syntax.OpAlternate:
		n := step{kind: stepWays}
		for _, sub := range t.Sub {
			n.ways = append(n.ways, x.add(sub, next))
		}
		return x.put(n)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return x.repeat(t, 1, 1, false, next)
	case syntax.OpQuest:
		return x.repeat(t.Sub[0], 0, 1, t.Flags&syntax.NonGreedy != 0, next)
	case syntax.OpStar:
		return x.repeat(t.Sub[0], 0, unlimited, t.Flags&syntax.NonGreedy != 0, next)
	case syntax.OpPlus:
		return x.repeat(t.Sub[0], 1, unlimited, t.Flags&syntax.NonGreedy != 0, next)
	case syntax.OpRepeat:
		most := t.Max
		if most < 0 {
			most = unlimited
		}
		return x.repeat(t.Sub[0], t.Min, most, t.Flags&syntax.NonGreedy != 0, next)
	}
	return -1
}

// put adds a step, unless a part of it is unknown.
func (x *expression) put(n step) int32 {
	if n.next < 0 {
		return -1
	}
	for _, w := range n.ways {
		if w < 0 {
			return -1
		}
	}
	x.steps = append(x.steps, n)
	return int32(len(x.steps) - 1)
}

// repeat writes least to most of t: of a class in one step, of anything else one by one.
func (x *expression) repeat(t *syntax.Regexp, least, most int, lazy bool, next int32) int32 {
	if set := bytesOf(t); set != nil {
		return x.put(step{kind: stepClass, set: set, least: int32(least), most: int32(most), lazy: lazy, next: next})
	}
	if t.Op == syntax.OpCharClass {
		return -1
	}
	ways := func(on int32) int32 {
		if lazy {
			return x.put(step{kind: stepWays, ways: []int32{next, on}})
		}
		return x.put(step{kind: stepWays, ways: []int32{on, next}})
	}
	switch {
	case most == unlimited && shapeOf(t).least == 0 || most != unlimited && most > 8:
		return -1
	case most == unlimited:
		on := x.put(step{kind: stepWays}) // a circle
		n := step{kind: stepWays, ways: []int32{x.add(t, on), next}}
		if n.ways[0] < 0 {
			return -1
		}
		if lazy {
			n.ways[0], n.ways[1] = n.ways[1], n.ways[0]
		}
		x.steps[on], next = n, on
	default:
		on := next
		for range most - least {
			on = ways(x.add(t, on))
		}
		next = on
	}
	for range least {
		next = x.add(t, next)
	}
	return next
}

// bytesOf is the set of one character or a class; nil if t is neither, or has some characters beyond ASCII and not all of them. Letters that
// folding leaves in no text do not count.
func bytesOf(t *syntax.Regexp) *byteSet {
	ranges := t.Rune
	switch t.Op {
	case syntax.OpCharClass:
	case syntax.OpLiteral:
		if len(t.Rune) != 1 || t.Rune[0] >= utf8.RuneSelf {
			return nil
		}
		c, set := byte(t.Rune[0]), &byteSet{}
		set[c] = true
		if t.Flags&syntax.FoldCase != 0 {
			set[lower(c)], set[upper(c)] = true, true
		}
		return set
	case syntax.OpAnyChar:
		ranges = []rune{0, utf8.MaxRune}
	case syntax.OpAnyCharNotNL:
		ranges = []rune{0, '\n' - 1, '\n' + 1, utf8.MaxRune}
	default:
		return nil
	}
	set := &byteSet{}
	for i := 0; i < len(ranges); i += 2 {
		lo, hi := ranges[i], ranges[i+1]
		switch {
		case hi == utf8.MaxRune && lo <= utf8.RuneSelf:
			hi = 0xff
		case hi >= utf8.RuneSelf && !(lo == hi && (lo == 0x17f || lo == 0x212a)):
			return nil
		}
		for c := lo; c <= hi && c <= 0xff; c++ {
			set[c] = true
		}
	}
	return set
}

// follow is the set of bytes that can stand where the steps from at on are tried, nil if any can.
func (x *expression) follow(at int32) *byteSet {
	set, seen := &byteSet{}, make([]bool, len(x.steps))
	var walk func(at int32) bool
	walk = func(at int32) bool {
		if seen[at] {
			return true
		}
		seen[at] = true
		switch n := &x.steps[at]; n.kind {
		case stepText:
			set[n.text[0]] = true
			if c := n.text[0]; n.fold {
				set[lower(c)], set[upper(c)] = true, true
			}
			return true
		case stepClass:
			for c, ok := range n.set {
				set[c] = set[c] || ok
			}
			return n.least > 0 || walk(n.next)
		case stepWays:
			for _, w := range n.ways {
				if !walk(w) {
					return false
				}
			}
			return true
		case stepPlace:
			return n.place == syntax.EmptyEndText || walk(n.next)
		case stepMark:
			return walk(n.next)
		}
		return false
	}
	if !walk(at) {
		return nil
	}
	return set
}
