package redact

import (
	"fmt"
	"regexp"
	"sync"

	"github.com/pelletier/go-toml/v2"
)

// vendorRule is one rule of gitleaks: the form of one vendor's keys. Its expression is compiled when a text first has one of its
// key words, because most never come up and the compiled ones are large.
type vendorRule struct {
	ID          string
	Regex       string
	SecretGroup int
	Entropy     float64
	Keywords    []string

	once    sync.Once
	pattern *regexp.Regexp
	failed  error
}

func (r *vendorRule) compiled() (*regexp.Regexp, error) {
	r.once.Do(func() { r.pattern, r.failed = regexp.Compile(r.Regex) })
	return r.pattern, r.failed
}

// ownWords call for detectors of ours.
var ownWords = func() map[string]need {
	m := map[string]need{"-----": needPEM, "eyj": needJWT}
	for _, w := range awsPrefixes {
		m[w] = needAWS
	}
	for _, w := range labels {
		m[w] = needLabel
	}
	return m
}()

// addVendor reads the rules out of gitleaks' own configuration, and makes the words of the gate. A rule without an expression
// is about names of files and is left out.
func (e *engine) addVendor(text string) error {
	var file struct{ Rules []*vendorRule }
	if err := toml.Unmarshal([]byte(text), &file); err != nil {
		return fmt.Errorf("redact: read the rules of gitleaks, which come with the program: %w", err)
	}
	words, index := []string{}, map[string]int{}
	word := func(w string) *keyword {
		b := []byte(w)
		for i := range b {
			b[i] = lower(b[i])
		}
		i, ok := index[string(b)]
		if !ok {
			i = len(words)
			index[string(b)] = i
			words = append(words, string(b))
			e.keys = append(e.keys, keyword{})
		}
		return &e.keys[i]
	}
	for w, n := range ownWords {
		word(w).need |= n
	}
	for _, r := range file.Rules {
		if r.Regex == "" {
			continue
		}
		if len(r.Keywords) == 0 || len(e.vendor) == 64*len(bitset{}) {
			return fmt.Errorf("redact: rule %q of gitleaks has no key word, or there are too many rules: the pinned module is not the one this was made for", r.ID)
		}
		for _, w := range r.Keywords {
			k := word(w)
			k.need |= needVendor
			k.rules = append(k.rules, int32(len(e.vendor)))
		}
		e.vendor = append(e.vendor, r)
	}
	n, err := newNeedles(words)
	e.keywords = n
	return err
}

func findVendor(s *search) error {
	for i, r := range s.vendor {
		if !s.gate.rules.has(i) {
			continue
		}
		if err := s.spend(len(s.text)); err != nil {
			return err
		}
		re, err := r.compiled()
		if err != nil {
			return err
		}
		for _, m := range re.FindAllSubmatchIndex(s.text, -1) {
			start, end := r.secret(m)
			if r.Entropy == 0 || entropy(s.text[start:end]) >= r.Entropy {
				s.add(start, end, secret)
			}
		}
	}
	return nil
}

// secret is the part of a match that is the key: the group that the rule names, else the first group, else all.
func (r *vendorRule) secret(m []int) (int, int) {
	if g := r.SecretGroup; g > 0 && 2*g+1 < len(m) && m[2*g] >= 0 {
		return m[2*g], m[2*g+1]
	}
	for g := 2; g+1 < len(m); g += 2 {
		if m[g] >= 0 && m[g] < m[g+1] {
			return m[g], m[g+1]
		}
	}
	return m[0], m[1]
}
