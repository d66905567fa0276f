package redact

import (
	"github.com/nyaruka/phonenumbers"
)

// regions are tried for a number without a country code, in this order.
var regions = [...]string{"US", "GB", "DE", "FR", "IN", "ES", "IT", "BR", "JP", "AU", "MX", "PL", "NL", "CH"}

// findPhone judges runs of 6 to 15 digits by the words before them, by their form, and last by libphonenumber's rules, whose tables
// load with the first candidate (0.6 MB).
func findPhone(s *search) error {
	var memory [64]group
	for i := 0; i < len(s.text); {
		if kindOf[s.text[i]] != isDigit {
			i++
			continue
		}
		run, _ := digitRun(s.text, i, memory[:0])
		groups, end := s.oneNumber(run)
		i = end
		n := 0
		for _, g := range groups {
			n += g.len()
		}
		if n < 4 || n > 17 || s.dateOf(groups) > 0 || joined(s.text, groups[0].start-1) || joined(s.text, extension(s.text, end)) {
			continue
		}
		start := phoneStart(s.text, groups[0].start)
		if err := s.spend(64); err != nil {
			return err
		}
		if s.isPhone(start, end, n, groups) {
			s.add(start, extension(s.text, end), phone)
		}
	}
	return nil
}

// oneNumber cuts groups where they stop being parts of one number.
func (s *search) oneNumber(groups []group) ([]group, int) {
	for i := 1; i < len(groups); i++ {
		if !s.close(groups[i-1], groups[i]) {
			return groups[:i], groups[i-1].end
		}
	}
	return groups, groups[len(groups)-1].end
}

// joined tells whether a letter stands at i: then the digits beside it are part of a token.
func joined(text []byte, i int) bool {
	return i >= 0 && i < len(text) && (kindOf[text[i]] == isLetter || text[i] == '_' || text[i] == '#' || text[i] == '$')
}

// phoneStart takes in the plus sign and the bracket before the first digit.
func phoneStart(text []byte, i int) int {
	if i > 0 && text[i-1] == '(' {
		i--
	}
	if i > 0 && text[i-1] == '+' {
		i--
	}
	if i > 0 && text[i-1] == '(' && text[i] == '+' {
		i--
	}
	return i
}

// phoneWords announce a number.
var phoneWords = [...]string{"phone", "telefon", "telephone", "tel.", "tel:", "tel ", "mobile", "mobil", "movil", "celular", "cell", "cellulare", "fax", "call", "dial", "ring me", "ring us",
	"sms", "whatsapp", "handy", "rufnummer", "desk", "answering", "messages to", "registered", "reach me", "reach us", "reach him", "reach her", "text me", "voicemail", "hotline", "ph:", "ph ", "nummer", "telefono", "telefone", "portable", "gsm", "number is", "contact number", "contact no", "office:", "home:", "work:"}

// phoneNeedles finds them in one pass.
var phoneNeedles = func() *needles {
	n, err := newNeedles(phoneWords[:])
	if err != nil {
		panic(err)
	}
	return n
}()

// announced tells whether a word for a phone stands closely before i, with no digit between.
func (s *search) announced(i int) bool {
	n, state, said := phoneNeedles, int32(0), false
	for _, c := range s.text[max(0, i-40):i] {
		if state = n.step(state, c); n.hits[state] != nil {
			said = true
		} else if kindOf[c] == isDigit {
			said = false
		}
	}
	return said
}

