package redact

import "strings"

// longestName is how far a name reaches before a title.
const longestName = 8

// has tells whether w stands at i.
func (c *scripts) has(i int, w string) bool {
	for _, r := range w {
		if c.g(i) != r {
			return false
		}
		i++
	}
	return true
}

// hasOne tells whether one of these begins at i.
func (c *scripts) hasOne(i int, words []string) bool {
	for _, w := range words {
		if c.has(i, w) {
			return true
		}
	}
	return false
}

// word is the text from i to j, for a look into a list.
func (c *scripts) word(i, j int) string {
	var b strings.Builder
	for ; i < j; i++ {
		b.WriteRune(c.line[i].r)
	}
	return b.String()
}

// hangulName is where a Korean name ends that begins at i: a family name with two syllables behind it, and nothing more or how a word goes on
// behind a name. Loose takes any two to five syllables, as a field of a form holds. 0 if there is none.
func (c *scripts) hangulName(i int, loose bool) int {
	end := c.run(i, isHangul)
	family := 0
	if hangulFamily[c.g(i)] {
		family = 1
	}
	if end-i >= 3 && strings.ContainsRune("남황제사선서독동", c.g(i)) && hangulFamily2[c.word(i, i+2)] {
		family = 2
	}
	if n := end - i; loose && n >= 2 && n <= 5 && (n <= 3 || family == 2) {
		return end
	}
	if family == 0 || end-i < 3 {
		return 0
	}
	to := i + family + 2
	if to > end {
		to = end
	}
	if hangulWords[c.word(i, to)] || to < end && !c.hasOne(to, hangulEnds) && !c.hasOne(to, hangulTitles) {
		return 0
	}
	return to
}

// hangulWord looks at a word in Hangul that begins at i: a name is told by a title behind it, or by what brackets say of it.
func (s *search) hangulWord(c *scripts, i int) {
	to := c.hangulName(i, false)
	if to == 0 {
		return
	}
	k := c.skip(to)
	switch {
	case c.hasOne(k, hangulTitles) && !(k == to && c.hasOne(k, hangulEnds) && !c.hasOne(k, []string{"씨", "님"})) && k-to <= 1:
	case c.g(k) == '(' && c.inBrackets(k):
	default:
		return
	}
	s.hangulAdd(c, i, to)
}

// hangulAdd takes a name, and the same in Han between brackets behind it.
func (s *search) hangulAdd(c *scripts, i, to int) {
	s.scriptAdd(c, i, to, person)
	if k := c.skip(to); c.g(k) == '(' {
		if end := c.run(k+1, isHan); end-k >= 3 && end-k <= 5 && c.g(end) == ')' {
			s.scriptAdd(c, k+1, end, person)
		}
	}
}

// inBrackets tells whether the bracket at k opens what is said of a person: the same name in Han, an address of e-mail, a phone, a number.
func (c *scripts) inBrackets(k int) bool {
	if n := c.run(k+1, isHan) - k - 1; n >= 2 && n <= 4 && c.g(k+1+n) == ')' {
		return true
	}
	for j := k + 1; j < k+50 && c.g(j) != 0 && c.g(j) != ')'; j++ {
		if c.g(j) == '@' {
			return true
		}
	}
	return c.g(k+1) == '0' && isFigure(c.g(k+2)) || c.has(k+1, "사번") || c.has(k+1, "만 ")
}

