package redact

// trait is a set of lists of the program's own that a word stands in: titles, months, forms of companies. All lists lie in one table, so that
// one look tells all that is known of a word.
type trait uint64

// traitTable is a table with open addresses, by the hash of a word. It is full to a third at most.
type traitTable struct {
	sieve [1 << 8]uint64 // a bit of 14 bits of each hash: most words of a text are in no list
	cells [1 << traitBits]struct {
		hash uint64
		of   trait
	}
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
				t.add(hashWord(words[start:i]), bit)
			}
			start = i + 1
		}
	}
	if t.next == 0 || t.used > len(t.cells)/3 {
		panic("redact: the lists of words are too many for their table")
	}
	return bit
}

func (t *traitTable) add(h uint64, bit trait) {
	t.sieve[h>>50&0xff] |= 1 << (h >> 58)
	i := h & (1<<traitBits - 1)
	for t.cells[i].hash != 0 && t.cells[i].hash != h {
		i = (i + 1) & (1<<traitBits - 1)
	}
	if t.cells[i].hash == 0 {
		t.used++
	}
	t.cells[i].hash = h
	t.cells[i].of |= bit
}

// traitsOf gives the lists in which the word with this hash stands.
func traitsOf(h uint64) trait {
	if traits.sieve[h>>50&0xff]>>(h>>58)&1 == 0 {
		return 0
	}
	for i := h & (1<<traitBits - 1); ; i = (i + 1) & (1<<traitBits - 1) {
		switch c := &traits.cells[i]; c.hash {
		case h:
			return c.of
		case 0:
			return 0
		}
	}
}
