package redact

import "bytes"

// figured looks at what has digits: at names of accounts, at numbers of documents, at places and passwords that tell what they are by their form.
func (s *search) figured() {
	from := 0
	for n := range s.groups {
		g := &s.groups[n]
		if g.start < from || g.start == 0 {
			continue
		}
		next := byte(' ')
		if g.end < len(s.text) {
			next = s.text[g.end]
		}
		switch c := s.text[g.start-1]; {
		case kindOf[c] == isLetter || c == '_':
			if kindOf[next] != isLetter || c < 'a' && next < 'a' { // http2Transport is a name of a program
				from = s.coded(g)
			}
		case c == '.':
			if g.end-g.start >= leastPrecise && g.start > 1 {
				s.afterDot(g)
			}
		case aroundShuffled[c] && (kindOf[next] == isLetter || aroundShuffled[next]):
			from = s.shuffled(g.start, g.end)
		}
	}
}

// coded takes the word of letters and digits that a group of digits belongs to, and gives where it ends.
func (s *search) coded(g *group) int {
	start, end := g.start, g.end
	for start > 0 && inHandle[s.text[start-1]] && end-start <= longestUser {
		start--
	}
	if end = s.handleEnd(end); end-start > longestUser {
		return end
	}
	if start > 0 && aroundShuffled[s.text[start-1]] || end < len(s.text) && aroundShuffled[s.text[end]] {
		if to := s.shuffled(start, end); to > 0 {
			return to
		}
	}
	if end-start < 5 || start > 0 && !byteIn(s.text[start-1], " \n\t('\"@>[") || end < len(s.text) && byteIn(s.text[end], "=/(:@[{\\_*%") {
		return end
	}
	v := s.text[start:end]
	found := false
	switch c := v[0]; {
	case c >= 'a' && c <= 'z':
		found = s.personal(v, false)
	case c >= 'A' && c <= 'Z':
		found = serial(v)
	}
	if found && s.inSentence(start) {
		s.add(start, end, document)
	}
	return end
}

// inSentence tells whether the line at i is none of code, and nothing was found there.
func (s *search) inSentence(i int) bool {
	n := s.wordBefore(i + 1)
	if n+1 < len(s.words) && int(s.words[n+1].start) <= i {
		n++
	}
	return n >= 0 && s.lines[s.words[n].line].kind != codeLine && s.words[n].tag == noClass
}

// besideCards takes the month in which a card ends, and the number on its back, where they follow its own: 4111111111111111 04/27 123.
func (s *search) besideCards() {
	for n := range s.found {
		if s.found[n].class != card {
			continue
		}
		from := s.cardPart(s.found[n].end)
		end := from
		for end < len(s.text) && (kindOf[s.text[end]] == isDigit || byteIn(s.text[end], "/-")) {
			end++
		}
		if !expires(s.text[from:end]) {
			continue
		}
		s.add(from, end, date)
		if from = s.cardPart(end); from+3 <= len(s.text) && onlyDigits(s.text[from:from+3]) {
			for end = from; end < len(s.text) && kindOf[s.text[end]] == isDigit; {
				end++
			}
			if end-from <= 4 {
				s.add(from, end, secret)
			}
		}
	}
}

// besideCard is how far behind a card its other numbers stand.
const besideCard = 24

// cardPart is where the next digit in the line stands, i if it is far.
func (s *search) cardPart(i int) int {
	for k := i; k < len(s.text) && k < i+besideCard && s.text[k] != '\n'; k++ {
		if kindOf[s.text[k]] == isDigit {
			return k
		}
	}
	return i
}

// leastPrecise is from how many decimals on two numbers with a comma between are a place without a label: four are ten metres.
const leastPrecise = 4