// scriptField looks at what stands behind a label that begins at i and ends at j.
func (s *search) scriptField(c *scripts, i, j int, kind labelKind) {
	k := c.behind(j)
	marked := c.marked(k)
	if marked {
		for k++; c.g(k) == ' ' || c.g(k) == '\t' || c.g(k) == '"' || c.g(k) == '\'' || c.g(k) == '*' || c.g(k) == '|'; k++ {
		}
	}
	switch kind {
	case nameLabel:
		s.scriptName(c, k)
	case roleLabel:
		if marked {
			s.scriptName(c, k)
		} else {
			s.scriptRole(c, j)
		}
	case calledLabel:
		if n := c.run(j, isHan) - j; n >= 2 && hanFamily[c.g(j)] {
			s.scriptAdd(c, j, j+min(n, 3), person)
		}
	case titleLabel:
		s.hanBeforeTitle(c, i)
	case addressLabel:
		if marked {
			s.scriptAddress(c, k)
		}
	case birthLabel:
		s.scriptBirth(c, k)
	case documentLabel:
		s.scriptDocument(c, k)
	case plateLabel:
		s.scriptPlate(c, k)
	case personLabel, towardLabel:
		if end := c.run(j, isThai); kind == personLabel && end-i <= 30 || end == j {
			if !marked {
				k = c.skip(end)
			}
			if k > end {
				s.thaiNames(c, k)
			}
		}
	case honourLabel:
		if !isThai(c.g(i-1)) || c.g(j-1) == '.' {
			s.thaiHonour(c, i, j)
		}
	}
}

// scriptName takes the name in a field that begins at k, perhaps behind the department, and the ones that are listed behind it.
func (s *search) scriptName(c *scripts, k int) {
	if isHangul(c.g(k)) {
		s.hangulField(c, k)
		return
	}
	if isThai(c.g(k)) {
		s.thaiNames(c, k)
		return
	}
	letter := func(r rune) bool { return isHan(r) || isKana(r) || r == '·' || r == '・' || r == 'ー' }
	end := c.run(k, letter)
	if n := end - k; n < 2 || n > 12 {
		return
	}
	for n := 1; n < end-k; n++ { // 王小明先生
		if kind, _ := c.label(k + n); kind == titleLabel && n >= 2 {
			end = k + n
		}
	}
	if end-k <= 6 && c.g(end) == ' ' {
		if to := c.run(end+1, letter); to > end+1 && to-end <= 7 {
			if kind, _ := c.label(end + 1); kind == 0 {
				end = to
			}
		}
	}
	if end-k <= 4 || isKana(c.g(k)) || c.g(end) != ' ' || end-k <= 12 {
		s.scriptAdd(c, k, end, person)
	}
	for ; c.g(end) == '、' || c.g(end) == ',' || c.g(end) == '，'; end = k {
		k = c.skip(end + 1)
		to := c.run(k, letter)
		if n := to - k; n < 2 || n > 6 {
			return
		}
		s.scriptAdd(c, k, to, person)
		k = to
	}
}

// hanPair takes two short words in Han with a space between that stand alone in a line of other letters: "Patient: 恵子 小林 (MRN ...". There are no
// other pairs there: Han is written without spaces.
func (s *search) hanPair(c *scripts, i int) {
	mid := c.run(i, isHan)
	end := c.run(mid+1, isHan)
	if c.g(mid) != ' ' || mid-i > 3 || end-mid-1 < 1 || end-mid-1 > 3 || end-i < 4 {
		return
	}
	before, behind := c.g(i-1), c.skip(end)
	if before == ' ' {
		before = c.g(i - 2)
	}
	if !isASCIIWord(before) && !strings.ContainsRune(":.,(\"'<>=-/", before) || ofScript(c.g(behind)) {
		return
	}
	s.scriptAdd(c, i, end, person)
}

// hangulField takes the names in a field: the first word, or one behind a department; and a list.
func (s *search) hangulField(c *scripts, k int) {
	for word := 0; word < 4 && isHangul(c.g(k)); word++ {
		end := c.run(k, isHangul)
		to := c.hangulName(k, false)
		if alone := c.skip(end); to == 0 && word == 0 && (c.g(alone) == 0 || c.g(alone) == '\r' || c.g(end) == ',' || c.g(alone) == '(' || c.g(end) == '\t' || c.g(end) == '|' || c.g(alone) == '/') {
			if to = c.hangulName(k, true); to > 0 && !hangulFamily[c.g(k)] {
				to = 0
			}
		}
		if to > 0 {
			s.scriptAdd(c, k, to, person)
			next := c.skip(end)
			if c.g(next) != ',' && c.g(next) != '、' && c.g(next) != '/' {
				if c.hasOne(next, hangulTitles) {
					next = c.skip(c.run(next, isHangul))
				}
				if c.g(next) != ',' {
					return
				}
			}
			k, word = c.skip(next+1), -1
			if !hangulFamily[c.g(k)] {
				return
			}
			continue
		}
		k = c.skip(end)
	}
}

