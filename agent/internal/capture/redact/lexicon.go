package redact

import (
	_ "embed"
	"encoding/binary"
	"unicode"
	"unicode/utf8"
)

// wordTable tells which words are English, names, places or peoples. It holds 26 bits of a hash of each word and six flags, in
// order, four bytes each, behind an index; words/generate.mjs makes it from the lists that words/README.md names. It stays in the program's
// file until it is looked at, so that it costs no memory while nothing is typed.
//
//go:embed words/words.bin
var wordTable string

// wordDigest is SHA-256 of the table. It stands here so that naming the rules does not read the table into memory; TestWordDigest holds it.
const wordDigest = "049331aaaa9a3ae2707983d78d492b2ade83ab8be5f00a1cc4917233d231bfbb"

// wordChecks holds 16 bits more of the hash of each word, in the order of the table: one in two hundred words that are in no list, names
// and passwords among them, share the 26 bits of one that is. Its digest is checkDigest.
//
//go:embed words/checks.bin
var wordChecks string

// checkDigest is SHA-256 of the checks.
const checkDigest = "981c2c0cdab851f4e700c1f831a5f27e8ccb39edd8fbb1de2bbe7e5202701f5a"

// lexeme is what the tables say of a word.
type lexeme uint8

const (
	isCommon lexeme = 1 << iota // an English word, as it is written small
	isGiven                     // a given name
	isFamily                    // a family name
	isPlace                     // part of a name of a country, a state or a town
	isPeople                    // a nationality, a language or a faith
	isOften                     // one of the words that people use most

	isName = isGiven | isFamily | isPlace
)

const hashMix uint64 = 0x9e3779b97f4a7c15

// mixOf is the hash of a word whose upper bits the tables know: FNV-1a, mixed. The generator does the same.
func mixOf(word []byte) uint64 {
	h := uint64(fnvBegin)
	for i, c := range word {
		if c >= utf8.RuneSelf {
			h = fnvWide(h, word[i:])
			break
		}
		h = (h ^ uint64(lower(c))) * fnvStep
	}
	return (h ^ h>>32) * hashMix
}

// mixAt is mixOf a part of text. Of a short word all eight steps are made, and what was there behind its last letter is taken: so the processor need not
// guess how long it is.
func mixAt(text []byte, start, end int32) uint64 {
	x, n := smallAt(text, int(start)), end-start
	if n > 8 || n < 1 || x<<(64-8*uint(n))&high != 0 {
		return mixOf(text[start:end])
	}
	h, behind := uint64(fnvBegin), [8]uint64{}
	for i := range behind {
		h = (h ^ x&0xff) * fnvStep
		behind[i], x = h, x>>8
	}
	h = behind[n-1]
	return (h ^ h>>32) * hashMix
}

const fnvBegin, fnvStep = 0xcbf29ce484222325, 0x100000001b3

// fnvWide goes on with the hash of a word behind its ASCII letters.
func fnvWide(h uint64, word []byte) uint64 {
	eachSmall(word, func(c byte) { h = (h ^ uint64(c)) * fnvStep })
	return h
}

// key is the upper 26 bits, by which the table is ordered.
func key(mixed uint64) uint32 { return uint32(mixed >> 38) }

// check is the 16 bits below the key.
func check(mixed uint64) uint16 { return uint16(mixed >> 22) }

// The table begins with where each bucket starts: a bucket is all words whose keys share the upper 15 bits.
const (
	bucketBits = 15
	tableHead  = (1<<bucketBits + 1) * 4
)

func entry(at int) uint32 {
	t := wordTable[at : at+4]
	return uint32(t[0]) | uint32(t[1])<<8 | uint32(t[2])<<16 | uint32(t[3])<<24
}

// lookedUp remembers what the tables say of some words, by all 42 bits that they know: they are far away from the processor. A word has four places
// beside each other, so that frequent words do not drive each other out; the oldest one goes.
type lookedUp [1 << 12][4]uint64

// lookUp is lookUp of the tables.
func (r *lookedUp) lookUp(mixed uint64) lexeme {
	known, p := mixed>>22, &r[key(mixed)%uint32(len(r))]
	found := p[0]
	for _, at := range p[1:] {
		if at>>6 == known {
			found = at
		}
	}
	if found>>6 != known || found == 0 {
		found = known<<6 | uint64(lookUp(mixed))
		*p = [4]uint64{found, p[0], p[1], p[2]}
	}
	return lexeme(found & 63)
}

