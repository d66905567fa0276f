package redact

import (
	"bytes"
	"net/netip"
	"unicode/utf8"
)

// findEmail takes whatever stands around an '@': an address that is not finished, or has no known domain, is one all the same.
func findEmail(s *search) error {
	if s.gate.need&needSpelled != 0 {
		s.spelledEmail()
	}
	for at := 0; at < len(s.text); at++ {
		i := bytes.IndexByte(s.text[at:], '@')
		if i < 0 {
			return nil
		}
		at += i
		s.mention(at)
		start, end := at, at+1
		for start > 0 && localPart(s.text[start-1]) {
			start--
		}
		for end < len(s.text) && domainPart(s.text[end]) {
			end++
		}
		for end > at+1 && (s.text[end-1] == '.' || s.text[end-1] == '-') {
			end--
		}
		for start < at && s.text[start] == '\'' {
			start++
		}
		if end == at+1 {
			s.grantee(at)
			continue
		}
		if start < at && !s.object(start, at, end) && !s.version(at+1, end) && string(s.text[start:at]) != "git" {
			s.add(start, end, email)
			if bytes.IndexByte(s.text[at:end], '.') > 0 {
				s.afterEmail(end)
			}
		}
	}
	return nil
}

// spelledEmail takes "jane.roe (at) example [dot] org".
func (s *search) spelledEmail() {
	for at := 0; ; {
		i := bytes.IndexByte(s.text[at:], ')')
		if j := bytes.IndexByte(s.text[at:], ']'); j >= 0 && (i < 0 || j < i) {
			i = j
		}
		if i < 0 {
			return
		}
		if at += i + 1; at < 4 || !spelledAt(s.text, at-4) {
			continue
		}
		start, end, dots := at-4, at, 0
		for start > 0 && s.text[start-1] == ' ' && at-start < 8 {
			start--
		}
		from := start
		for from > 0 && localPart(s.text[from-1]) {
			from--
		}
		for p := s.gap(end, 0); p < len(s.text) && domainPart(s.text[p]); {
			for p < len(s.text) && domainPart(s.text[p]) {
				if p++; s.text[p-1] == '.' {
					dots++
				}
			}
			end = p
			p = s.gap(p, 0)
			if len(s.text)-p < 5 || !same(s.text[p+1:p+4], "dot") {
				break
			}
			p, dots = s.gap(p+5, 0), dots+1
		}
		if from < start && dots > 0 {
			s.add(from, end, email)
		}
	}
}

// spelledAt tells whether "(at)" or "[at]" stands at i.
func spelledAt(text []byte, i int) bool {
	return i+4 <= len(text) && (text[i] == '(' || text[i] == '[') && lower(text[i+1]) == 'a' && lower(text[i+2]) == 't' && (text[i+3] == ')' || text[i+3] == ']')
}

// object tells of an "@" that is in no address: the number of an object of a program (java.util.Foo@712d093), a part of a path, or a sign among others.
// A domain with a dot, or a plain name before a plain host, is none of these.
func (s *search) object(start, at, end int) bool {
	domain := s.text[at+1 : end]
	if bytes.IndexByte(domain, '.') >= 0 {
		return false
	}
	if kindOf[domain[len(domain)-1]] == isDigit && kindOf[domain[0]] == isDigit && !anyLetter(domain) {
		return true // the line of a program
	}
	local := s.text[start:at]
	if bytes.Count(local, []byte("/")) > 1 || bytes.ContainsAny(local, "#`^{}|*?=&~") || end < len(s.text) && bytes.IndexByte([]byte("#`^{}%~?*&$"), s.text[end]) >= 0 {
		return true
	}
	if bytes.Count(local, []byte(".")) < 2 && bytes.IndexByte(local, '$') < 0 || len(domain) > 8 {
		return false
	}
	for _, c := range domain {
		if hexDigit(c) < 0 {
			return false
		}
	}
	return true
}

// version tells of what stands behind the "@" of "typescript@5.4.2" and "checkout@v4".
func (s *search) version(start, end int) bool {
	if lower(s.text[start]) == 'v' && end > start+1 && kindOf[s.text[start+1]] == isDigit {
		start++
		if bytes.IndexByte(s.text[start:end], '.') < 0 {
			return end-start <= 3 && kindOf[s.text[end-1]] == isDigit
		}
	}
	for _, c := range s.text[start:end] {
		if kindOf[c] != isDigit && c != '.' {
			return false
		}
	}
	return s.ip4At(start) != end && bytes.IndexByte(s.text[start:end], '.') > 0
}