// isPhone wants a sign that a number is a phone's: a country code, a word, a bracket, or groups as phones have them.
func (s *search) isPhone(start, end, n int, groups []group) bool {
	if s.text[start] == '+' || start+1 < len(s.text) && s.text[start+1] == '+' {
		return true
	}
	if !s.decimalRun(groups) && s.announced(start) {
		return true
	}
	if n < 6 {
		return false
	}
	if len(groups) == 1 {
		return n >= 10 && n <= 12 && (s.text[start] == '0' || n <= 11 && s.text[start] != '0') && s.valid(start, end)
	}
	if len(groups) == 3 && groups[0].len() == 3 && groups[1].len() == 2 && groups[2].len() == 4 {
		return false // the form of an SSN
	}
	bracket := s.text[start] == '('
	sep := s.text[groups[0].end]
	if !bracket && (sep == '/' && len(groups) > 2 || sep == '.' && len(groups) == 2 || s.years(groups)) {
		return false
	}
	lens := [8]int{}
	for i, g := range groups {
		if i < len(lens) {
			lens[i] = g.len()
		}
		if i > 0 && g.len() < 2 && !bracket {
			return false
		}
	}
	switch {
	case bracket && n >= 6 && n <= 13 && len(groups) <= 5 && lens[0] <= 4:
		return true
	case len(groups) == 2 && lens[0] == 3 && lens[1] == 4 && sep != '.':
		return true
	case n == 8 && sep != '.' && (lens == [8]int{2, 2, 2, 2} || lens == [8]int{4, 4} || lens == [8]int{1, 3, 4}):
		return true
	case n == 8 && sep != '.' && (lens == [8]int{2, 3, 3} || lens == [8]int{3, 2, 3} || lens == [8]int{3, 3, 2}) && !s.counted(end):
		return true
	case (n == 7 || n == 8) && sep == ' ' && (lens == [8]int{3, 2, 2} || lens == [8]int{2, 2, 3} || lens == [8]int{2, 2, 4}) && !s.counted(end):
		return true
	case (n == 7 || n == 8) && sep == '-' && len(groups) == 3 && lens[2] >= 3, n == 8 && sep == '-' && lens == [8]int{1, 7}:
		return true
	case n >= 9 && n <= 12 && len(groups) >= 3 && sep != '/' && lens[len(groups)&7-1] >= 2 && lens[0] >= 2 && lens[0] <= 4:
		return true
	case n >= 9 && n <= 13:
		return s.valid(start, end) || s.text[start] == '0' && len(groups) >= 2 && lens[0] >= 2 && n <= 12
	case n >= 7 && s.text[start] == '0' && lens[0] >= 2:
		return true
	}
	return false
}

// decimalRun tells of "3.14" and "12.50".
func (s *search) decimalRun(groups []group) bool {
	return len(groups) == 2 && s.text[groups[0].end] == '.' && groups[1].len() <= 2
}

// years tells of "1990-2000".
func (s *search) years(groups []group) bool {
	if s.text[groups[0].end] != '-' || len(groups) != 2 || groups[0].len() != 4 || groups[1].len() != 4 {
		return false
	}
	return (s.text[groups[0].start] == '1' || s.text[groups[0].start] == '2') && (s.text[groups[1].start] == '1' || s.text[groups[1].start] == '2')
}

// counted tells whether a word or sign behind the number says what it counts.
func (s *search) counted(end int) bool {
	if end >= len(s.text) {
		return false
	}
	if s.text[end] == '%' {
		return true
	}
	return end+2 < len(s.text) && s.text[end] == ' ' && s.text[end+1] >= 'a' && s.text[end+1] <= 'z'
}

// valid asks libphonenumber's rules.
func (s *search) valid(start, end int) bool {
	if s.asked++; s.asked > 16 || s.spend(1<<10) != nil {
		return s.asked <= 16
	}
	text := string(s.text[start:end])
	for _, r := range regions {
		if n, err := phonenumbers.Parse(text, r); err == nil && phonenumbers.IsValidNumberForRegion(n, r) {
			return true
		}
	}
	return false
}

// extension is where a number ends with its "x123" or "ext. 123".
func extension(text []byte, end int) int {
	i, x := end, false
	for i < len(text) && i < end+6 {
		switch c := lower(text[i]); c {
		case ' ', '.', 'e', 't', 'x':
			x = x || c == 'x'
			i++
			continue
		}
		break
	}
	if !x || i >= len(text) || kindOf[text[i]] != isDigit {
		return end
	}
	for i < len(text) && kindOf[text[i]] == isDigit {
		i++
	}
	return i
}
