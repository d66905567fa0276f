package redact

// group is a run of digits without a gap.
type group struct{ start, end int }

func (g group) len() int { return g.end - g.start }

// mostGap is how many separators may stand between digits that belong together.
const mostGap = 2

// digitRun is the run of digit groups that begins at i, and where it ends.
func digitRun(text []byte, i int, groups []group) ([]group, int) {
	for {
		start := i
		for i < len(text) && kindOf[text[i]] == isDigit {
			i++
		}
		groups = append(groups, group{start, i})
		j := i
		for j < len(text) && j-i < mostGap && kindOf[text[j]] == isGap {
			j++
		}
		if j == i || j == len(text) || kindOf[text[j]] != isDigit {
			return groups, i
		}
		i = j
	}
}

// opaqueDigits is how many digits that belong together are never shown, whatever they mean.
const opaqueDigits = 9

// findDigits finds cards, social security numbers and all other long numbers.
func findDigits(s *search) error {
	var memory [64]group
	for i := 0; i < len(s.text); {
		if kindOf[s.text[i]] != isDigit {
			i++
			continue
		}
		groups, end := digitRun(s.text, i, memory[:0])
		s.classify(groups)
		i = end
		if err := s.spend(len(groups)); err != nil {
			return err
		}
	}
	return nil
}

func (s *search) classify(groups []group) {
	n := 0
	for _, g := range groups {
		n += g.len()
	}
	if n < opaqueDigits {
		if n >= 5 && len(groups) >= 2 && groups[0].len() == 3 && groups[1].len() == 2 && s.text[groups[0].end] == '-' {
			s.add(groups[0].start, groups[len(groups)-1].end, number) // an unfinished SSN
		}
		return
	}
	rest := 0 // first group that is not told yet
	for i := 0; i < len(groups); {
		c, to := s.valueAt(groups, i)
		if c == noClass {
			i++
			continue
		}
		s.numbers(groups[rest:i])
		s.add(groups[i].start, groups[to].end, c)
		i = to + 1
		rest = i
	}
	s.numbers(groups[rest:])
}

func (s *search) numbers(groups []group) {
	if len(groups) > 0 {
		s.add(groups[0].start, groups[len(groups)-1].end, number)
	}
}

// valueAt is the class of the value that begins with group i, and its last group.
func (s *search) valueAt(groups []group, i int) (class, int) {
	best, n := -1, 0
	for j := i; j < len(groups) && n <= 19; j++ {
		n += groups[j].len()
		if n >= 13 && n <= 19 && luhn(s.text[groups[i].start:groups[j].end]) {
			best = j
		}
	}
	if best >= 0 {
		return card, best
	}
	if i+2 < len(groups) && groups[i].len() == 3 && groups[i+1].len() == 2 && groups[i+2].len() == 4 && s.isSSN(groups[i:i+3]) {
		return ssn, i + 2
	}
	return noClass, 0
}

// isSSN applies the rules of areas and groups that were never issued.
func (s *search) isSSN(g []group) bool {
	area := string(s.text[g[0].start:g[0].end])
	return area != "000" && area != "666" && area[0] != '9' &&
		string(s.text[g[1].start:g[1].end]) != "00" && string(s.text[g[2].start:g[2].end]) != "0000"
}

// luhn is the check of card numbers; what is no digit is skipped.
func luhn(text []byte) bool {
	sum, odd := 0, false
	for i := len(text) - 1; i >= 0; i-- {
		if kindOf[text[i]] != isDigit {
			continue
		}
		d := int(text[i] - '0')
		if odd {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum, odd = sum+d, !odd
	}
	return sum%10 == 0
}
