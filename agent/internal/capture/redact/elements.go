package redact

import "bytes"

// Pages and settings have passwords between tags: in an element that the label names, or in the one behind the label.

// longestTag is how long a tag is that is read over.
const longestTag = 80

// element takes the text of an element that a label names which begins and ends there: <password>hunter22</password>, <db:Pass encoding="plain">hunter22<. It
// tells whether there is one.
func (s *search) element(begin, i int) bool {
	if i >= len(s.text) || s.text[i] != '>' && s.text[i] != ' ' {
		return false
	}
	for from := begin; begin > 0 && begin > from-24 && (alnum(s.text[begin-1]) || byteIn(s.text[begin-1], ":_.-")); {
		begin--
	}
	if begin == 0 || s.text[begin-1] != '<' || begin > 1 && alnum(s.text[begin-2]) { // List<Secret>
		return false
	}
	from := s.tagEnd(i)
	if from == 0 || s.text[from-2] == '/' {
		return false
	}
	n := bytes.IndexByte(s.text[from:min(len(s.text), from+longestQuoted)], '<')
	if n < 3 {
		return false
	}
	v := s.text[from : from+n]
	if v[0] == ' ' || bytes.IndexByte(v, '\n') >= 0 || notSecret(v) || bytes.IndexByte(v, ' ') >= 0 && !phrase(v) || formSays[hashOf(v)] {
		return false
	}
	s.add(from, from+n, secret)
	return true
}

// tagEnd is where the tag ends that goes over i, 0 if none does.
func (s *search) tagEnd(i int) int {
	for n := i; n < len(s.text) && n < i+longestTag; n++ {
		switch s.text[n] {
		case '>':
			return n + 1
		case '<', '\n':
			return 0
		}
	}
	return 0
}

// overTags is where the value of a label stands that tags part from it: <td>Password</td><td>hunter22</td>, <b>Password:</b> hunter22, <string
// name="password">hunter22<. It is sure of it if a colon stands there as well; 0 if there is none.
func (s *search) overTags(i int) (start int, sure bool) {
	if i < len(s.text) && s.text[i] == ':' {
		if i, sure = i+1, true; i+1 < len(s.text) && s.text[i] == ' ' && s.text[i+1] == '<' {
			i++
		}
	}
	if n := s.quoteAt(i); n > 0 && i+n < len(s.text) && s.text[i+n] == '>' && !sure {
		i += n + 1
		if i >= len(s.text) || s.text[i] <= ' ' || s.text[i] == '<' {
			return 0, false
		}
		return i, false
	}
	if i >= len(s.text) || s.text[i] != '<' {
		return 0, false
	}
	for range 4 {
		if i+1 >= len(s.text) || s.text[i] != '<' || s.text[i+1] != '/' && kindOf[s.text[i+1]] != isLetter {
			break
		}
		end := s.tagEnd(i + 1)
		if end == 0 {
			return 0, false
		}
		for i = end; i < len(s.text) && s.text[i] <= ' ' && i < end+longestTag; i++ {
		}
		if i < len(s.text) && s.text[i] == ':' && !sure {
			i, sure = s.gap(i+1, 0), true
		}
	}
	if i >= len(s.text) || s.text[i] == '<' {
		return 0, false
	}
	return i, sure
}

// bareKey is where a key of a program begins that only spaces, and perhaps the word key or token, part from its label: SECRET KEY abcdef0123456789abcdef.
// It has letters and digits and no marks, so that it need not look random; 0 if there is none.
func (s *search) bareKey(i int) int {
	i += s.wordAt(i, moreKey[:])
	if i >= len(s.text) || s.text[i] != ' ' {
		return 0
	}
	i = s.gap(i, 1)
	end, digits := i, 0
	for end < len(s.text) && alnum(s.text[end]) {
		digits += one(kindOf[s.text[end]] == isDigit)
		end++
	}
	if end-i < longToken || digits < 4 || end-i-digits < 4 {
		return 0
	}
	return i
}

var moreKey = [...]string{" key", " token"}

// attribute is where the value stands that a setting has beside its name: value="..." in the same tag or object.
func (s *search) attribute(i int) int {
	part := s.text[i:min(len(s.text), i+96)]
	if j := bytes.IndexAny(part, "<>}\n"); j >= 0 {
		part = part[:j]
	}
	j := bytes.Index(part, []byte("alue"))
	if j < 0 {
		return 0
	}
	j = s.gap(i+j+4, 1)
	if j >= len(s.text) || s.text[j] != '=' && s.text[j] != ':' {
		return 0
	}
	return s.gap(j+1, 1)
}

// below is where the line after i begins, if it is one word.
func (s *search) below(i int) int {
	for i < len(s.text) && s.text[i] <= ' ' {
		i++
	}
	end := i
	for end < len(s.text) && s.text[end] > ' ' {
		end++
	}
	for ; end < len(s.text) && s.text[end] != '\n'; end++ {
		if s.text[end] > ' ' {
			return 0
		}
	}
	return i
}