func localPart(c byte) bool { return c >= utf8.RuneSelf || inLocal[c] }

var inLocal = tableOf("._%+-~!#$&*/=?^'")

func domainPart(c byte) bool {
	return kindOf[c] == isLetter || kindOf[c] == isDigit || c >= utf8.RuneSelf || c == '.' || c == '-' || c == '_'
}

// findUserinfo finds what stands before the host of a URL.
func findUserinfo(s *search) error {
	at := 0
	for _, colon := range s.colons {
		start := int(colon) + len("://")
		if start-len("://") < at || start > len(s.text) || s.text[start-1] != '/' || s.text[start-2] != '/' {
			continue
		}
		at = start
		for at < len(s.text) && s.text[at] > ' ' && bytes.IndexByte([]byte("/?#\"'<>"), s.text[at]) < 0 {
			at++
		}
		if j := bytes.LastIndexByte(s.text[start:at], '@'); j > 0 {
			s.add(start, start+j, secret)
		}
	}
	return nil
}

func findIP4(s *search) error {
	at := 0
	for _, g := range s.groups {
		if g.len() > 3 || g.end == len(s.text) || s.text[g.end] != '.' || g.start < at || g.start > 0 && s.text[g.start-1] == '.' {
			continue
		}
		if end := s.ip4At(g.start); end > 0 {
			s.add(g.start, end, ip)
			at = end
		}
	}
	return nil
}

// ip4At is the end of four numbers up to 255 with dots between them, 0 if there are none at i.
func (s *search) ip4At(i int) int {
	for part := range 4 {
		n, digits := 0, 0
		for i < len(s.text) && kindOf[s.text[i]] == isDigit && digits < 4 {
			n, digits, i = n*10+int(s.text[i]-'0'), digits+1, i+1
		}
		if digits == 0 || digits > 3 || n > 255 {
			return 0
		}
		if part < 3 {
			if i >= len(s.text) || s.text[i] != '.' {
				return 0
			}
			i++
		}
	}
	if i+1 < len(s.text) && s.text[i] == '.' && kindOf[s.text[i+1]] == isDigit {
		return 0 // a version with five parts
	}
	return i
}

func findIP6(s *search) error {
	i := 0
	for _, colon := range s.colons {
		if int(colon) < i {
			continue
		}
		start, colons := int(colon), 0
		for start > i && ip6Part(s.text[start-1]) {
			start--
		}
		for i = int(colon); i < len(s.text) && ip6Part(s.text[i]); i++ {
			if s.text[i] == ':' {
				colons++
			}
		}
		end := i
		for end > start+1 && (s.text[end-1] == '.' || s.text[end-1] == ':' && s.text[end-2] != ':') {
			if end--; s.text[end] == ':' {
				colons--
			}
		}
		if start > 0 && wordPart(s.text[start-1]) { // "ipv6:fe80::1", "std::deque"
			n := bytes.IndexByte(s.text[start:end], ':')
			if n < 0 || start+n+1 < end && s.text[start+n+1] == ':' {
				continue
			}
			start, colons = start+n+1, colons-1
		}
		if end-start < 10 && !anyDigit(s.text[start:end]) {
			continue // "abc::def" of a program
		}
		if colons < 2 || end-start > 45 || end-start < 3 || colons != 7 && colons != 5 && !bytes.Contains(s.text[start:end], []byte("::")) && (colons != 6 || bytes.IndexByte(s.text[start:end], '.') < 0) {
			continue
		}
		if _, err := netip.ParseAddr(string(s.text[start:end])); err == nil || colons == 5 && end-start == 17 {
			s.add(start, s.zone(end), ip) // or a hardware address
		}
	}
	return nil
}

// zone is where the name of a network card ends that stands behind an address: fe80::7:8%eth0.
func (s *search) zone(end int) int {
	if end+1 >= len(s.text) || s.text[end] != '%' || !alnum(s.text[end+1]) {
		return end
	}
	for end++; end < len(s.text) && alnum(s.text[end]); end++ {
	}
	return end
}

func ip6Part(c byte) bool {
	return kindOf[c] == isDigit || c|0x20 >= 'a' && c|0x20 <= 'f' || c == ':' || c == '.'
}
