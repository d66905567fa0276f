package redact

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"
)

// vendorRule is one rule of gitleaks: the form of one vendor's keys. Its expression is read when a text first has one of its
// key words, because most never come up.
type vendorRule struct {
	ID          string
	Regex       string
	SecretGroup int
	Entropy     float64
	Keywords    []string
	Allowlists  []*allowed

	form    ruleForm
	far     bool // its key may stand kilobytes from its key word
	led     bool // it begins with a name that has its key word in it: only there is it tried
	shape   *shape
	once    sync.Once
	pattern *expression
	failed  error
}

// allowed is what a rule takes for no secret.
type allowed struct {
	Regexes     []string
	RegexTarget string
	StopWords   []string
	Paths       []string

	patterns []*expression
	stops    *keywords // the stop words
}

// ruleForm says where a rule's key stands in relation to its key word.
type ruleForm uint8

const (
	anywhere ruleForm = iota // only the expression knows
	inToken                  // the key word is part of the key
	assigned                 // the key stands behind the key word and an operator
)

// operator is in the expressions of all rules that want an assignment.
const operator = `(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)`

func formOf(r *vendorRule) ruleForm {
	switch {
	case strings.Contains(r.Regex, operator) && !strings.Contains(r.Regex, `)|\b(A`):
		return assigned
	case strings.Contains(r.Regex, ".*"), strings.Contains(r.Regex, `\s*`), strings.Contains(r.Regex, `[\s\S`), strings.Contains(r.Regex, operator),
		strings.Contains(r.Regex, `(.{`), strings.Contains(r.Regex, `\n`):
		return anywhere
	case r.ID == "facebook-access-token", r.ID == "sourcegraph-access-token", r.ID == "airtable-personnal-access-token", r.ID == "cloudflare-origin-ca-key", r.ID == "sidekiq-sensitive-url":
		return anywhere
	}
	return inToken
}

// lead is how the rules of assignments begin: a part of a name.
const lead = `(?i)[\w.-]{0,50}?(?:`

// ledBy tells whether a match of the rule begins with a name that each of its key words is in.
func ledBy(r *vendorRule) bool {
	name, _, ok := strings.Cut(r.Regex, operator)
	if r.form != assigned || !ok || !strings.HasPrefix(name, lead) {
		return false
	}
	for _, w := range r.Keywords {
		if !strings.Contains(strings.ToLower(name), strings.ToLower(w)) {
			return false
		}
	}
	return true
}

// The rules want a quote or a space behind a key, as source code has it. Pages, tables and sentences have other marks.
const (
	narrowEnd = "(?:[\\x60'\"\\s;]|\\\\[nr]|$)"
	wideEnd   = "(?:[\\x60'\"\\s;&<>,?!|\\]}#]|[.](?:\\s|$)|\\\\[nr]|$)"
)

func (r *vendorRule) compiled() (*expression, error) {
	r.once.Do(func() {
		end := wideEnd
		if r.form == inToken {
			end = strings.Replace(wideEnd, "!|", "!)|", 1)
		}
		r.pattern, r.failed = newExpression(strings.ReplaceAll(r.Regex, narrowEnd, end), r.led)
		for _, a := range r.Allowlists {
			for _, x := range a.Regexes {
				p, err := newExpression(x, false)
				if err != nil {
					r.failed = err
					return
				}
				a.patterns = append(a.patterns, p)
			}
			if len(a.StopWords) > 0 && r.failed == nil {
				a.stops, r.failed = newKeywords(a.StopWords)
			}
		}
	})
	return r.pattern, r.failed
}

// ownWords call for detectors of ours.
var ownWords = func() map[string]need {
	m := map[string]need{"-----": needPEM, "eyj": needJWT, "(at)": needAt | needSpelled, "[at]": needAt | needSpelled, "(at]": needAt | needSpelled, "[at)": needAt | needSpelled}
	for _, w := range awsPrefixes {
		m[w] = needAWS
	}
	for _, w := range labels {
		var f folded
		f.fold([]byte(w))
		m[string(f.text)] = needLabel
	}
	for _, w := range bearers {
		m[w] = needBearer
	}
	for w := range commands {
		m[w] = needBearer
	}
	for _, w := range phoneWords {
		m[w] |= needCall
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
		if len(r.Keywords) == 0 {
			return fmt.Errorf("redact: rule %q of gitleaks has no key word: the pinned module is not the one this was made for", r.ID)
		}
		r.form = formOf(r)
		r.led = ledBy(r)
		r.far = strings.HasPrefix(r.ID, "curl") || r.ID == "kubernetes-secret-yaml" || r.ID == "private-key"
		for _, w := range r.Keywords {
			k := word(w)
			k.need |= needVendor
			k.rules = append(k.rules, int32(len(e.vendor)))
		}
		e.vendor = append(e.vendor, r)
	}
	for i, w := range words {
		e.keys[i].length = int32(len(w))
	}
	n, err := newKeywords(words)
	e.keywords = n
	return err
}

// gives is the class of what a rule finds: the generic rule knows of no vendor, so what it finds is a token, as any that somebody calls so.
func (r *vendorRule) gives() class {
	if r.ID == genericRule {
		return token
	}
	return secret
}

// allows tells whether the rule itself says that this is no secret.
func (r *vendorRule) allows(part []byte, m []int, start, end int) (bool, error) {
	for _, a := range r.Allowlists {
		if len(a.Paths) > 0 {
			continue
		}
		if a.stops != nil && a.stops.any(part[start:end]) {
			return true, nil
		}
		target := part[start:end]
		switch a.RegexTarget {
		case "match":
			target = part[m[0]:m[1]]
		case "line":
			lo, hi := bytes.LastIndexByte(part[:m[0]], '\n')+1, len(part)
			if i := bytes.IndexByte(part[m[1]:], '\n'); i >= 0 {
				hi = m[1] + i
			}
			target = part[lo:hi]
		}
		for _, p := range a.patterns {
			if m, err := p.find(target); m != nil || err != nil {
				return true, err
			}
		}
	}
	return false, nil
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
