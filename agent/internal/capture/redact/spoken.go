package redact

// Numbers and addresses as they are said, and as programs write them that listen: "six oh two seven ...", "jane dot roe at example dot org".

// spokenDigits are one more than the digits that words stand for.
var spokenDigits = func() map[uint32]int {
	m := map[uint32]int{}
	for n, w := range [...]string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"} {
		m[hashWord(w)] = n + 1
	}
	m[hashWord("oh")] = 1
	return m
}()

// soundAlike are words that a program writes for a digit that sounds so; "double" says the next one twice.
var soundAlike = hashesOf(`to too for o double triple`)

// leastSpoken is how many digits in a row are a number that nobody counts with.
const leastSpoken = 7

// spoken takes the digits around word i, which is one of four that most long numbers have.
func (s *search) spoken(i int) {
	if s.words[i].tag != noClass {
		return
	}
	digits := func(j int) int { // that word j says, 0 for none
		w := &s.words[j]
		switch {
		case w.form == figure && w.letters() <= 4:
			return w.letters()
		case spokenDigits[w.hash] > 0:
			return 1
		}
		return 0
	}
	next := func(j, step int) int { // the word with a digit beside word j, j if there is none
		for k := j + step; k >= 0 && k < len(s.words) && (k-j)*step <= 2; k += step {
			if s.words[max(k, k-step)].sep&^(sepSpace|sepComma|sepHyphen) != 0 {
				break
			}
			if digits(k) > 0 {
				return k
			}
			if !soundAlike[s.words[k].hash] {
				break
			}
		}
		return j
	}
	first, last, n := i, i, 1
	for k := next(first, -1); k != first; k = next(first, -1) {
		first, n = k, n+digits(k)
	}
	for k := next(last, 1); k != last; k = next(last, 1) {
		last, n = k, n+digits(k)
	}
	if n < leastSpoken || last-first < 3 {
		return
	}
	for k := first + 1; ; k++ { // one two three four five six seven eight is no number of anybody
		if k > last {
			return
		}
		if spokenDigits[s.words[k].hash] != spokenDigits[s.words[k-1].hash]+1 {
			break
		}
	}
	s.mark(first, last, number)
}

var (
	wordDot    = hashWord("dot")
	spokenEnds = hashesOf(`com org net edu gov info biz io co de fr es it nl pl br in uk us ca au ch at eu me`)
	spokenLink = hashesOf(`dot underscore dash hyphen plus`)
)

// mostSpoken is how many words each side of a spoken address has.
const mostSpoken = 8

// spokenMail takes the address that ends with word i, "dot", and the one behind it.
func (s *search) spokenMail(i int) {
	near := func(k int) bool { return s.words[k].sep == sepSpace && s.words[k].letters() < 40 }
	if i < 3 || i+1 >= len(s.words) || !near(i+1) || !spokenEnds[s.words[i+1].hash] || s.words[i].tag != noClass || s.words[i-1].is(english) {
		return
	}
	at := i - 1
	for at > 1 && i-at < mostSpoken && near(at) && s.words[at].hash != wordAt {
		at--
	}
	if at < 1 || s.words[at].hash != wordAt || !near(at+1) || !near(at) || (i-at)%2 != 0 {
		return
	}
	for k := at + 2; k < i; k += 2 {
		if s.words[k].hash != wordDot {
			return
		}
	}
	first := at - 1
	for first >= 2 && at-first < mostSpoken && near(first) && near(first-1) && spokenLink[s.words[first-1].hash] {
		first -= 2
	}
	last := i + 1
	for last+2 < len(s.words) && near(last+1) && s.words[last+1].hash == wordDot && near(last+2) && spokenEnds[s.words[last+2].hash] {
		last += 2
	}
	s.mark(first, last, email)
}
