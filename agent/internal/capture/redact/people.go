package redact

// findWords splits the text once, and looks for people, places, addresses, dates and ids by their words and by what stands around them.
func findWords(s *search) error {
	s.findNames()
	s.findAddresses()
	s.lists()
	s.cells()
	s.rows()
	s.quoted()
	s.findContext()
	s.records()
	s.figured()
	s.besideCards()
	s.findFields()
	s.findNationals()
	s.findSeeds()
	return s.spend(0)
}

var (
	titles = traitOf(`mr mrs ms miss dr prof professor doctor sir madam madame mme mlle monsieur herr herrn frau hr fr don dona dna senor senora
		sr sra srta signor signora sig mevrouw dhr pan pani lord lady dame rev reverend fr captain capt sgt lt col gen judge nurse uncle aunt med phil rer jur dent heer mevr meneer panie pani panu sayın dott dra avv bay bayan hanim`)
	particles = traitOf(`med phil rer jur dent van von nad am im ob bei sur sous lez upon aan delle dei degli dello de der den del della di da do dos das des du la le bin ibn al el ten ter zu zur af av y e of't op 't`)
	companies = traitOf(`inc incorporated corp corporation ltd limited llc llp plc gmbh ag kg ohg ug bv nv sa sarl srl spa ab oy as aps kk pty
		co company systems solutions investments analytics labs ventures capital services networks software agency industries enterprises international group holdings holding partners associates consulting technologies bank university hospital institute foundation`)
	legal       = traitOf(`inc incorporated corp corporation ltd llc llp plc gmbh bv sarl srl pty`)
	toPlaces    = traitOf(`in at from to near via into visit visited visiting leaving left reach reached`)
	beforeTowns = traitOf(`of city town village called visit`)
	callings    = traitOf(`dear hi hello hey thanks cheers regards sincerely yours called named name's i'm am by hola bonjour hallo liebe lieber ciao`)
	sayings     = traitOf(`said says asked told shouted wrote writes replied called calls thinks is was has had and will can does did wants lives lived works worked
		went flew came comes goes got gets sent gave had's who whose also just never always began`)
)

// calendar are days and short months that are nobody's names.
var calendar = traitOf(`mon tue tues wed thu thur thurs fri sat feb apr sept oct nov dec montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar marz juni juli oktober dezember`)

// lexeme looks the word up once.
func (s *search) lexeme(w *word) lexeme {
	if !w.looked {
		s.look(w)
	}
	return w.lex
}

func (s *search) look(w *word) { s.lookAs(w, mixAt(s.text, w.start, w.end)) }

// lookAs is look with the hash of the word for the tables.
func (s *search) lookAs(w *word, mixed uint64) {
	often := lexeme(one(w.is(english | calendar))) // not asked: so the processor goes on while it waits for the table
	w.looked, w.lex = true, s.table.lookUp(mixed)|often*(isCommon|isOften)
}

func (w *word) large() bool  { return w.form-capital <= upperAll-capital } // capital or upperAll
func (w *word) letters() int { return int(w.end - w.start) }

// starts tells whether a sentence begins with word i.
func (s *search) starts(i int) bool {
	return i == 0 || s.words[i].sep&(sepLine|sepPara|sepDot) != 0 || s.words[i].sep&sepColon != 0 && s.words[i].sep&sepSpace != 0
}

// strong tells of words that are names wherever they stand.
func (s *search) strong(i int) bool {
	w := &s.words[i]
	if w.glued || !w.large() || w.lex&isCommon != 0 || w.lex&isPeople != 0 {
		return false
	}
	kind := s.lines[w.line].kind
	switch {
	case s.lines[w.line].loud:
		return w.letters() >= 4 && w.lex&isName != 0 || w.letters() >= 5 && w.lex == 0 && (s.near(i-1) || s.near(i+1))
	case kind == foreignLine && !s.lines[w.line].german && w.form == capital && w.letters() >= 3 && !s.starts(i):
		return true // where things are written small
	case w.form == upperAll && (w.letters() < 4 || w.letters() == 4 && w.lex&isName != 0 && w.lex&(isGiven|isPlace) == 0), kind == codeLine:
		return false
	case w.lex&isName != 0:
		return kind == englishLine || w.lex&isGiven != 0 || w.lex&isName == isName
	case w.form == upperAll:
		return kind == englishLine && w.letters() >= 4 && i > 0 && (s.words[i-1].is(toPlaces) || w.letters() >= 5 && s.words[i-1].is(beforeTowns))
	}
	return kind == englishLine && w.letters() >= 3 && !s.noName(i)
}

