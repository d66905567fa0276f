package redact

import "bytes"

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
