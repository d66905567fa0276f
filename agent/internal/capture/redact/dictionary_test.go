package redact

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestDictionary compares the automaton with a search of each term on its own.
func TestDictionary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func(n int) string {
		b := make([]byte, 1+r.IntN(n))
		for i := range b {
			b[i] = "abcA "[r.IntN(5)]
		}
		return string(b)
	}
	for range 300 {
		terms := make([]string, 1+r.IntN(12))
		for i := range terms {
			terms[i] = word(5)
		}
		d, err := newDictionary(terms)
		if err != nil {
			t.Fatal(err)
		}
		text := word(60)
		want, got := map[[2]int]bool{}, map[[2]int]bool{}
		for _, w := range terms {
			for i := 0; i+len(w) <= len(text); i++ {
				if strings.EqualFold(text[i:i+len(w)], w) {
					want[[2]int{i, i + len(w)}] = true
				}
			}
		}
		d.each([]byte(text), func(start, end int) { got[[2]int{start, end}] = true })
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("terms %q in %q: found %v, want %v", terms, text, got, want)
		}
	}
}

// TestManyTerms finds each of 100,000 terms, however it is written, and refuses one more.
func TestManyTerms(t *testing.T) {
	terms := make([]string, mostTerms)
	for i := range terms {
		terms[i] = fmt.Sprintf("Projekt Ähre %x", i*7919+1000003)
	}
	r := newRedactor(t)
	if err := r.engine.addPolicy(nil, terms); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(terms); i += 997 {
		if got := r.redact([]byte("see " + strings.ToUpper(terms[i]) + " now")); !strings.HasPrefix(got, "see <TERM#") {
			t.Fatalf("%q became %q", terms[i], got)
		}
	}
	if err := (&engine{}).addPolicy(nil, append(slices.Clone(terms), "one more")); err == nil {
		t.Error("100,001 terms were taken")
	}
}
