package redact

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/byleave/byleave/policy"
	"github.com/zricethezav/gitleaks/v8/config"
)

// span is a place in a text where something was found. Offsets are bytes of the text that was given to scan.
type span struct {
	start, end int
	class      class
}

// detector finds one kind of value. It runs only on texts that call for it.
type detector struct {
	name string
	when need
	find func(*search) error
}

// listed is what one passage over a text has listed.
type listed struct {
	words   []word
	lines   []line
	groups  []group // of digits
	longs   []group // tokens of 16 characters or more
	hits    []hit   // key words
	colons  []int32 // where they stand
	large   []int32 // words with a capital
	figures []int32 // words with a digit, and odd ones
	begins  []int32 // words with which a name may begin: none of code, all of a sentence without capitals
	telling []int32 // words in or behind which context tells of a value: all of such a sentence
	seen    trait   // of any word
}

// search is one text on its way through the detectors.
type search struct {
	*engine
	listed        // the engine's: it is asked for more than all else
	text   []byte // folded
	raw    []byte // as it was given, nil if folding changed nothing
	gate   gateState
	found  []span
	people []int32 // words of names
	work   int

	called int // hits before it are too far away to announce a phone
}

// Limits of one text. More than that is not searched: all of it is redacted.
const (
	mostText  = 1 << 20
	mostSpans = 1 << 16
	mostWork  = 64 << 20 // bytes that expressions have read
)

var errOverrun = errors.New("redact: a detector took more than its budget")

// spend counts the work of an expression that reads n bytes.
func (s *search) spend(n int) error {
	if s.work += n; s.work > mostWork || len(s.found) > mostSpans {
		return errOverrun
	}
	return nil
}

func (s *search) add(start, end int, c class) {
	if len(s.found) > mostSpans {
		panic(errOverrun) // scan turns it into the whole text
	}
	if start < end {
		s.found = append(s.found, span{start, end, c})
	}
}

// engine finds what must not leave. One goroutine at a time may use it: it reuses its memory.
type engine struct {
	detectors []detector
	keywords  *keywords
	keys      []keyword
	vendor    []*vendorRule
	patterns  []*pattern
	terms     *dictionary
	digest    [32]byte

	folded folded
	search search
	listed         // of the text that is searched
	tally  tally   // of the line that is read
	asked  []asked // words that are looked up
	table  *lookedUp
	order  []uint64
	ends   []int32 // of stretches of the text, in order
	united []span
	value  []byte // memory of normal
	plain  []byte
	nested bool // what is searched was decoded out of a text

	characters func([]byte) int // counts those of the text that was searched last; nil if it is plain ASCII
	inner      *engine
	scripts    scripts
}

// keyword is what a word of the gate calls for.
type keyword struct {
	length int32
	need   need
	rules  []int32
}

// rulesVersion rises with every change of what the detectors or the masks do.
const rulesVersion = "8"

func newEngine(p policy.Policy) (*engine, error) {
	e := &engine{table: &lookedUp{}}
	rules := p.Message().GetRedaction()
	if err := e.addVendor(config.DefaultConfig); err != nil {
		return nil, err
	}
	if err := e.addPolicy(rules.GetPatterns(), rules.GetTerms()); err != nil {
		return nil, err
	}
	e.detectors = []detector{
		{"pem", needPEM, findPEM},
		{"jwt", needJWT, findJWT},
		{"digits", needDigits, findDigits},
		{"iban", needIBAN, findIBAN},
		{"email", needAt, findEmail},
		{"userinfo", needScheme, findUserinfo},
		{"bearer", needBearer | needAt, findBearers},
		{"aws", needAWS, findAWS},
		{"vendor", needVendor, findVendor},
		{"label", needLabel, findLabelled},
		{"ip4", needDigits, findIP4},
		{"ip6", needColons, findIP6},
		{"phone", needDigits, findPhone},
		{"wallet", needLong, findWallet},
		{"words", needWords, findWords},
		{"scripts", needWords, findScripts},
		{"indic", needWords, findIndic},
		{"encoded", needLong | needPercent | needEscape, findEncoded},
		{"patterns", needAlways, findPatterns},
		{"terms", needAlways, findTerms},
		{"token", needLong, findToken},
	}
	e.digest = digestOf(rules.GetPatterns(), rules.GetTerms())
	return e, nil
}