// afterDot takes an account of Hedera, 0.0.123456, and two numbers that are a place, [48.20849, 16.37208]; g stands behind a dot.
func (s *search) afterDot(g *group) {
	from, end := g.start-1, g.end
	for from > 0 && kindOf[s.text[from-1]] == isDigit {
		from--
	}
	if n := from - 2; n >= 0 && string(s.text[n:g.start]) == "0.0." {
		if (n == 0 || !alnum(s.text[n-1]) && !byteIn(s.text[n-1], ".-")) && (end == len(s.text) || !byteIn(s.text[end], ".-_") || end+1 == len(s.text) || !alnum(s.text[end+1])) {
			s.add(n, end, wallet)
		}
		return
	}
	if from > 0 && byteIn(s.text[from-1], "-+") {
		from--
	}
	if end >= len(s.text) || s.text[end] != ',' || from > 0 && (alnum(s.text[from-1]) || byteIn(s.text[from-1], ".,_$")) || !s.inSentence(g.start) {
		return
	}
	if before := s.backOver(from); before > 0 && s.text[before-1] == ',' {
		return
	}
	second := s.gap(end+1, 0)
	to := second
	for to < len(s.text) && (kindOf[s.text[to]] == isDigit || byteIn(s.text[to], ".-")) {
		to++
	}
	if to < len(s.text) && byteIn(s.text[to], ",fFeE*%") && s.text[to-1] != '.' {
		return // one of many numbers
	}
	lat, lon := s.text[from:end], bytes.TrimRight(s.text[second:to], ".-")
	if degree(lat) && degree(lon) && len(lon)-bytes.IndexByte(lon, '.') > leastPrecise && (bytes.IndexByte(bytes.TrimLeft(lat, "+-"), '.') > 1 || bytes.IndexByte(bytes.TrimLeft(lon, "-"), '.') > 1) {
		s.add(from, second+len(lon), place)
	}
}

// shuffled takes what is a password by its form: 8 to 24 characters without a space, small and large letters, digits, and marks among them that addresses, paths
// and programs do not have there. It gives where it ends.
func (s *search) shuffled(start, end int) int {
	for start > 0 && s.text[start-1] > ' ' && !byteIn(s.text[start-1], "\"'<>|") && end-start <= longestShuffled {
		start--
	}
	for end < len(s.text) && s.text[end] > ' ' && !byteIn(s.text[end], "\"'<>|") && end-start <= longestShuffled {
		end++
	}
	for end > start && byteIn(s.text[end-1], ".,;:)]?") {
		end--
	}
	if end-start < 8 || end-start > longestShuffled {
		return 0
	}
	smalls, larges, digits, marks, odd, turns, before := 0, 0, 0, 0, 0, 0, noPart // names of programs have odd ones
	for i := start; i < end; i++ {
		c := s.text[i]
		switch part := partOf[c]; part {
		case smallPart:
			smalls++
		case largePart:
			larges++
		case digitPart:
			digits++
		default:
			switch {
			case byteIn(c, "!#$%^&*~+?@"):
				marks += one(i > start && i < end-1)
			case byteIn(c, "_:"):
				odd = 1
			case !byteIn(c, "`-.;,="):
				return 0 // of a path or a call
			}
		}
		turns += one(partOf[c] != before)
		before = partOf[c]
	}
	if smalls == 0 || larges == 0 || digits == 0 || marks <= odd || turns < 5 || variable(s.text[start:end]) || s.text[start] == '@' || s.text[start] == '&' && s.text[end-1] == ';' ||
		bytes.IndexByte(s.text[start:end], '@') > 0 && bytes.IndexByte(s.text[start:end], '.') > 0 || bytes.Count(s.text[start:end], []byte("%")) == marks || bytes.Contains(s.text[start:end], []byte("&#")) || bytes.Count(s.text[start:end], []byte("=")) > 0 {
		return 0
	}
	if s.inSentence(start) {
		s.add(start, end, secret)
	}
	return end
}

// aroundShuffled are the marks of which one stands beside a part with letters and digits.
var aroundShuffled = [256]bool{'!': true, '#': true, '$': true, '%': true, '^': true, '&': true, '*': true, '~': true, '+': true, '?': true, '@': true, '.': true}

// longestShuffled is how long such a password is. Longer tokens are looked at by themselves.
const longestShuffled = 24

// serial tells of numbers of documents that begin with letters, as passports, licences and records have them: one to four letters and six digits or more, or digits
// between two letters and two more.
func serial(v []byte) bool {
	if len(v) < 8 || len(v) > 14 {
		return false
	}
	letters, digits, behind := 0, 0, 0
	for _, c := range v {
		switch {
		case kindOf[c] == isDigit && behind == 0:
			digits++
		case c >= 'A' && c <= 'Z' && digits == 0:
			letters++
		case c >= 'A' && c <= 'Z':
			behind++
		default:
			return false
		}
	}
	return letters == 2 && digits >= 5 && behind == 2 || behind == 0 && letters <= 4 && digits >= 6 && string(v[:2]) != "KB" // KB5034441 is an update of Windows
}
