package redact

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
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
			if got, want := badIn(x)&at != 0, kindOf[c] == isBad; got != want {
				t.Fatalf("in %x byte %d: bad %v", b, i, got)
			}
		}
	}
}
