package redact

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestExpressions holds that a rule of gitleaks finds what package regexp finds with it: in texts that it was made for, and in those with
// a slip or two.
func TestExpressions(t *testing.T) {
	r, slow, matched, tried := rand.New(rand.NewPCG(1, 2)), 0, 0, 0
	for _, rule := range newRedactor(t).engine.vendor {
		x, err := rule.compiled()
		if err != nil {
			t.Fatal(err)
		}
		all := []*expression{x}
		for _, a := range rule.Allowlists {
			all = append(all, a.patterns...)
		}
		for _, x := range all {
			if x.steps == nil {
				slow++
				t.Logf("left to package regexp: a rule or an exception of %s", rule.ID)
			}
			matched += agrees(t, r, x)
			tried += tries
		}
	}
	if slow > 2 {
		t.Errorf("%d expressions are left to package regexp", slow)
	}
	if matched*5 < tried*2 {
		t.Errorf("%d texts of %d matched, which proves little", matched, tried)
	}
}

// TestExpressionGivesUp: what would take too long by going forth and back is found all the same.
func TestExpressionGivesUp(t *testing.T) {
	x, err := newExpression(`(?:[a-z]{0,60}[a-y]{0,60}[a-x]{0,60}[a-w]{0,60}){1,5}!`, false)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?aa!")
	m, err := x.find(text)
	if err != nil || len(m) != 2 || m[1] != len(text) || x.slow == nil {
		t.Errorf("it found %v, %v", m, err)
	}
}

const tries = 30 // of each expression

// agrees tells how many of so many texts an expression matches, as package regexp has it.
func agrees(t *testing.T, r *rand.Rand, x *expression) int {
	source := x.source
	if x.led {
		source = `\A(?:` + source + `)`
	}
	re, made, found := regexp.MustCompile(source), rapid.StringMatching(x.source), 0
	var f folded
	for i := range tries {
		text := []byte(made.Example(i))
		if !x.led {
			text = append(beside(r), text...)
		}
		text = append(text, beside(r)...)
		for range r.IntN(3) {
			text = slipped(r, text)
		}
		f.fold(text)
		want := re.FindSubmatchIndex(f.text)
		got, err := x.find(f.text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%.200s in %q: %v, %v; package regexp finds %v", x.source, f.text, got, err, want)
			return 0
		}
		if want != nil {
			found++
		}
	}
	return found
}

var besides = []string{"", " ", "\n", "x", "é", " key = ", "\"", ";", "=", "'a'", " token: abcdefgh12345678 ", "日本", "-----", "\\n"}

func beside(r *rand.Rand) []byte {
	return []byte(besides[r.IntN(len(besides))] + besides[r.IntN(len(besides))])
}

// slipped is a text in which something was left out, put in, or doubled.
func slipped(r *rand.Rand, text []byte) []byte {
	if len(text) == 0 {
		return text
	}
	at := r.IntN(len(text))
	switch r.IntN(3) {
	case 0:
		return slices.Delete(text, at, at+1)
	case 1:
		return slices.Insert(text, at, beside(r)...)
	}
	return slices.Insert(text, at, slices.Clone(text[at:min(len(text), at+r.IntN(30))])...)
}
