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

// look passes once over text. It allocates nothing. It stops at the first byte that needs folding, unless the text is folded.
func (e *engine) look(text []byte, isFolded bool, g *gateState) {
	digits, gap, tokenLen, colons, dots := 0, 0, 0, 0, 0
	state := int32(0)
	n := e.keywords
	for i, c := range text {
		switch kindOf[c] {
		case isDigit:
			digits, gap, tokenLen = digits+1, 0, tokenLen+1
			if digits == 5 {
				g.need |= needDigits
			}
			if i >= 3 && kindOf[text[i-1]] == isDigit && kindOf[text[i-2]] == isLetter && kindOf[text[i-3]] == isLetter {
				g.need |= needIBAN
			}
		case isLetter, isWord:
			digits, tokenLen = 0, tokenLen+1
			g.need |= needWords
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
			case '-', '.', '/':
				tokenLen++
				if c == '/' && i >= 2 && text[i-1] == '/' && text[i-2] == ':' {
					g.need |= needScheme
				}
				if c == '.' && i > 0 && kindOf[text[i-1]] == isDigit {
					if dots++; dots == 3 {
						g.need |= needDots
					}
				}
			default:
				tokenLen = 0
			}
		case isBad:
			if !isFolded {
				g.need |= needFold
				return
			}
			digits, tokenLen = 0, tokenLen+1
		default:
			digits, tokenLen = 0, 0
		}
		if tokenLen == longToken {
			g.need |= needLong
		}
		if k := n.class[c]; k != 0 {
			state = n.next[int(state)*n.width+int(k)]
			if h := n.hits[state]; h != nil {
				e.hit(h, i, g)
			}
		} else {
			state = 0
		}
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
