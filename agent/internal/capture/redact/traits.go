package redact

// trait is a set of lists of the program's own that a word stands in: titles, months, forms of companies. All lists lie in one table, so that
// one look tells all that is known of a word.
type trait uint64

// traitTable is a table in which each word has one of two places, by its hash, so that a look takes no guess of the processor's. It is full
// to the half at most.
type traitTable struct {
	tags [1 << traitBits]uint32  // the upper half of a hash, 0 for none
	of   [1<<traitBits + 1]trait // of the word whose tag stands one place before; the first one is of a word in no list
	used int
	next trait
}

const traitBits = 12

// traits is filled while the package's variables are made, and read only afterwards.
var traits traitTable

// traitOf makes a list of words, which the caller writes with spaces between them.
func traitOf(words string) trait {
	t := &traits
	if t.next == 0 {
		t.next = 1
	}
	bit := t.next
	t.next <<= 1
	start := 0
	for i := 0; i <= len(words); i++ {
		if i == len(words) || words[i] == ' ' || words[i] == '\n' || words[i] == '\t' {
			if i > start {
				word := []byte(words[start:i])
				if nextBad(word, 0) < len(word) {
					var f folded
					f.fold(word)
					word = f.text
				}
				t.add(hashOf(word), bit)
			}
			start = i + 1
		}
	}
	if t.next == 0 || t.used > len(t.tags)/2 {
		panic("redact: the lists of words are too many for their table")
	}
	return bit
}

// tagOf is what a word is known by in the table, and its first place.
func tagOf(h uint64) (tag uint32, at uint32) { return uint32(h >> 32), uint32(h) & (1<<traitBits - 1) }

// otherPlace is the second place of a word, or the first, seen from the second.
func otherPlace(tag, at uint32) uint32 { return at ^ tag>>(32-traitBits) }

func (t *traitTable) add(h uint64, bit trait) {
	tag, a := tagOf(h)
	for _, at := range [...]uint32{a, otherPlace(tag, a)} {
		if t.tags[at] == tag {
			t.of[at+1] |= bit
			return
		}
	}
	t.used++
	if t.tags[a] != 0 {
		a = otherPlace(tag, a)
	}
	for of, n := bit, 0; n < len(t.tags); n++ {
		t.tags[a], tag = tag, t.tags[a] // who had the place goes to their other one
		t.of[a+1], of = of, t.of[a+1]
		if tag == 0 {
			return
		}
		a = otherPlace(tag, a)
	}
	panic("redact: two lists of words do not fit into their table")
}

// traitsOf gives the lists in which the word with this hash stands.
func traitsOf(h uint64) trait {
	tag, a := tagOf(h)
	b := otherPlace(tag, a)
	return traits.of[one(traits.tags[a] == tag)*int(a+1)] | traits.of[one(traits.tags[b] == tag)*int(b+1)]
}