// near tells whether word i is large and may be a name.
func (s *search) near(i int) bool {
	return i >= 0 && i < len(s.words) && s.words[i].large() && s.words[i].lex&(isGiven|isFamily) != 0
}

// joined tells whether word i belongs to the name that word i-1 is in.
func (s *search) joins(i int) bool {
	w, p := &s.words[i], &s.words[i-1]
	switch sep := w.sep; {
	case sep == sepSpace, sep == sepHyphen, sep == sepHyphen|sepSpace && false:
		return true
	case sep == sepDot|sepSpace, sep == sepDot:
		return p.form == initial || p.form == small && p.letters() == 1 || p.is(titles) && p.letters() <= 4
	}
	return false
}

// findNames takes runs of capital words in which at least one is a name.
func (s *search) findNames() {
	s.lookLarge()
	row, next := int32(0), 0 // a name that went on into the next line hides none there
	for _, n := range s.begins {
		if s.words[n].line != row {
			next = 0
		}
		if row = s.words[n].line; int(n) >= next {
			next = s.nameAround(int(n))
		}
	}
}

// lookLarge looks up the words with a capital that may be names. All are hashed first, so that the processor can wait for many places of the table
// at the same time.
func (s *search) lookLarge() {
	s.asked = s.asked[:0]
	for _, i := range s.large {
		if w := &s.words[i]; w.form != initial && !w.glued && s.lines[w.line].kind != codeLine {
			s.asked = append(s.asked, asked{mixAt(s.text, w.start, w.end), i})
		}
	}
	for _, a := range s.asked {
		s.lookAs(&s.words[a.word], a.mixed)
	}
}

// asked is a word that is looked up, and its hash.
type asked struct {
	mixed uint64
	word  int32
}

// nameAround looks for a name that begins with word i, and gives the word behind it.
func (s *search) nameAround(i int) int {
	w := &s.words[i]
	if !w.large() && w.form != initial || w.glued {
		if w.form == small && s.lines[w.line].small && s.lines[w.line].kind == englishLine {
			return s.smallName(i)
		}
		return i + 1
	}
	j := i + 1
	for j < len(s.words) && s.joins(j) && !s.words[j].glued {
		n := &s.words[j]
		if n.large() || n.form == initial {
			j++
			continue
		}
		if n.form == small && n.is(particles) {
			k := j + 1
			for k < len(s.words) && k < j+3 && s.words[k].form == small && s.words[k].is(particles) {
				k++
			}
			if k < len(s.words) && s.joins(k) && s.words[k].large() && !s.words[k].glued {
				j = k + 1
				continue
			}
		}
		break
	}
	if j > i+1 || w.form != initial && w.lex&(isCommon|isName) != isCommon { // "I" and "The" are none
		s.name(i, j)
	}
	return j
}

// name judges the run of words i to j-1.
func (s *search) name(i, j int) {
	first, last := -1, -1
	if s.lines[s.words[i].line].german {
		s.germanSaid(i, j)
	}
	for k := i; k < j; k++ {
		if s.strong(k) {
			if first < 0 {
				first = k
			}
			last = k
		}
	}
	if first < 0 && s.cell(i, j) {
		s.mark(i, j-1, person)
		return
	}
	title := -1
	for k := i; k < j-1; k++ {
		if s.words[k].is(titles) && s.words[k+1].form != small {
			title = k
			break
		}
	}
	switch {
	case title >= 0 && s.lines[s.words[i].line].kind != codeLine && (first >= 0 || s.words[title+1].lex&isOften == 0 || s.words[title+1].lex&isName != 0):
		first = title
		last = max(last, title+1)
		for last+1 < j && s.words[last+1].lex&(isCommon|isOften) != isCommon|isOften {
			last++
		}
	case first >= 0:
		first, last = s.widen(first, last, i, j)
	default:
		first, last = s.weak(i, j)
	}
	if first < 0 {
		if s.lines[s.words[i].line].german {
			s.germanPairs(i, j)
		}
		return
	}
	c := person
	prev := i > 0 && first > 0 && s.words[first-1].is(toPlaces)
	lex := s.words[first].lex
	switch {
	case s.words[last].is(legal) && last > first:
		c = organisation
	case lex&isPlace != 0 && lex&(isGiven|isFamily) == 0, s.words[first].is(placePairs), prev && lex&isGiven == 0:
		c = place
	}
	s.mark(first, last, c)
}

