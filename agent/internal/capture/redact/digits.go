package redact

// group is a run of digits without a gap.
type group struct {
	start, end int
	more       bool // it belongs to the group before it
}

func (g group) len() int { return g.end - g.start }

// mostGap is how many separators may stand between digits that belong together.
const mostGap = 2

// near tells whether what stands between two groups of digits may stand inside of one number.
func near(text []byte, end, start int) bool {
	if n := start - end; n < 1 || n > mostGap && !(n == 3 && string(text[end:start]) == " / ") {
		return false
	}
	for _, c := range text[end:start] {
		if kindOf[c] != isGap {
			return false
		}
	}
	return true
}

// run is the groups that belong to group i, from it on.
func (s *search) run(i int) []group {
	j := i + 1
	for j < len(s.groups) && s.groups[j].more {
		j++
	}
	return s.groups[i:j]
}

// opaqueDigits is how many digits that belong together are never shown, whatever they mean.
const opaqueDigits = 9

// findDigits finds cards, social security numbers and all other long numbers.
func findDigits(s *search) error {
	for i := 0; i < len(s.groups); {
		groups := s.run(i)
		s.classify(groups)
		i += len(groups)
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
		if n == 8 && len(groups) == 1 && s.alone(groups[0]) {
			s.add(groups[0].start, groups[0].end, number)
		}
		return
	}
	rest, beside := 0, false // first group that is not told yet; whether a value ends before it
	for i := 0; i < len(groups); {
		c, to := s.valueAt(groups, i)
		if c == noClass {
			if d := s.dateOf(groups[i:]); d > 0 {
				s.numbers(groups[rest:i], beside)
				i += d
				rest, beside = i, false
				continue
			}
			i++
			continue
		}
		s.numbers(groups[rest:i], true)
		s.add(groups[i].start, groups[to].end, c)
		i = to + 1
		rest, beside = i, true
	}
	s.numbers(groups[rest:], beside)
}

// alone tells of eight digits that are no date, no part of something, not round, and that nothing counts: an account, a phone.
func (s *search) alone(g group) bool {
	d := s.text[g.start:g.end]
	month, day := (d[4]-'0')*10+d[5]-'0', (d[6]-'0')*10+d[7]-'0'
	dated := (d[0] == '1' && d[1] == '9' || d[0] == '2' && d[1] == '0') && month <= 12 && day <= 31
	return !dated && d[0] != '0' && string(d[5:]) != "000" && !s.counted(g.end) && (g.start == 0 || !inKey[s.text[g.start-1]] || s.text[g.start-1] == ':') &&
		(g.end == len(s.text) || !inKey[s.text[g.end]] || s.text[g.end] == '.' && (g.end+1 == len(s.text) || s.text[g.end+1] <= ' '))
}

// numbers takes groups that are nine digits or more together. Columns of a table are no number. Groups beside a value are taken
// whatever they are: the value may begin or end elsewhere than it seems.
func (s *search) numbers(groups []group, beside bool) {
	if beside && len(groups) > 0 {
		s.add(groups[0].start, groups[len(groups)-1].end, number)
		return
	}
	dot, space := false, false // columns with fractions
	for i := 1; i < len(groups); i++ {
		dot = dot || s.text[groups[i].start-1] == '.'
		space = space || s.text[groups[i].start-1] == ' '
	}
	if dot && !space && len(groups) >= 3 && versioned(s.text, groups[0].start) {
		return
	}
	for from := 0; from < len(groups); {
		to, n := from, 0
		for to < len(groups) && (to == from || s.close(groups[to-1], groups[to]) && !(dot && space && s.text[groups[to].start-1] == ' ')) {
			n += groups[to].len()
			to++
		}
		if n >= opaqueDigits {
			s.add(groups[from].start, groups[to-1].end, number)
		}
		from = to
	}
}

// versioned tells whether what begins at i stands behind a slash or a "v", as the numbers of programs do: Chrome/126.0.6478.127.
func versioned(text []byte, i int) bool {
	return i > 1 && (text[i-1] == '/' && kindOf[text[i-2]] == isLetter || lower(text[i-1]) == 'v' && !alnum(text[i-2]))
}

// close tells whether two groups are parts of one number: one separator between them, or a bracket and one more.
func (s *search) close(a, b group) bool {
	gap := s.text[a.end:b.start]
	for _, c := range gap {
		if c == '\n' || c == '\t' || c == '\r' {
			return false
		}
	}
	return len(gap) == 1 || gap[0] != gap[1]
}

