package redact

import "bytes"

// Names that people have in programs, where no label says so: @jane_roe, kazuo.ito86, "logged in as jroe", the folders of their home, their pages.

// leads are words behind which such a name stands, or a page or a folder of somebody's.
var leads = traitOf(`logged signed follow discord steam skype telegram snapchat instagram insta tiktok twitter psn gamertag pseudo linkedin facebook github gitlab reddit youtube home users commented
	zero seven eight nine dot`)

// pages are those with a part for each person, right behind their address or behind a word of their own.
var pages = setOf(`twitter linkedin facebook instagram github gitlab reddit youtube tiktok snapchat telegram`)

// projects are pages on which most names are of other things.
var projects = setOf(`github gitlab`)

// insidePage are the words that may stand between the address of a page and the name.
var insidePage = [...]string{"in/", "@", "u/", "user/", "users/", "people/", "add/"}

// lead takes the name behind word i.
func (s *search) lead(i int) {
	w := &s.words[i]
	end := int(w.end)
	switch c := s.text[end]; {
	case spokenDigits[w.hash] > 0:
		s.spoken(i)
	case w.hash == wordDot:
		s.spokenMail(i)
	case c == '.' && s.in(pages, i):
		s.pageOf(end)
	case c == '/' || c == '\\':
		s.homeOf(int(w.start), end)
	default:
		s.behindLead(i)
	}
}

// pageOf takes the name in linkedin.com/in/jane-roe; the dot stands at i.
func (s *search) pageOf(i int) {
	if i+5 >= len(s.text) || !same(s.text[i:i+5], ".com/") {
		return
	}
	i += 5
	sure := !s.in(projects, s.wordBefore(i-5))
	for _, w := range insidePage {
		if len(s.text)-i > len(w) && same(s.text[i:i+len(w)], w) {
			i += len(w)
			sure = true
			break
		}
	}
	end := s.handleEnd(i)
	if v := s.text[i:end]; len(v) >= 3 && (end == len(s.text) || s.text[end] != '/' || sure) && (s.personal(v, true) || sure && !(end < len(s.text) && byteIn(s.text[end], "/(")) && s.userFits(v)) {
		s.add(i, end, document)
	}
}

// homeOf takes the name in /home/jane/ and C:\Users\jane\; the word begins at start, the mark behind it stands at i.
func (s *search) homeOf(start, i int) {
	c := s.text[i]
	if start == 0 || s.text[start-1] != c && !(c == '\\' && s.text[start-1] == '\\') || start > 1 && c == '/' && (alnum(s.text[start-2]) || s.text[start-2] == '/') {
		return
	}
	for i++; i < len(s.text) && s.text[i] == c; i++ { // \\ in a program's text
	}
	end := s.handleEnd(i)
	if v := s.text[i:end]; len(v) >= 3 && (s.personal(v, true) || s.userFits(v) && s.unheard(v)) && !(end < len(s.text) && byteIn(s.text[end], "$%{")) {
		s.add(i, end, document)
	}
}

// unheard tells of a word that is in no list.
func (s *search) unheard(v []byte) bool { return s.table.lookUp(mixOf(v))&(isCommon|isOften) == 0 }

// handleEnd is where a name ends that begins at i.
func (s *search) handleEnd(i int) int {
	for i < len(s.text) && inHandle[s.text[i]] {
		i++
	}
	for i > 0 && byteIn(s.text[i-1], ".-") {
		i--
	}
	return i
}

