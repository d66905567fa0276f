package redact

import "errors"

// needles finds many words in one pass (Aho-Corasick as a full table). ASCII letters match in either case.
// It is immutable after newNeedles.
type needles struct {
	class  [256]uint8 // of a byte; 0: in no word
	width  int
	next   []int32   // state*width + class
	hits   [][]int32 // words that end in a state, longest first
	length []int     // bytes of a word
	depth  []int32   // bytes of the longest prefix of a word that a state stands for
}

// mostCells bounds the table: 4 bytes a cell.
const mostCells = 1 << 21

var errTooManyWords = errors.New("redact: the key words are too many or too long for the gate")

// newNeedles compiles the words; an empty word is never found.
func newNeedles(words []string) (*needles, error) {
	n := &needles{width: 1}
	for _, w := range words {
		for i := range len(w) {
			if c := lower(w[i]); n.class[c] == 0 && n.width < 255 {
				n.class[c] = uint8(n.width)
				n.width++
			}
		}
	}
	for c := byte('A'); c <= 'Z'; c++ {
		n.class[c] = n.class[c|0x20]
	}
	n.grow(0)
	for id, w := range words {
		if err := n.insert(int32(id), w); err != nil {
			return nil, err
		}
	}
	n.link()
	return n, nil
}

func (n *needles) grow(depth int32) int32 {
	s := int32(len(n.hits))
	n.next = append(n.next, make([]int32, n.width)...)
	n.hits = append(n.hits, nil)
	n.depth = append(n.depth, depth)
	return s
}

func (n *needles) insert(id int32, w string) error {
	n.length = append(n.length, len(w))
	s := int32(0)
	for i := range len(w) {
		at := int(s)*n.width + int(n.class[lower(w[i])])
		if n.next[at] == 0 {
			if len(n.next)+n.width > mostCells {
				return errTooManyWords
			}
			n.next[at] = n.grow(n.depth[s] + 1)
		}
		s = n.next[at]
	}
	if s != 0 {
		n.hits[s] = append(n.hits[s], id)
	}
	return nil
}

// link turns the tree into a table without failures: breadth first, so that a shorter suffix is complete before it is used.
func (n *needles) link() {
	fail := make([]int32, len(n.hits))
	queue := []int32{}
	for c := range n.width {
		if s := n.next[c]; s != 0 {
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		n.hits[s] = append(n.hits[s], n.hits[fail[s]]...)
		for c := range n.width {
			at := int(s)*n.width + c
			via := n.next[int(fail[s])*n.width+c]
			if t := n.next[at]; t != 0 {
				fail[t] = via
				queue = append(queue, t)
			} else {
				n.next[at] = via
			}
		}
	}
}

func (n *needles) step(s int32, c byte) int32 {
	k := n.class[c]
	if k == 0 {
		return 0
	}
	return n.next[int(s)*n.width+int(k)]
}

// any tells whether a word is in text.
func (n *needles) any(text []byte) bool {
	s := int32(0)
	for _, c := range text {
		if s = n.step(s, c); n.hits[s] != nil {
			return true
		}
	}
	return false
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}
