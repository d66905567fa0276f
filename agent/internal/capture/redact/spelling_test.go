package redact

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// TestSpelling holds that a word is the same word wherever it stands: in the middle of a text it is read eight letters at a time, at its end one by one.
func TestSpelling(t *testing.T) {
	e, r := newRedactor(t).engine, rand.New(rand.NewPCG(1, 2))
	read := func(text string) word {
		if err := e.read([]byte(text), &gateState{}); err != nil || len(e.words) == 0 {
			t.Fatalf("%q has no word, %v", text, err)
		}
		return e.words[0]
	}
	words := strings.Fields(`a I The the USA McDonald O'Brien d'Artagnan first_name password Hauptstraße rowsandcolumns Internationally iPhone x86 7 2026 of
		aaaaaaa aaaaaaaa aaaaaaaaa aaaaaaaaaaaaaaa aaaaaaaaaaaaaaaa AAAAAAAA Aaaaaaaa Zaaaaaaaaaaaaaaaaaa`)
	for range 3000 {
		b := make([]byte, 1+r.IntN(18))
		for i := range b {
			b[i] = "abcxyzABCXYZeeee09_'"[r.IntN(20)]
		}
		if b[0] != '\'' && b[0] != '_' {
			words = append(words, string(b))
		}
	}
	for _, w := range words {
		end, middle := read(w), read(w+" "+strings.Repeat(" ", 20))
		if end != middle {
			t.Errorf("%q is %+v at the end of a text, and %+v in its middle", w, end, middle)
		}
		if h := uint32(hashOf([]byte(w[:end.end]))); end.hash != h || middle.own != traitsOf(hashOf([]byte(w[:end.end]))) {
			t.Errorf("%q has the hash %x, not %x", w, end.hash, h)
		}
		text := "(" + w + ")"
		if got, want := mixAt([]byte(text), 1, int32(1+len(w))), mixOf([]byte(w)); got != want {
			t.Errorf("the tables know %q by %x, not by %x", w, want, got)
		}
	}
}

// TestEight holds the answers for eight bytes at once against those for one.
func TestEight(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		x := r.Uint64()
		if r.IntN(2) == 0 {
			x &^= high
		}
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], x)
		for i, c := range b {
			at := uint64(0x80) << (8 * i)
			if got, want := lettersIn(x)&at != 0, kindOf[c] == isLetter; got != want {
				t.Fatalf("in %x byte %d: a letter %v", b, i, got)
			}
			if got, want := digitsIn(x)&at != 0, kindOf[c] == isDigit; got != want {
				t.Fatalf("in %x byte %d: a digit %v", b, i, got)
			}
			if got, want := badIn(x)&at != 0, kindOf[c] == isBad; got != want {
				t.Fatalf("in %x byte %d: bad %v", b, i, got)
			}
		}
	}
}

// TestKeyWords holds that the gate sees each of its words, wherever it stands and in either case.
func TestKeyWords(t *testing.T) {
	e := newRedactor(t).engine
	for i, w := range e.keywords.words {
		large := []byte(w)
		for k, c := range large {
			large[k] = upper(c)
		}
		for _, text := range []string{w, "zz" + w, w + "zz", "the " + string(large) + ": 1"} {
			var g gateState
			if e.spot([]byte(text), &g); g.need&e.keys[i].need != e.keys[i].need {
				t.Errorf("%q is not seen in %q", w, text)
			}
			if !e.keywords.any([]byte(text)) {
				t.Errorf("%q is not met in %q", w, text)
			}
		}
	}
}

// TestStopWords holds that a rule knows each of its stop words, and that a key without one is none.
func TestStopWords(t *testing.T) {
	n := 0
	for _, r := range newRedactor(t).engine.vendor {
		if _, err := r.compiled(); err != nil {
			t.Fatal(err)
		}
		for _, a := range r.Allowlists {
			for _, w := range a.StopWords {
				if n++; a.stops != nil && !a.stops.any([]byte("q7"+strings.ToUpper(w)+"q7")) {
					t.Errorf("%s does not stop at %q", r.ID, w)
				}
			}
			if a.stops != nil && a.stops.any([]byte("q7q8q9")) {
				t.Errorf("%s stops at no word", r.ID)
			}
		}
	}
	if n < 1000 {
		t.Errorf("there are %d stop words", n)
	}
}

// TestCapitals holds that letters which are taken for small without a look are.
func TestCapitals(t *testing.T) {
	for r := range unicode.MaxRune {
		if noCapital(r) && (unicode.ToLower(r) != r || unicode.IsUpper(r) || unicode.IsTitle(r)) {
			t.Errorf("%U has another small letter", r)
		}
	}
}

// TestNextBad asks for the next bad byte from each place of texts of each length.
func TestNextBad(t *testing.T) {
	for size := range 40 {
		for bad := range size + 1 {
			text := bytes.Repeat([]byte("a"), size)
			if bad < size {
				text[bad] = 0x80
			}
			for i := range size + 1 {
				want := size
				if i <= bad {
					want = bad
				}
				if got := nextBad(text, i); got != want {
					t.Fatalf("%d bytes, a bad one at %d: from %d on %d, not %d", size, bad, i, got, want)
				}
			}
		}
	}
}

// TestInOrder deals out spans, many of which begin beside each other, and compares with a sort.
func TestInOrder(t *testing.T) {
	r, e := rand.New(rand.NewPCG(3, 4)), &engine{}
	for size := 1; size < 3000; size += 1 + size/3 {
		var found []span
		var want []uint64
		for i := range r.IntN(2 * size) {
			at := r.IntN(1 + r.IntN(size))
			found, want = append(found, span{start: at, end: at + 1}), append(want, uint64(at)<<32|uint64(i))
		}
		slices.Sort(want)
		if e.inOrder(found, size); !slices.Equal(e.order, want) {
			t.Fatalf("%d spans in %d bytes are not in order", len(found), size)
		}
	}
}

// TestFoldAgain holds that a character is read the second time as it was the first, when its reading is remembered, and that characters are
// counted as everybody counts them.
func TestFoldAgain(t *testing.T) {
	var one folded
	for r := rune(0x80); r < 0x20000; r++ {
		text := []byte("a" + string(r) + "b")
		want, _ := appendFolded([]byte("a"), nil, r, text[1:len(text)-1])
		for range 2 {
			if one.fold(text); string(one.text) != string(want)+"b" {
				t.Fatalf("%U is read as %q, not as %q", r, one.text, want[1:])
			}
		}
		if text = []byte(strings.Repeat(string(text), 3)); one.valid != utf8.Valid(text) || beginnings(text) != utf8.RuneCount(text) {
			t.Fatalf("%U: %d characters of %d, valid %v", r, beginnings(text), utf8.RuneCount(text), one.valid)
		}
	}
	if one.fold([]byte("a\xc3b")); one.valid {
		t.Error("half of a character is valid")
	}
}
