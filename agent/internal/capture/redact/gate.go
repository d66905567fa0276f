package redact

// need is a set of detectors that a text calls for.
type need uint32

const (
	needDigits  need = 1 << iota // five digits or more that belong together
	needAt                       // '@'
	needScheme                   // "://"
	needColons                   // two ':' or more
	needDots                     // three dots between digits
	needIBAN                     // two letters and two digits
	needLong                     // a token of 20 characters or more
	needVendor                   // a key word of a vendor's rule
	needPEM                      // "-----"
	needJWT                      // "eyJ"
	needAWS                      // the beginning of an AWS key id
	needLabel                    // a word such as "password"
	needFold                     // a byte beyond ASCII, or a control character: fold the text first, then look again
	needWords                    // letters
	needPercent                  // '%' and two digits
	needAlways
)

// gateState is what one pass over a text has seen.
type gateState struct {
	need need
}

// hit is where a key word of a vendor's rule ends.
type hit struct {
	end  int32
	word int32
}

// kinds of a byte
const (
	isOther uint8 = iota
	isDigit
	isLetter
	isGap   // may stand between digits that belong together
	isBreak // ends a token
	isWord  // may be part of a token
	isBad   // needs folding
)

var kindOf = func() (k [256]uint8) {
	for c := range k {
		switch {
		case c >= '0' && c <= '9':
			k[c] = isDigit
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			k[c] = isLetter
		case c >= 0x80 || c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7f:
			k[c] = isBad
		}
	}
	for _, c := range []byte(" -./()\t\n\r") {
		k[c] = isGap
	}
	for _, c := range []byte("\"'<>[]{},;|`") {
		k[c] = isBreak
	}
	for _, c := range []byte("_+=~:@#$%&*!?^\\") {
		k[c] = isWord
	}
	return k
}()

// look passes once over text. It allocates nothing once its lists have grown. It stops at the first byte that needs folding, unless
// the text is folded. It lists the key words of vendors and the long tokens.
func (e *engine) look(text []byte, isFolded bool, g *gateState) {
	e.hits, e.longs = e.hits[:0], e.longs[:0]
	digits, gap, token, colons, dots := 0, 0, 0, 0, 0 // token is where the one that goes on begins
	state, n := 0, e.keywords
	width, next := n.width, n.next
	for i, c := range text {
		switch kindOf[c] {
		case isDigit:
			digits, gap = digits+1, 0
			if digits == 4 {
				g.need |= needDigits
			}
			if i >= 3 && kindOf[text[i-1]] == isDigit && kindOf[text[i-2]] == isLetter && kindOf[text[i-3]] == isLetter {
				g.need |= needIBAN
			}
		case isLetter:
			digits = 0
			g.need |= needWords
		case isWord:
			digits = 0
			switch c {
			case '%':
				g.need |= needPercent
			case '@':
				g.need |= needAt
			case ':':
				if colons++; colons == 2 {
					g.need |= needColons
				}
			}
		case isGap:
			if gap++; gap > 2 {
				digits = 0
			}
			switch c {
			case '-':
			case '/':
				if i >= 2 && text[i-1] == '/' && text[i-2] == ':' {
					g.need |= needScheme
				}
			case '.':
				if i > 0 && kindOf[text[i-1]] == isDigit {
					if dots++; dots == 3 {
						g.need |= needDots
					}
				}
			default:
				e.long(token, i, g)
				token = i + 1
			}
		case isBad:
			if !isFolded {
				g.need |= needFold
				return
			}
			digits = 0
		default:
			digits = 0
			e.long(token, i, g)
			token = i + 1
		}
		if k := n.class[c]; k != 0 {
			state = int(next[state*width+int(k)])
			if h := n.hits[state]; h != nil {
				e.hit(h, i, g)
			}
		} else {
			state = 0
		}
	}
	e.long(token, len(text), g)
}

// shortest is from how many characters on a token is listed.
const shortest = 16

func (e *engine) long(start, end int, g *gateState) {
	if end-start >= shortest {
		g.need |= needLong
		e.longs = append(e.longs, group{start, end})
	}
}

// hit notes key words that end here.
func (e *engine) hit(words []int32, at int, g *gateState) {
	for _, w := range words {
		k := &e.keys[w]
		g.need |= k.need
		if len(k.rules) > 0 || k.need&needLabel != 0 {
			e.hits = append(e.hits, hit{int32(at) + 1, w})
		}
	}
}
