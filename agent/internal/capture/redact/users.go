package redact

// Names of users, and of people as programs write them: in the address of a page, behind a title in a comment.

// servants are names that programs have of their own, or that stand in examples, perhaps with a number.
var servants = setOf(`root admin administrator user users username test tester guest demo example foo bar default anonymous nobody service system app api bot dev prod staging ubuntu debian ec postgres mysql
	oracle sa www data git jenkins deploy your my name login email string id none null undefined true false`)

// longestUser is how long the name of a user is.
const longestUser = 32

// grantee takes the name of a user in a statement that speaks of them as 'jane42'@'10.0.0.1'; the mark stands at.
func (s *search) grantee(at int) {
	if at == 0 || at+1 >= len(s.text) || s.text[at-1] != '\'' && s.text[at-1] != '`' || s.text[at+1] != s.text[at-1] {
		return
	}
	from := at - 1
	for from > 0 && at-from <= longestUser && (alnum(s.text[from-1]) || byteIn(s.text[from-1], "._-")) {
		from--
	}
	if from > 0 && s.text[from-1] == s.text[at-1] && s.somebodys(s.text[from:at-1]) {
		s.add(from, at-1, document)
	}
}

// somebodys tells of the name of a user that is a person's: a word with a number behind it, or words with marks between of which one is a name. What
// programs call themselves is none, nor is JOHN_DOE: that is what a manual says of a value.
func (s *search) somebodys(v []byte) bool {
	if len(v) < 4 || len(v) > longestUser || kindOf[v[0]] != isLetter {
		return false
	}
	letters, figures, small, known, servant := 0, 0, false, false, false
	for i := 0; i < len(v); {
		from := i
		for i < len(v) && kindOf[v[i]] == isLetter {
			small = small || v[i] >= 'a'
			i++
		}
		if part := v[from:i]; len(part) >= 2 {
			letters += len(part)
			l := s.table.lookUp(mixOf(part))
			known = known || len(part) > 2 && l&(isGiven|isFamily) != 0 && l&(isCommon|isOften) == 0
			servant = servant || servants[hashOf(part)]
		}
		for ; i < len(v) && kindOf[v[i]] != isLetter; i++ {
			figures += one(kindOf[v[i]] == isDigit)
		}
	}
	return (!servant || figures >= 4) && letters >= 3 && (known && small || figures > 0 && figures <= 6)
}

// titled tells whether word j is a title with a capital before a name with one: "Contact Dr. Roe".
func (s *search) titled(j int) bool {
	return s.words[j].large() && s.words[j].is(titles) && j+1 < len(s.words) && s.words[j].sep == sepSpace && s.joins(j+1) && s.words[j+1].form == capital && !s.words[j+1].glued &&
		s.words[j+1].letters() > 2 && !s.words[j+1].is(english)
}

// queried tells whether word i names a value in the address of a page: ?name=Jane+Roe&...
func (s *search) queried(i int) bool {
	w := &s.words[i]
	return w.start > 0 && (s.text[w.start-1] == '?' || s.text[w.start-1] == '&') && int(w.end) < len(s.text) && s.text[w.end] == '='
}

// plussed goes on behind word k-1 over the words that a plus sign joins in such an address.
func (s *search) plussed(j, k int) int {
	for k > j && k < len(s.words) && k < j+5 && s.words[k].start == s.words[k-1].end+1 && s.text[s.words[k-1].end] == '+' && s.words[k].form != figure {
		k++
	}
	return k
}

// slug tells whether words j to k-1 are written small with a hyphen between, as things of programs are called, and are not all given names: anna-lena.
func (s *search) slug(j, k int) bool {
	given := 0
	for i := j; i < k; i++ {
		w := &s.words[i]
		if w.form != small || i > j && w.sep != sepHyphen {
			return false
		}
		given += one(s.lexeme(w)&isGiven != 0)
	}
	return k > j+1 && given < k-j
}
