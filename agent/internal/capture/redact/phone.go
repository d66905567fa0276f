package redact

import (
	"github.com/nyaruka/phonenumbers"
)

// regions are tried for a number without a country code, in this order.
var regions = [...]string{"US", "GB", "DE", "FR", "IN", "ES", "IT", "BR", "JP", "AU", "MX", "PL", "NL", "CH"}

// findPhone asks libphonenumber's rules about runs of 7 to 15 digits. Its tables load with the first candidate (0.6 MB).
func findPhone(s *search) error {
	var memory [64]group
	for i := 0; i < len(s.text); {
		if kindOf[s.text[i]] != isDigit {
			i++
			continue
		}
		groups, end := digitRun(s.text, i, memory[:0])
		n := 0
		for _, g := range groups {
			n += g.len()
		}
		i = end
		if n < 7 || n > 15 || joined(s.text, groups[0].start-1) || joined(s.text, end) {
			continue
		}
		start := phoneStart(s.text, groups[0].start)
		if err := s.spend(1 << 10); err != nil {
			return err
		}
		if isPhone(string(s.text[start:end]), s.text[start] == '+', groups) {
			s.add(start, end, phone)
		}
	}
	return nil
}

// joined tells whether a letter stands at i: then the digits beside it are part of a token.
func joined(text []byte, i int) bool { return i >= 0 && i < len(text) && kindOf[text[i]] == isLetter }

// phoneStart takes in the plus sign and the bracket before the first digit.
func phoneStart(text []byte, i int) int {
	if i > 0 && text[i-1] == '(' {
		i--
	}
	if i > 0 && text[i-1] == '+' {
		i--
	}
	return i
}

// isPhone wants a sign that a number is a phone's: a country code, a leading zero, a bracket or several groups.
func isPhone(text string, plus bool, groups []group) bool {
	if plus {
		return true
	}
	if len(groups) == 1 && text[0] != '0' && groups[0].len() < 10 {
		return false
	}
	for _, r := range regions {
		if n, err := phonenumbers.Parse(text, r); err == nil && phonenumbers.IsValidNumberForRegion(n, r) {
			return true
		}
	}
	return len(groups) == 2 && groups[0].len() == 3 && groups[1].len() == 4
}
