package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Texts in the scripts of India: no capitals, words with spaces between, and folding takes their vowels away. Names, addresses and homes are told by labels, by titles,
// and by what is said around them, in the words that ai4privacy's sets and forms of the country have for it (Hindi, Marathi, Telugu, Bengali, Tamil, Gujarati,
// Kannada, Malayalam, Punjabi).

// Indic letters stand between these.
const (
	firstIndic = 0x900
	lastIndic  = 0xdff
)

// wordsIn is a set of words as they are written.
func wordsIn(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

var (
	indicNames  = wordsIn("नाम उपनाम नाव ग्राहक मरीज रोगी పేరు ఇంటిపేరు নাম பெயர் નામ ಹೆಸರು പേര് ਨਾਮ ਨਾਂ")
	indicTitles = wordsIn("श्री श्रीमती सुश्री श्रीमान डॉ डॉक्टर कुमारी प्रो శ్రీ శ్రీమతి డాక్టర్ শ্রী জনাব திரு திருமதி શ્રી ಶ್ರೀ ശ്രീ ਸ਼੍ਰੀ")
	indicHomes  = wordsIn("पता निवास చిరునామా ঠিকানা முகவரி સરનામું ವಿಳಾಸ വിലാസം ਪਤਾ")
	indicEnds   = wordsIn("है हैं हूँ हूं था थी थे ने को से का की के में पर और तथा या जी ही भी नहीं क्या आहे आणि మరియు గారు అని এবং হয় মற்றும் છે ಮತ್ತು") // stand behind a name
	indicMore   = wordsIn("है : = - का की मेरा मेरी")
	indicLives  = wordsIn("रहता रहती रहते निवासी")
)

// mostIndic is how many words a name has.
const mostIndic = 3

// indicWord is a word of a line, in bytes of the raw text, and whether a mark stands before it.
type indicWord struct {
	from, to int
	marked   bool // a mark stands before it
	colon    bool // it is a colon or its like
}

// findIndic looks at the lines that have words in these scripts.
func findIndic(s *search) error {
	if s.raw == nil || !s.folded.indic {
		return nil
	}
	for from := 0; from < len(s.raw); {
		to := from
		for to < len(s.raw) && s.raw[to] != '\n' {
			to++
		}
		if err := s.spend(to - from); err != nil {
			return err
		}
		s.indicLine(from, to)
		from = to + 1
	}
	return nil
}

// indicLine looks at the line from to to-1.
func (s *search) indicLine(from, to int) {
	var room [64]indicWord
	words := room[:0]
	marked, colon, start := false, false, -1
	end := func(at int) {
		if start >= 0 {
			words = append(words, indicWord{start, at, marked, colon})
			marked, colon, start = false, false, -1
		}
	}
	for i := from; i < to; {
		r, n := utf8.DecodeRune(s.raw[i:to])
		switch {
		case r >= firstIndic && r <= lastIndic && r != 0x964 && !unicode.IsDigit(r), r == 0x200c, r == 0x200d:
			if start < 0 {
				start = i
			}
		case r == ' ' || r == '\t' || r == '.' && start >= 0 && indicTitles[string(s.raw[start:i])]:
			end(i)
		default:
			end(i)
			colon = colon || !marked && (r == ':' || r == '=')
			marked = true
		}
		i += n
	}
	end(to)
	at := func(k int) string { return string(s.raw[words[k].from:words[k].to]) }
	for k := range words {
		switch w := at(k); {
		case indicNames[w]:
			s.indicName(words, k, at)
		case indicTitles[w] && k+1 < len(words) && !words[k+1].marked:
			s.indicRun(words, k+1, person, at)
		case indicHomes[w] && k+1 < len(words) && s.indicColon(words[k].to, to):
			s.indicRest(words[k].to, to)
		case w == "जी" && k > 0 && !words[k].marked && !indicEnds[at(k-1)]:
			s.indicAdd(words[k-1].from, words[k-1].to, person)
		case indicLives[w] && k > 1 && at(k-1) == "में":
			s.indicAdd(words[k-2].from, words[k-2].to, place)
		}
	}
}

// indicName takes the name behind the label that is word k.
func (s *search) indicName(words []indicWord, k int, at func(int) string) {
	if k+1 >= len(words) {
		return
	}
	said := k > 0 && wordMine[at(k-1)]
	if !words[k+1].marked && !said || words[k+1].marked && !words[k+1].colon {
		return
	}
	s.indicRun(words, k+1, person, at)
}

// wordMine says that a name is somebody's.
var wordMine = wordsIn("मेरा उसका उनका आपका माझे నా আমার என் મારું ನನ್ನ എന്റെ ਮੇਰਾ")

// indicRun takes words from k on up to a mark or a word that stands behind names.
func (s *search) indicRun(words []indicWord, k int, of class, at func(int) string) {
	j := k
	for j < len(words) && j < k+mostIndic && (j == k || !words[j].marked) && !indicEnds[at(j)] && !indicMore[at(j)] {
		j++
	}
	if j > k {
		s.indicAdd(words[k].from, words[j-1].to, of)
	}
}

// indicColon tells whether a colon stands behind a label.
func (s *search) indicColon(i, to int) bool {
	for i < to && s.raw[i] == ' ' {
		i++
	}
	return i < to && (s.raw[i] == ':' || s.raw[i] == '=' || s.raw[i] == '-')
}

// indicRest takes what stands behind a label up to the end of its line.
func (s *search) indicRest(i, to int) {
	for i < to && (s.raw[i] == ' ' || s.raw[i] == ':' || s.raw[i] == '=' || s.raw[i] == '-') {
		i++
	}
	for to > i && (s.raw[to-1] == ' ' || s.raw[to-1] == '\r') {
		to--
	}
	s.indicAdd(i, min(to, i+longestHome), address)
}

// longestHome is how many bytes of an address are taken.
const longestHome = 320

func (s *search) indicAdd(from, to int, of class) {
	for to < len(s.raw) && !utf8.RuneStart(s.raw[to]) {
		to++
	}
	s.add(s.folded.into(from), s.folded.into(to), of)
}