// behindLead takes the name in "logged in as jroe", "follow jane_roe", "my discord is kchristian", "jroe commented".
func (s *search) behindLead(i int) {
	if s.lines[s.words[i].line].kind == codeLine {
		return
	}
	if s.words[i].hash == wordCommented {
		if i > 0 && s.words[i].sep == sepSpace && s.words[i-1].sep&^(sepSpace|sepLine|sepDot|sepHyphen) == 0 {
			from, to := s.handleAround(int(s.words[i-1].start), int(s.words[i-1].end))
			if s.personal(s.text[from:to], true) {
				s.add(from, to, document)
			}
		}
		return
	}
	p, as := int(s.words[i].end), false
	for range 3 { // logged in as, discord handle is, steam ID
		n := 0
		for _, w := range betweenLead {
			if len(s.text)-p > len(w) && same(s.text[p:p+len(w)], w) {
				n, as = len(w), as || w == " as" && !s.in(projects, i) || w == " is" || w == ":" || w == " est" || w == " handle"
				break
			}
		}
		if n == 0 {
			break
		}
		p += n
	}
	if p >= len(s.text) || s.text[p] != ' ' && s.text[p] != '"' {
		return
	}
	for p < len(s.text) && (byteIn(s.text[p], " \"'@") || same2(s.text[p:], "live:")) {
		as = as || s.text[p] == '@'
		if s.text[p] == 'l' {
			p += 4
		}
		p++
	}
	end := s.handleEnd(p)
	if end < len(s.text) && byteIn(s.text[end], "/(@") {
		return
	}
	if v := s.text[p:end]; len(v) >= 3 && (s.personal(v, true) || as && s.userFits(v)) {
		s.add(p, end, document)
	}
}

func same2(text []byte, w string) bool { return len(text) >= len(w) && same(text[:len(w)], w) }

var betweenLead = [...]string{" in", " as", " handle", " username", " user", " name", " id", " is", " est", " ist", " es", " me", " on", " account", " profile", " tag", ":"}

var wordCommented = hashWord("commented")

// handleAround is the token of letters, digits and the marks of such names that stands around start to end.
func (s *search) handleAround(start, end int) (int, int) {
	for start > 0 && inHandle[s.text[start-1]] {
		start--
	}
	return start, s.handleEnd(end)
}

// inHandle may stand in the name of an account.
var inHandle = tableOf("._-")

// mention takes the name in "thanks @jane_roe!"; the mark stands at.
func (s *search) mention(at int) {
	if at > 0 && !byteIn(s.text[at-1], " \n\t(>\"'/") {
		return
	}
	end := s.handleEnd(at + 1)
	if end < len(s.text) && byteIn(s.text[end], "/(@=:") {
		return
	}
	if v := s.text[at+1 : end]; len(v) >= 4 && len(v) <= longestUser && s.personal(v, bytes.IndexByte(v, '_') < 0) { // a decorator of Python may be two words
		s.add(at+1, end, document)
	}
}

// fileEnds are parts of the names of files and sites, which names of people do not end in.
var fileEnds = setOf(`com org net edu gov io dev app html json yaml java conf xlsx docx pdf txt py js ts go rs md csv xml log exe dll png jpg jar zip tar gz sh css php cpp toml lock local test min git setter getter`)

// personal tells of the name of an account that is made of a person's: told is whether something says that it is one of an account.
func (s *search) personal(v []byte, told bool) bool {
	if len(v) < 4 || len(v) > longestUser {
		return false
	}
	var parts [3][]byte
	n, digits, end := 0, 0, len(v)
	for end > 0 && kindOf[v[end-1]] == isDigit {
		end--
		digits++
	}
	if end > 0 && digits > 0 && byteIn(v[end-1], "_.-") {
		end--
	}
	for i := 0; i < end; i++ {
		from := i
		for i < end && kindOf[v[i]] == isLetter {
			if v[i] < 'a' && i > from && v[i-1] >= 'a' {
				return false // an identifier
			}
			i++
		}
		if n == len(parts) || i == from || i < end && !byteIn(v[i], "_.-") {
			return false
		}
		parts[n], n = v[from:i], n+1
	}
	if digits > 6 || n == 0 {
		return false
	}
	look := func(w []byte) lexeme { return s.table.lookUp(mixOf(w)) }
	known := func(l lexeme) bool { return l&(isGiven|isFamily) != 0 && l&isCommon == 0 }
	switch first, last := parts[0], parts[n-1]; {
	case n == 1 && servants[hashOf(first)] || n > 1 && (fileEnds[hashOf(last)] || servants[hashOf(first)] || servants[hashOf(last)]):
		return false
	case n == 1 && len(first) >= 4 && digits >= 2 && known(look(first)) && (told || look(first)&isPlace == 0 && digits != 3):
		return true // thomas1867
	case n == 1 && len(first) >= 7 && (told || digits >= 1) && s.twoNames(first):
		return true // kiyoshidupont59
	case n == 1 && len(first) >= 5 && (told || digits >= 2) && s.familyAfterInitial(first, told && digits > 0):
		return true // jdavis51
	case n == 1 && len(first) >= 6 && digits >= 2 && jumbled(first, digits):
		return true
	case n >= 2 && len(first) >= 3 && len(last) >= 3:
		a, b := look(first), look(last)
		if a&b&isCommon != 0 || !told && digits == 0 && bytes.IndexByte(v, '.') < 0 && (a|b)&isCommon != 0 {
			return false
		}
		return a&isGiven != 0 && (told || a&isCommon == 0) && (known(b) || b == 0 && len(last) >= 4 || told && b&isFamily != 0) && (told || digits > 0 || b&isFamily != 0 && a&isPlace == 0) ||
			told && a&isFamily != 0 && b&isGiven != 0 || digits >= 2 && a == 0 && len(first) >= 4 && known(b)
	case n == 2 && len(first) == 1 && len(last) >= 3:
		l := look(last)
		return told && l&isFamily != 0 && l&isOften == 0
	}
	return false
}