// cell tells whether words i to j-1 are a line of their own that can only be a name: two to four words, none an English one.
func (s *search) cell(i, j int) bool {
	l := &s.lines[s.words[i].line]
	if l.kind != plainLine || int(l.first) != i && s.words[i].sep&sepColon == 0 && !(int(l.first) == i-1 && s.words[i-1].form == figure && s.words[i].sep == sepDot|sepSpace) || int(l.last) != j && (s.words[j].sep&(sepColon|sepComma) == 0 || s.words[i].sep&sepColon == 0) || j-i < 2 || j-i > 4 ||
		len(s.lines) < 2 && s.words[i].sep&sepColon == 0 {
		return false
	}
	named := false
	for k := i; k < j; k++ {
		w := &s.words[k]
		if w.lex&isCommon != 0 && w.lex&(isGiven|isFamily) == 0 || w.lex&isOften != 0 || w.glued || w.form == upperAll && w.letters() < 4 {
			return false
		}
		named = named || w.lex&(isGiven|isFamily) != 0 && w.lex&isCommon == 0 || w.lex == 0 && w.form == capital && len(s.lines) > 1 && int(l.last) == j
	}
	return named
}

var (
	placeHeads = traitOf(`new south north east west upper lower united czech saudi los las san santa sao saint st port fort el great costa sri hong puerto el papua sierra burkina cape ivory dominican grand mount lake villa bad gross klein store`)
	placePairs = traitOf(`united kingdom states arab emirates czech republic los angeles new zealand south africa korea north ivory coast costa rica hong kong puerto rico las vegas new york mexico delhi zealand orleans jersey hampshire san francisco jose diego saudi arabia sri lanka`)
)

// widen takes in weak names, initials and forms of companies around the strong ones.
func (s *search) widen(first, last, i, j int) (int, int) {
	for first > i {
		w := &s.words[first-1]
		if s.words[first].sep == sepHyphen && w.large() {
			first--
			continue
		}
		often := w.lex&isOften != 0 || s.starts(first-1) && w.lex&isGiven == 0 && w.lex&isCommon != 0
		if w.form == initial && !s.starts(first-1) || w.is(placeHeads) && s.words[first].lex&isPlace != 0 || w.lex&isName != 0 && !often || w.lex == 0 && w.letters() > 1 || w.form == small {
			first--
			continue
		}
		break
	}
	for s.words[first].form == small {
		first++
	}
	for last+1 < j {
		w := &s.words[last+1]
		if s.lines[w.line].kind == englishLine && w.form == capital && w.sep == sepSpace && !w.is(english) || w.form == initial || s.words[last].form == initial && w.form == capital || w.form == capital && s.words[last].lex&(isGiven|isCommon) == isGiven && !w.is(english) && !w.is(titles) && w.sep == sepSpace && (j-i == 2 || w.lex&isOften == 0) || w.lex&isName != 0 && w.lex&isOften == 0 || w.is(companies) || w.form == small || w.lex == 0 {
			last++
			continue
		}
		if last+2 < j && w.form == capital && w.lex&isGiven != 0 && s.words[last+2].lex&(isFamily|isCommon) == isFamily && w.sep == sepSpace && s.words[last+2].sep == sepSpace {
			last += 2 // "Wyatt Will Ramirez"
			continue
		}
		break
	}
	for s.words[last].form == small {
		last--
	}
	return first, last
}