// lookUp gives the flags of the word with this hash, 0 for an unknown one. That a word is English, and so perhaps no name, is believed only if all bits
// that are known of it are the same; that it may be a name, if those of the key are.
func lookUp(mixed uint64) lexeme {
	l, i := placeOf(key(mixed))
	if i >= 0 && uint16(wordChecks[2*i])|uint16(wordChecks[2*i+1])<<8 != check(mixed) {
		if l &= isName; l != 0 {
			l |= isFamily // of which kind, nobody knows
		}
	}
	return l
}

// placeOf gives the flags of the word with this key and where it stands in the table, -1 for an unknown one.
func placeOf(k uint32) (l lexeme, i int) {
	b := int(k>>(26-bucketBits)) * 4
	for i, end := int(entry(b)), int(entry(b+4)); i < end; i++ {
		if e := entry(tableHead + 4*i); e>>6 >= k {
			if e>>6 > k {
				return 0, -1
			}
			return lexeme(e & 63), i
		}
	}
	return 0, -1
}

// eachSmall gives the bytes of a folded word in small letters.
func eachSmall(word []byte, give func(byte)) {
	for i := 0; i < len(word); {
		if c := word[i]; c < utf8.RuneSelf {
			give(lower(c))
			i++
			continue
		}
		r, n := utf8.DecodeRune(word[i:])
		var b [utf8.UTFMax]byte
		if !noCapital(r) {
			r = unicode.ToLower(r)
		}
		for _, c := range b[:utf8.EncodeRune(b[:], r)] {
			give(c)
		}
		i += n
	}
}

// hashMore goes on with the hash of a word by up to eight letters, of which the first is the lowest byte.
func hashMore(h, letters uint64) uint64 {
	h = (h ^ letters) * hashMix
	return h ^ h>>32
}

// hashOf is the hash of a folded word, in small letters, eight at a time.
func hashOf(word []byte) uint64 {
	h, letters, n := uint64(0), uint64(0), 0
	eachSmall(word, func(c byte) {
		letters |= uint64(c) << (8 * n)
		if n++; n == 8 {
			h, letters, n = hashMore(h, letters), 0, 0
		}
	})
	if n > 0 {
		h = hashMore(h, letters)
	}
	return h
}

// large tells of capital letters beyond ASCII.
func large(r rune) bool { return !noCapital(r) && (unicode.IsUpper(r) || unicode.IsTitle(r)) }

// noCapital tells of small letters of Greek and Cyrillic and of scripts without capitals: of these most words beyond Latin are, and unicode's tables
// need not be asked.
func noCapital(r rune) bool {
	return r >= 0x3b1 && r < 0x3ca || r >= 0x430 && r < 0x460 || r >= 0x590 && r < 0x10a0
}

// hashAt is hashOf a part of text.
func hashAt(text []byte, start, end int) (h uint64) {
	for i := start; i < end; i += 8 {
		if i+8 > len(text) {
			return hashOf(text[start:end])
		}
		x := binary.LittleEndian.Uint64(text[i:])
		if n := uint(end - i); n < 8 {
			x &= 1<<(8*n) - 1
		}
		if x&high != 0 {
			return hashOf(text[start:end])
		}
		h = hashMore(h, x|lettersIn(x)>>2)
	}
	return h
}

// hashWord is the hash by which a word of a text is known.
func hashWord(w string) uint32 { return uint32(hashOf([]byte(w))) }

// Hashes of single words that the rules ask for.
var (
	wordA   = hashWord("a")
	wordAge = hashWord("age")
	wordBy  = hashWord("by")
	wordDe  = hashWord("de")
	wordHe  = hashWord("he")
	wordN   = hashWord("n")
	wordID  = hashWord("id")
	wordIM  = hashWord("i'm")
	wordIs  = hashWord("is")
	wordOf  = hashWord("of")
	wordOn  = hashWord("on")
	wordShe = hashWord("she")
	wordThe = hashWord("the")
	wordWas = hashWord("was")
	wordYo  = hashWord("yo")
)