// twoNames tells of a given name and a family name in one word, in either order.
func (s *search) twoNames(w []byte) bool {
	for k := 3; k <= len(w)-3; k++ {
		a := s.table.lookUp(mixOf(w[:k]))
		if a&(isGiven|isFamily) == 0 {
			continue
		}
		b := s.table.lookUp(mixOf(w[k:]))
		plain := a&isCommon == 0 && (b&isCommon == 0 || k >= 5) || b&isCommon == 0 && len(w)-k >= 5
		if plain && (a|b)&isOften == 0 && (a&isGiven != 0 && b&isFamily != 0 || a&isFamily != 0 && b&isGiven != 0) {
			return s.table.lookUp(mixOf(w))&isCommon == 0
		}
	}
	return false
}

// familyAfterInitial tells of jdavis: a letter and a family name that is no other word. Even one that is will do where the whole is told.
func (s *search) familyAfterInitial(w []byte, told bool) bool {
	l := s.table.lookUp(mixOf(w[1:]))
	return len(w) >= 5 && l&isFamily != 0 && (l&isCommon == 0 || told && l&isOften == 0) && s.table.lookUp(mixOf(w)) == 0
}

// jumbled tells of letters that no language writes so: one in five or fewer is a vowel, or five consonants stand in a row.
func jumbled(w []byte, digits int) bool {
	vowels, run, most := 0, 0, 0
	for _, c := range w {
		if byteIn(lower(c), "aeiouy") {
			vowels += one(c != 'y')
			run = 0
			continue
		}
		run++
		most = max(most, run)
	}
	return most >= 5 || 5*vowels <= len(w) && most >= 4 && digits >= 3
}

// afterAccount takes the name in "user jroe logged in", "Account jroe has been locked"; word i is the one that says what it is.
func (s *search) afterAccount(i int) {
	if i+1 >= len(s.words) || s.words[i+1].sep&^(sepSpace|sepColon|sepHyphen) != 0 || s.words[i+1].start > s.words[i].end+3 || s.lines[s.words[i].line].kind == codeLine ||
		s.words[i].start > 0 && s.text[s.words[i].start-1] == '-' { // dbus-user-session
		return
	}
	start, end := int(s.words[i+1].start), s.handleEnd(int(s.words[i+1].end))
	if start != int(s.words[i].end)+1 && !byteIn(s.text[start-1], "'\"`@") || end < len(s.text) && byteIn(s.text[end], "=(/@") {
		return
	}
	v := s.text[start:end]
	if told := !allLetters(v) || len(v) >= 7 && s.twoNames(v); v[0] >= 'a' && (told && s.personal(v, true) || hasNumber(v, 3) && s.somebodys(v)) {
		s.add(start, end, document)
	}
}
