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
	stops    *dictionary // the stop words
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
				a.stops, r.failed = newDictionary(a.StopWords)
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

// How far around a key word its key may stand.
const (
	beforeHit = 160
	afterHit  = 420
	wideHit   = 4 << 10
	farWeight = 16 // those expressions are slow
)

// genericRule is the one whose key words stand in all source code.
const genericRule = "generic-api-key"

// findVendor runs the rules of each key word on the text around it, if something stands there that could be a key.
func findVendor(s *search) error {
	wide := hit{word: -1} // the last one around which a rule read far
	for _, h := range s.hits {
		k := &s.keys[h.word]
		if len(k.rules) == 0 {
			continue
		}
		start := int(h.end) - int(k.length)
		from, to, token := s.tokenAround(start, int(h.end))
		if err := s.spend(to - from); err != nil {
			return err
		}
		value := -1 // not looked for yet
		for _, id := range k.rules {
			r := s.vendor[id]
			lo, hi := max(0, start-beforeHit), min(len(s.text), int(h.end)+afterHit)
			switch r.form {
			case inToken:
				if !token {
					continue
				}
				lo, hi = max(0, from-4), min(len(s.text), to+4)
				if err := s.spend(hi - lo); err != nil {
					return err
				}
				if !r.fits(s.text[lo:hi]) {
					continue
				}
			case assigned:
				if value < 0 {
					value = s.assignment(int(h.end))
				}
				if value == 0 {
					continue
				}
				if r.ID == genericRule {
					if value == 1 {
						continue
					}
					hi = min(hi, int(h.end)+260)
				}
				if r.led {
					for lo = start; lo > 0 && lo > start-50 && (alnum(s.text[lo-1]) || byteIn(s.text[lo-1], "_.-")); {
						lo--
					}
				}
			default:
				if !s.worth(r, start) {
					continue
				}
				if r.far {
					if wide.word == h.word && wide.end != h.end && int(h.end-wide.end) < wideHit/2 {
						continue
					}
					wide = h
					if err := s.spend(farWeight * 2 * wideHit); err != nil {
						return err
					}
					lo, hi = max(0, start-wideHit), min(len(s.text), int(h.end)+wideHit)
				}
			}
			if err := s.try(r, lo, hi); err != nil {
				return err
			}
		}
	}
	return nil
}

// worth tells whether a rule without a form of its own can match: a cheap look for what it needs besides its key word.
func (s *search) worth(r *vendorRule, at int) bool {
	switch r.ID {
	case "kubernetes-secret-yaml":
		return s.hasFold("kind") && s.hasFold("data")
	case "curl-auth-header":
		return s.around(at, "-H") || s.around(at, "--header")
	case "curl-auth-user":
		return s.around(at, "-u") // --user, too
	case "hashicorp-tf-password":
		end := min(len(s.text), at+80)
		return bytes.IndexByte(s.text[at:end], '"') >= 0 && bytes.IndexByte(s.text[at:end], '=') >= 0
	}
	return true
}

// around tells whether a word stands near enough to at for a rule that reads far.
func (s *search) around(at int, word string) bool {
	return bytes.Contains(s.text[max(0, at-wideHit):min(len(s.text), at+2*wideHit)], []byte(word))
}

// hasFold tells whether a word of small letters is in the text, in either case.
func (s *search) hasFold(word string) bool {
	for i := 0; i+len(word) <= len(s.text); i++ {
		j := 0
		for j < len(word) && lower(s.text[i+j]) == word[j] {
			j++
		}
		if j == len(word) {
			return true
		}
	}
	return false
}

// try runs one rule on a part of the text.
func (s *search) try(r *vendorRule, lo, hi int) error {
	if err := s.spend(hi - lo); err != nil {
		return err
	}
	re, err := r.compiled()
	if err != nil {
		return err
	}
	part := s.text[lo:hi]
	for len(part) > 0 {
		m, err := re.find(part)
		if m == nil || err != nil {
			return err
		}
		start, end := r.secret(m)
		if (r.Entropy == 0 || entropy(part[start:end]) >= r.Entropy) && !placeholder(part[start:end]) && !specimen(part[start:end]) {
			allowed, err := r.allows(part, m, start, end)
			if err != nil {
				return err
			}
			if !allowed {
				s.add(lo+start, lo+end, r.gives())
			}
		}
		if r.led {
			return nil
		}
		next := max(m[1], 1)
		part, lo = part[next:], lo+next
	}
	return nil
}

// gives is the class of what a rule finds: the generic rule knows of no vendor, so what it finds is a token, as any that somebody calls so.
func (r *vendorRule) gives() class {
	if r.ID == genericRule {
		return token
	}
	return secret
}

// specimen tells of keys in which the alphabet or the digits stand in their order.
func specimen(v []byte) bool {
	for _, row := range [...]string{"abcdefghij", "ABCDEFGHIJ", "0123456789", "1234567890"} {
		if bytes.Contains(v, []byte(row)) {
			return true
		}
	}
	return false
}

// tokenAround tells whether the key word is part of a run of letters, digits and a few marks that is long enough for a key and
// has a digit in it.
func (s *search) tokenAround(start, end int) (int, int, bool) {
	digit := false
	for start > 0 && keyPart(s.text[start-1]) && end-start < 96 {
		start--
	}
	for end < len(s.text) && keyPart(s.text[end]) && end-start < 1600 {
		end++
	}
	letters, large := false, false
	for _, c := range s.text[start:end] {
		if kindOf[c] == isDigit {
			digit = true
			break
		}
		letters = letters || c >= 'a' && c <= 'z'
		large = large || c >= 'A' && c <= 'Z'
	}
	return start, end, end-start >= 12 && (digit || end-start >= 20 && letters && large)
}

var inKey = tableOf(`-_.=+/~%|:@\\`)

func keyPart(c byte) bool {
	return inKey[c]
}

// assignment tells whether an operator and a value of eight characters or more stand behind a key word, with nothing but a name, spaces
// and quotes between: 0 no, 1 without a digit, 2 with one.
func (s *search) assignment(at int) int {
	i, end := at, min(len(s.text), at+64)
	for i < end && beforeOperator[s.text[i]] {
		i++
	}
	if i == end || !inOperator[s.text[i]] {
		return 0
	}
	i++
	for to := min(len(s.text), i+9); i < to && (inOperator[s.text[i]] && s.text[i] != ',' || s.text[i] == '\'' || s.text[i] == '"' || s.text[i] == '`' || s.text[i] <= ' '); {
		i++
	}
	start, found := i, 1
	for i < len(s.text) && keyPart(s.text[i]) && i < start+200 {
		if kindOf[s.text[i]] == isDigit {
			found = 2
		}
		i++
	}
	if i-start < 8 {
		return 0
	}
	return found
}

var (
	beforeOperator = tableOf("_.- \t\r\n\v\f'\"")
	inOperator     = [256]bool{'=': true, '>': true, ':': true, '|': true, '?': true, ',': true}
)

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
