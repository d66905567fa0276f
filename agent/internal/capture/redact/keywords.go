package redact

import (
	"errors"
	"unicode/utf8"
)

var errTooManyWords = errors.New("redact: the key words are too many or too long for the gate")

// keywords finds the key words that call for a detector: passwords' labels, the beginnings of vendors' keys. It looks up each three
// characters in a row in a set of 4 KiB; only what is in it is compared with the words that begin so. ASCII letters match in either case.
// It is immutable after newKeywords.
type keywords struct {
	begins [1 << 10]uint32 // by two characters, five bits each: set of the third ones with which a word begins
	pairs  [1 << 10]uint16 // by its two characters: 1 + a word of two
	heads  [1 << 10]uint16 // by a mix of the first three: 1 + a longer word that begins so
	fourth [1 << 10]uint32 // by the same: set of the characters that stand behind them
	next   []uint16        // 1 + the next such word
	fronts []front
	words  []string
}

// front is how a word begins: up to eight of its characters, the first one lowest.
type front struct{ is, mask uint64 }

// mix spreads three characters of five bits over the heads.
func mix(three uint32) uint32 { return (three ^ three>>7) & (1<<10 - 1) }

// fiveBits sorts characters: letters in either case are alike, digits are all alike, bytes beyond ASCII are 0.
var fiveBits = func() (f [256]uint8) {
	for c := range f {
		switch k := kindOf[c]; {
		case k == isLetter:
			f[c] = lower(byte(c)) & 31
		case k == isDigit:
			f[c] = 27
		case c == '-' || c == '_' || c == '.':
			f[c] = map[int]uint8{'-': 28, '_': 29, '.': 30}[c]
		case c < utf8.RuneSelf:
			f[c] = 31
		}
	}
	return f
}()

// newKeywords compiles words of two small letters or more.
func newKeywords(words []string) (*keywords, error) {
	k := &keywords{words: words, next: make([]uint16, len(words)), fronts: make([]front, 0, len(words))}
	for i, w := range words {
		f := front{}
		for n := range min(len(w), 8) {
			f.is |= uint64(w[n]) << (8 * n)
			f.mask |= 0xff << (8 * n)
		}
		k.fronts = append(k.fronts, f)
		if len(w) < 2 || i >= 1<<16-1 {
			return nil, errTooManyWords
		}
		two := uint32(fiveBits[w[0]])<<5 | uint32(fiveBits[w[1]])
		if len(w) == 2 {
			k.next[i], k.pairs[two] = k.pairs[two], uint16(i+1)
			for third := range uint32(32) {
				k.begin(two<<5|third, "")
			}
			continue
		}
		three := two<<5 | uint32(fiveBits[w[2]])
		k.next[i], k.heads[mix(three)] = k.heads[mix(three)], uint16(i+1)
		k.begin(three, w[3:])
	}
	return k, nil
}

// begin notes that a word begins so and goes on with rest, or with anything.
func (k *keywords) begin(three uint32, rest string) {
	k.begins[three>>5] |= 1 << (three & 31)
	if rest == "" {
		k.fourth[mix(three)] = 1<<32 - 1
		return
	}
	k.fourth[mix(three)] |= 1 << fiveBits[rest[0]]
}

// spot lists the key words in text and notes what they call for.
func (e *engine) spot(text []byte, g *gateState) {
	e.hits = e.hits[:0]
	if len(text) < 2 {
		return
	}
	k, five := e.keywords, &fiveBits
	last := uint32(five[text[1]]) // the character before this one
	third := k.begins[(uint32(five[text[0]])<<5|last)&(1<<10-1)]
	for i := 2; i < len(text); i++ {
		next := uint32(five[text[i]])
		if third>>(next&31)&1 != 0 { // as it is; the compiler needs to be told
			two := uint32(five[text[i-2]])<<5 | last
			if three := two<<5 | next; i+1 == len(text) || k.fourth[mix(three)]>>five[text[i+1]]&1 != 0 {
				e.spotAt(text, i-2, k.heads[mix(three)], g)
				if n := k.pairs[two&(1<<10-1)]; n != 0 {
					e.spotAt(text, i-2, n, g)
				}
			}
		}
		third, last = k.begins[(last<<5|next)&(1<<10-1)], next
	}
	e.spotAt(text, len(text)-2, k.pairs[(uint32(five[text[len(text)-2]])<<5|last)&(1<<10-1)], g)
}

// spotAt compares the text at i with the words of a list.
func (e *engine) spotAt(text []byte, i int, n uint16, g *gateState) {
	if n == 0 {
		return
	}
	begin := smallAt(text, i)
	for ; n != 0; n = e.keywords.next[n-1] {
		if f := e.keywords.fronts[n-1]; (begin^f.is)&f.mask != 0 {
			continue
		}
		if w := e.keywords.words[n-1]; len(w) <= 8 || len(text)-i >= len(w) && same(text[i:i+len(w)], w) {
			k := &e.keys[n-1]
			g.need |= k.need
			if len(k.rules) > 0 || k.need&(needLabel|needAWS|needBearer|needCall) != 0 {
				e.hits = append(e.hits, hit{int32(i + len(w)), int32(n - 1)})
			}
		}
	}
}

// any tells whether one of the words is in text.
func (k *keywords) any(text []byte) bool {
	for ; len(text) >= 2; text = text[1:] {
		two := uint32(fiveBits[text[0]])<<5 | uint32(fiveBits[text[1]])
		if k.begun(text, k.pairs[two]) || len(text) > 2 && k.begun(text, k.heads[mix(two<<5|uint32(fiveBits[text[2]]))]) {
			return true
		}
	}
	return false
}

// begun tells whether text begins with a word of a list.
func (k *keywords) begun(text []byte, n uint16) bool {
	for ; n != 0; n = k.next[n-1] {
		if w := k.words[n-1]; len(text) >= len(w) && same(text[:len(w)], w) {
			return true
		}
	}
	return false
}

// same compares text with a word of small letters.
func same(text []byte, w string) bool {
	for i := range len(w) {
		if lower(text[i]) != w[i] {
			return false
		}
	}
	return true
}