// dateOf is how many groups are a date and a time: 2026-03-04, 4.3.2026, 2026-03-04 10; 0 if they begin with none.
func (s *search) dateOf(g []group) int {
	if n := s.stamp(g); n > 0 {
		return n
	}
	if len(g) < 3 || g[0].len() > 4 || s.text[g[0].end] != s.text[g[1].end] || s.text[g[0].end] == ' ' || g[1].start-g[0].end != 1 || g[2].start-g[1].end != 1 {
		return 0
	}
	value := func(g group) int {
		n := 0
		for _, c := range s.text[g.start:g.end] {
			n = n*10 + int(c-'0')
		}
		return n
	}
	year := func(g group) bool { return g.len() == 4 && value(g) >= 1900 && value(g) < 2100 }
	day := func(g group) bool { return g.len() <= 2 && value(g) >= 1 && value(g) <= 31 }
	if !(year(g[0]) && day(g[1]) && day(g[2]) || day(g[0]) && day(g[1]) && year(g[2])) {
		return 0
	}
	if len(g) > 3 && g[3].len() <= 2 && g[3].end < len(s.text) && s.text[g[3].end] == ':' {
		return 4
	}
	return 3
}

// stamp is how many groups are the time of a log: 20171223-22:15, 20171223 221532, and at the start of a line 081109 203518 and a process; 0 if they begin
// with none.
func (s *search) stamp(g []group) int {
	if len(g) < 2 || g[1].start-g[0].end != 1 {
		return 0
	}
	two := func(at int) int { return int(s.text[at]-'0')*10 + int(s.text[at+1]-'0') }
	dated := func(at int) bool { // month and day
		m, d := two(at), two(at+2)
		return m >= 1 && m <= 12 && d >= 1 && d <= 31
	}
	timed := func(g group) bool {
		return g.len() == 6 && two(g.start) < 24 && two(g.start+2) < 60 && two(g.start+4) < 60
	}
	a, b := g[0], g[1]
	switch century := a.len() == 8 && (two(a.start) == 19 || two(a.start) == 20) && dated(a.start+4); {
	case century && (timed(b) || b.len() == 2 && b.end < len(s.text) && s.text[b.end] == ':'):
		return 2
	case a.len() == 6 && dated(a.start+2) && timed(b) && s.text[a.end] == ' ' && (a.start == 0 || s.text[a.start-1] == '\n'):
		if len(g) > 2 && g[2].len() <= 5 && g[2].start-b.end == 1 {
			return 3
		}
		return 2
	}
	return 0
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
		if !s.cardLike(groups[i : best+1]) {
			return number, best
		}
		return card, best
	}
	if i+2 < len(groups) && groups[i].len() == 3 && groups[i+1].len() == 2 && groups[i+2].len() == 4 && s.isSSN(groups[i:i+3]) {
		return ssn, i + 2
	}
	return noClass, 0
}

// cardLike tells whether groups whose sum is right are written as cards are: a length that a network has, and no more than one kind of gap.
// What is not is a number all the same.
func (s *search) cardLike(groups []group) bool {
	first := groups[0]
	if at := first.start; at > 1 && (s.text[at-1] == '_' || s.text[at-1] == '-' && s.text[at-2] == '_' || s.text[at-1] == '.' && kindOf[s.text[at-2]] == isDigit) {
		return false // a part of a name, or of a fraction
	}
	n, head := 0, 0
	for k, g := range groups {
		if n += g.len(); k > 0 && (s.text[first.end] != s.text[groups[k-1].end] && s.text[groups[k-1].end] != '\n' || g.len() < 3) {
			return false
		}
	}
	for at, k := first.start, 0; k < 4; at++ { // over gaps
		if kindOf[s.text[at]] == isDigit {
			head, k = head*10+int(s.text[at]-'0'), k+1
		}
	}
	if len(groups) == 2 && n < 16 { // a date of birth and a serial number
		return false
	}
	switch two := head / 100; {
	case head/1000 == 4:
		return n == 16 || n == 13 || n == 19
	case two >= 51 && two <= 55, head >= 2221 && head <= 2720:
		return n == 16
	case two == 34 || two == 37:
		return n == 15
	case two == 30 || two == 36 || two == 38 || two == 39:
		return n >= 14
	case two == 35 || two >= 60 && two <= 65 || two == 81 || two == 82 || head == 9792 || head >= 2200 && head <= 2204:
		return n >= 16
	case two == 50 || two >= 56 && two <= 69:
		return n >= 13 // Maestro
	case head == 1800 || head == 2131:
		return n == 15
	}
	return false
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