// digestOf is over everything that decides what is found.
func digestOf(patterns, terms []string) [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "byleave redact %s %s\n%s %s\n%d\n", rulesVersion, maskVersion, wordDigest, checkDigest, len(config.DefaultConfig))
	_, _ = io.WriteString(h, config.DefaultConfig) // a hash takes everything
	for _, list := range [...][]string{patterns, terms} {
		fmt.Fprintf(h, "%d\n", len(list))
		for _, s := range list {
			fmt.Fprintf(h, "%d %s\n", len(s), s)
		}
	}
	return [32]byte(h.Sum(nil))
}

// scan gives the spans of text that must be redacted, in order, without overlap. The result is valid until the next call.
// It gives nil without allocating for a text in which nothing calls for a detector. If anything goes wrong it gives all of text.
func (e *engine) scan(text []byte) (found []span) {
	if Disconnected || len(text) == 0 {
		return nil
	}
	s := &e.search
	e.characters = utf8.RuneCount
	*s = search{engine: e, text: text, found: s.found[:0], people: s.people[:0]}
	defer func() {
		if recover() != nil {
			found = e.all(text)
		}
	}()
	if len(text) > mostText {
		return e.all(text)
	}
	away := s.fold()
	e.spot(s.text, &s.gate)
	if e.read(s.text, &s.gate) != nil {
		return e.all(text)
	}
	s.listed = e.listed
	if e.patterns != nil || e.terms != nil {
		s.gate.need |= needAlways
	}
	for i := range e.detectors {
		if d := &e.detectors[i]; d.when&s.gate.need != 0 {
			if d.find(s) != nil || s.spend(0) != nil {
				return e.all(text)
			}
		}
	}
	if len(s.found) == 0 {
		return nil
	}
	e.inOrder(s.found, len(s.text))
	e.united = e.united[:0]
	for _, o := range e.order {
		e.united = unite(e.united, s.found[uint32(o)])
	}
	if away {
		s.found = s.found[:0]
		for _, f := range e.united {
			f.start, f.end = e.folded.origin(f.start, f.end)
			s.found = unite(s.found, f)
		}
		return s.found
	}
	return e.united
}

// inOrder lists spans of a text of some size by where they begin. They are dealt out to stretches of the text first, of which few have more than one.
func (e *engine) inOrder(found []span, size int) {
	const stretch = 64
	e.order = slices.Grow(e.order[:0], len(found))[:len(found)]
	e.ends = slices.Grow(e.ends[:0], size/stretch+2)[:size/stretch+2]
	clear(e.ends)
	for _, f := range found {
		e.ends[f.start/stretch+1]++
	}
	for i := 1; i < len(e.ends); i++ {
		e.ends[i] += e.ends[i-1]
	}
	for i, f := range found {
		end := &e.ends[f.start/stretch]
		e.order[*end] = uint64(f.start)<<32 | uint64(i)
		*end++
	}
	begin := int32(0)
	for _, end := range e.ends {
		if end > begin+1 {
			slices.Sort(e.order[begin:end])
		}
		begin = end
	}
}

// fold folds the text, unless it is plain ASCII. It tells whether it did, and finds how the characters of the text are counted.
func (s *search) fold() bool {
	if nextBad(s.text, 0) == len(s.text) {
		s.characters = nil
		return false
	}
	s.raw = s.text
	s.folded.fold(s.text)
	s.text = s.folded.text
	if s.folded.valid {
		s.characters = beginnings
	}
	return true
}

// all is the answer when no other is safe.
func (e *engine) all(text []byte) []span {
	e.search.found = append(e.search.found[:0], span{0, len(text), opaque})
	return e.search.found
}

// unite adds a span to others that begin before it, or joins it with the last one if they overlap; the lower class wins.
func unite(out []span, s span) []span {
	if len(out) == 0 || s.start >= out[len(out)-1].end {
		return append(out, s)
	}
	last := &out[len(out)-1]
	last.end, last.class = max(last.end, s.end), min(last.class, s.class)
	return out
}

// normal is the form of a value in which equal values are equal. It is valid until the next call.
func (e *engine) normal(c class, value []byte) []byte {
	if nextBad(value, 0) < len(value) {
		e.folded.fold(value)
		value = e.folded.text
	}
	out := e.value[:0]
	for _, b := range value {
		k := kindOf[b]
		switch c {
		case ssn, card, number, phone:
			if k == isDigit {
				out = append(out, b)
			}
		case iban:
			if k == isDigit || k == isLetter {
				out = append(out, lower(b))
			}
		case email, term:
			out = append(out, lower(b))
		default:
			return value
		}
	}
	e.value = out
	return out
}