// weak looks for names that are English words as well: a pair, or one where no other word would be capital.
func (s *search) weak(i, j int) (int, int) {
	kind := s.lines[s.words[i].line].kind
	if kind == codeLine {
		return -1, -1
	}
	for k := i; k+1 < j; k++ {
		a, b := &s.words[k], &s.words[k+1]
		if a.is(placePairs) && b.is(placePairs) && kind == englishLine {
			return k, k + 1
		}
		if j-i <= 3 && b.sep == sepSpace && s.surely(a) && s.surely(b) {
			return k, k + 1
		}
		if a.lex&isGiven != 0 && !a.is(english) && b.lex&isFamily != 0 && a.lex&b.lex&isOften == 0 && (kind == englishLine || (a.lex|b.lex)&isOften == 0) && b.large() && a.form == capital {
			return k, k + 1
		}
		if a.lex&isGiven != 0 && a.lex&isOften == 0 && b.form == initial {
			if k+2 < j && s.words[k+2].lex&isFamily != 0 {
				return k, k + 2
			}
			return k, k + 1
		}
	}
	for k := i + 1; k < j; k++ {
		if s.words[k].is(legal) && s.lines[s.words[i].line].kind != codeLine {
			from := i
			for from < k && s.starts(from) && s.words[from].is(english) {
				from++
			}
			if from < k {
				return from, k
			}
		}
	}
	if kind != englishLine || j-i > 2 {
		return -1, -1
	}
	for k := i; k < j; k++ {
		w := &s.words[k]
		if w.form != capital || w.lex&isName == 0 || w.lex&isOften != 0 {
			continue
		}
		switch {
		case !s.starts(k) && w.lex&isGiven != 0 && j-i == 1:
			return k, k
		case k > 0 && s.words[k-1].is(toPlaces) && w.lex&isPlace != 0 && w.sep == sepSpace && j-i == 1:
			return k, k
		case s.starts(k) && w.lex&(isGiven|isFamily) != 0 && k+1 < len(s.words) && s.words[k+1].form == small && s.words[k+1].is(sayings):
			return k, k
		case s.starts(k) && w.lex&isGiven != 0 && w.sep&(sepLine|sepPara) != 0 && int(w.end) < len(s.text) && s.text[w.end] == ':':
			return k, k
		case k > 0 && s.words[k-1].is(callings) && (w.lex&isGiven != 0 || w.lex&isFamily != 0 && w.sep&sepColon == 0):
			return k, k
		}
	}
	return -1, -1
}

// surely tells of words that are names of people and nothing else.
func (s *search) surely(w *word) bool {
	return w.large() && w.letters() >= 3 && w.lex&(isGiven|isFamily) != 0 && w.lex&(isCommon|isPlace|isPeople) == 0
}

// caseless tells of words in a script that has no capitals, so that being small says nothing of them: scripts.go looks at these.
func (s *search) caseless(w *word) bool { return s.text[w.start] >= 0xe0 }

// mark notes that words first to last are of a class.
func (s *search) mark(first, last int, c class) {
	s.add(int(s.words[first].start), int(s.words[last].end), c)
	for i := first; i <= last; i++ {
		s.words[i].tag = c
		if c == person {
			s.people = append(s.people, int32(i))
		}
	}
}

// quoted takes names out of what is no sentence: between quotes or between tags stands what people wrote. Two or three words of which the first is
// a given name; in a statement that puts values into a table one is enough.
func (s *search) quoted() {
	for _, n := range s.large {
		i := int(n)
		w := &s.words[i]
		if w.sep&(sepColon|sepHyphen) == 0 || w.form != capital || w.tag != noClass || w.start == 0 || s.lines[w.line].kind == englishLine {
			continue // quotes and tags part words
		}
		open := s.text[w.start-1]
		if open != '\'' && open != '"' && open != '>' {
			continue
		}
		j := i + 1
		for j < len(s.words) && j < i+4 && s.words[j].sep == sepSpace && (s.words[j].form == capital || s.words[j].form == initial) {
			j++
		}
		end := int(s.words[j-1].end)
		if end >= len(s.text) || s.text[end] != open && !(open == '>' && s.text[end] == '<') {
			continue
		}
		l := s.lexeme(w)
		switch {
		case j-i >= 2 && l&isGiven != 0 && l&isOften == 0 && (l&isCommon == 0 || s.lexeme(&s.words[j-1])&(isFamily|isCommon) == isFamily):
		case j-i == 1 && s.seen&inserts != 0 && l&isCommon == 0 && l&(isGiven|isFamily) != 0 && open != '>':
		default:
			continue
		}
		s.mark(i, j-1, person)
	}
}

// inserts are words of statements that put values into a table.
var inserts = traitOf(`insert values`)