// scriptRole takes the name behind what somebody is: one or two spaces, perhaps a number of a list.
func (s *search) scriptRole(c *scripts, j int) {
	k := c.skip(j)
	if k == j {
		return
	}
	if isFigure(c.g(k)) && c.g(k+1) == '.' {
		k = c.skip(k + 2)
	}
	if c.g(k) == '\'' || c.g(k) == '"' || c.g(k) == '‘' {
		k++
	}
	if isHangul(c.g(k)) {
		if to := c.hangulName(k, false); to > 0 {
			s.hangulAdd(c, k, to)
		}
		return
	}
	if end := c.run(k, isHan); end-k >= 2 && end-k <= 4 && hanFamily[c.g(k)] { // a Korean name in Han
		s.scriptAdd(c, k, end, person)
		if b := c.skip(end); c.g(b) == '(' {
			if to := c.run(b+1, isHangul); to-b > 2 && to-b < 6 {
				s.scriptAdd(c, b+1, to, person)
			}
		}
	}
}

// hanBeforeTitle takes the name before a title that begins at i.
func (s *search) hanBeforeTitle(c *scripts, i int) {
	from := i
	if c.g(i-1) == ' ' {
		from--
	}
	chinese := c.has(i, "先生") || c.has(i, "女士") || c.has(i, "小姐") || c.has(i, "老") || c.has(i, "经") || c.has(i, "經") || c.has(i, "医") || c.has(i, "醫") || c.has(i, "同") || c.has(i, "律") || c.has(i, "主任") || c.has(i, "教授")
	start := from
	for start > 0 && isHan(c.g(start-1)) && from-start < longestName {
		start--
	}
	if chinese {
		for n := 3; n >= 1; n-- {
			at := from - n
			if at >= start && hanFamily[c.g(at)] && (at == start || hanBefore[c.g(at-1)] || n == 3 && c.g(i) != '教') {
				s.scriptAdd(c, at, from, person)
				return
			}
		}
		if !(c.has(i, "先生") || c.has(i, "教授")) {
			return
		}
	}
	n := from - start
	if n == 0 {
		for start > 0 && isKana(c.g(start-1)) && c.g(start-1) >= 0x30a1 && from-start < 10 {
			start--
		}
		if from-start >= 2 && c.has(i, "さん") || from-start >= 2 && c.has(i, "様") {
			s.scriptAdd(c, start, from, person)
		}
		return
	}
	if n > 5 || hanNobody[c.word(start, from)] || n == 1 && (c.g(i) == '氏' || c.g(i) == '殿' || c.has(i, "先生")) || c.g(start-1) == 'お' || c.g(start-1) == 'ご' || n > 3 && (c.g(i) == '氏' || c.g(i) == '殿') && !isKana(c.g(start-1)) && start > 0 {
		return
	}
	if c.g(start-1) == ' ' { // the family name stands before it
		family := start - 1
		for family > 0 && isHan(c.g(family-1)) && start-family < 5 {
			family--
		}
		if family < start-1 {
			start = family
		}
	}
	s.scriptAdd(c, start, from, person)
}

// scriptNameRows takes rows of Korean names: three or more between commas, all with a family name and two syllables.
func (s *search) scriptNameRows(c *scripts) {
	for i := 0; i < len(c.line); i++ {
		if !isHangul(c.g(i)) || isHangul(c.g(i-1)) {
			continue
		}
		count, k := 0, i
		for {
			to := c.hangulName(k, false)
			if to == 0 || isHangul(c.g(to)) {
				break
			}
			count++
			k = c.skip(to)
			if c.g(k) != ',' && c.g(k) != '、' {
				break
			}
			k = c.skip(k + 1)
		}
		if count < 3 {
			continue
		}
		for k = i; count > 0; count-- {
			to := c.hangulName(k, false)
			s.scriptAdd(c, k, to, person)
			i, k = to, c.skip(c.skip(to)+1)
		}
	}
}
