package redact

import (
	_ "embed"
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
// and passwords among them, share the 26 bits of one that is.
//
//go:embed words/checks.bin
var wordChecks string

// lexeme is what the table says of a word.
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

// FNV-1a; the generator does the same.
const (
	hashBegin uint64 = 0xcbf29ce484222325
	hashStep  uint64 = 0x100000001b3
	hashMix   uint64 = 0x9e3779b97f4a7c15
)

// key is what the table is ordered by: 26 bits of the hash.
func key(h uint64) uint32 {
	h ^= h >> 32
	return uint32(h * hashMix >> 38)
}

// check is the 16 bits below the key.
func check(h uint64) uint16 {
	h ^= h >> 32
	return uint16(h * hashMix >> 22)
}

// The table begins with where each bucket starts: a bucket is all words whose keys share the upper 15 bits.
const (
	bucketBits = 15
	tableHead  = (1<<bucketBits + 1) * 4
)

func entry(at int) uint32 {
	t := wordTable[at : at+4]
	return uint32(t[0]) | uint32(t[1])<<8 | uint32(t[2])<<16 | uint32(t[3])<<24
}

// lookUp gives the flags of the word with this hash, 0 for an unknown one.
func lookUp(h uint64) lexeme {
	l, _ := placeOf(h)
	return l
}

// lookUpSurely is lookUp for words that are shown: that a word is English is believed only if all bits that are known of it are the same.
func lookUpSurely(h uint64) lexeme {
	l, i := placeOf(h)
	if i >= 0 && uint16(wordChecks[2*i])|uint16(wordChecks[2*i+1])<<8 != check(h) {
		l &^= isCommon | isOften | isPeople
	}
	return l
}

// placeOf gives the flags of the word with this hash and where it stands in the table, -1 for an unknown one.
func placeOf(h uint64) (l lexeme, i int) {
	k := key(h)
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

// hashOf is the hash of a folded word, in small letters.
func hashOf(word []byte) uint64 {
	h := hashBegin
	for i := 0; i < len(word); {
		if c := word[i]; c < utf8.RuneSelf {
			h = (h ^ uint64(lower(c))) * hashStep
			i++
			continue
		}
		r, n := utf8.DecodeRune(word[i:])
		var b [utf8.UTFMax]byte
		for _, c := range b[:utf8.EncodeRune(b[:], unicode.ToLower(r))] {
			h = (h ^ uint64(c)) * hashStep
		}
		i += n
	}
	return h
}

// large tells of capital letters beyond ASCII.
func large(r rune) bool { return unicode.IsUpper(r) || unicode.IsTitle(r) }

func hashWord(w string) uint64 { return hashOf([]byte(w)) }

// Hashes of single words that the rules ask for.
var (
	wordA   = hashWord("a")
	wordAge = hashWord("age")
	wordHe  = hashWord("he")
	wordIM  = hashWord("i'm")
	wordIs  = hashWord("is")
	wordOf  = hashWord("of")
	wordOn  = hashWord("on")
	wordShe = hashWord("she")
	wordThe = hashWord("the")
	wordWas = hashWord("was")
	wordYo  = hashWord("yo")
)
