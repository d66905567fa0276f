package redact

import (
	"fmt"
	"unicode/utf8"
)

// dictionary finds many words, as the terms of a policy, in one pass (Aho-Corasick over a sparse tree, about 23 bytes a letter that no other term
// shares). ASCII letters match in either case. It is immutable after newDictionary.
type dictionary struct {
	root    [256]int32
	char    []uint8
	child   []int32 // the first one
	sibling []int32
	fail    []int32 // the longest suffix that begins a term
	term    []int32 // length of the term that ends here, 0 if none does
	shorter []int32 // the longest suffix at which another term ends
	depth   []int32
}

// Limits of a policy's terms.
const (
	mostTerms     = 100_000
	mostTermBytes = 4 << 20
)

func newDictionary(terms []string) (*dictionary, error) {
	bytes := 0
	for _, t := range terms {
		bytes += len(t)
	}
	if len(terms) > mostTerms || bytes > mostTermBytes {
		return nil, fmt.Errorf("redact: the policy has %d terms of %d bytes; at most %d of %d bytes together are allowed", len(terms), bytes, mostTerms, mostTermBytes)
	}
	d := &dictionary{}
	d.grow(0, 0)
	for _, t := range terms {
		d.insert(t)
	}
	d.link()
	return d, nil
}

func (d *dictionary) grow(c uint8, depth int32) int32 {
	d.char, d.child, d.sibling, d.fail = append(d.char, c), append(d.child, 0), append(d.sibling, 0), append(d.fail, 0)
	d.term, d.shorter, d.depth = append(d.term, 0), append(d.shorter, 0), append(d.depth, depth)
	return int32(len(d.char) - 1)
}

// next is the state behind s with c in the tree itself, 0 if there is none.
func (d *dictionary) next(s int32, c uint8) int32 {
	if s == 0 {
		return d.root[c]
	}
	t := d.child[s]
	for t != 0 && d.char[t] != c {
		t = d.sibling[t]
	}
	return t
}

func (d *dictionary) insert(t string) {
	s := int32(0)
	for i := range len(t) {
		c := lower(t[i])
		n := d.next(s, c)
		if n == 0 {
			n = d.grow(c, d.depth[s]+1)
			if s == 0 {
				d.root[c] = n
			}
			d.sibling[n], d.child[s] = d.child[s], n
		}
		s = n
	}
	if s != 0 {
		d.term[s] = int32(len(t))
	}
}

// link finds where to go on when a letter does not fit: breadth first, so that shorter states are complete.
func (d *dictionary) link() {
	queue := []int32{}
	for c := d.child[0]; c != 0; c = d.sibling[c] {
		queue = append(queue, c)
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if f := d.fail[s]; d.term[f] != 0 {
			d.shorter[s] = f
		} else {
			d.shorter[s] = d.shorter[f]
		}
		for c := d.child[s]; c != 0; c = d.sibling[c] {
			d.fail[c] = d.step(d.fail[s], d.char[c])
			queue = append(queue, c)
		}
	}
}

func (d *dictionary) step(s int32, c uint8) int32 {
	c = lower(c)
	for {
		if n := d.next(s, c); n != 0 || s == 0 {
			return n
		}
		s = d.fail[s]
	}
}

// each calls found for every term in text.
func (d *dictionary) each(text []byte, found func(start, end int)) {
	s := int32(0)
	for i, c := range text {
		s = d.step(s, c)
		for t := s; t != 0; t = d.shorter[t] {
			if d.term[t] != 0 {
				found(i+1-int(d.term[t]), i+1)
			}
		}
	}
}

// open is where an unfinished term begins that text ends with, len(text) if it ends with none.
func (d *dictionary) open(text []byte) int {
	s := int32(0)
	for _, c := range text {
		s = d.step(s, c)
	}
	at := len(text) - int(d.depth[s])
	for at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	return at
}
