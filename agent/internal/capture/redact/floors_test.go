package redact

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/byleave/byleave/bench/redaction/sample"
)

// floors are the recalls below which no change may fall, by generated class. bench/redaction measures the same with more texts.
var floors = map[string]float64{"card": 1, "ssn": .995, "iban": .995, "email": .995, "wallet": .995, "ip": .995, "phone": .94, "jwt": 1, "pem": 1,
	"url-credentials": 1, "connection-string": 1, "password": .97, "vendor-token": .995, "person-prose": .9, "person-field": .97, "birth-date": .97, "document": .97, "address": .9}

// TestFloors holds the recall of each class: a value counts as caught if no four characters in a row of it are left (of a name: no word).
func TestFloors(t *testing.T) {
	for _, class := range sample.Classes() {
		t.Run(class, func(t *testing.T) {
			r, n, missed := newRedactor(t), 300, 0
			for _, s := range sample.Positives(class, 11, n) {
				if _, found := r.Text(s.Text); leaks(s, found) {
					if missed++; missed <= 3 {
						t.Logf("left in %q", s.Text)
					}
				}
			}
			if got := 1 - float64(missed)/float64(n); got < floors[class] || floors[class] == 0 {
				t.Errorf("recall is %.3f, the floor is %.3f", got, floors[class])
			}
		})
	}
}

// TestFalseAlarms holds that texts without anything to hide stay as they are.
func TestFalseAlarms(t *testing.T) {
	r, changed := newRedactor(t), 0
	texts := sample.Clean(11, 900)
	for _, s := range texts {
		if got, _ := r.Text(s.Text); got != s.Text {
			if changed++; changed <= 5 {
				t.Logf("%q became %q", s.Text, got)
			}
		}
	}
	if changed*50 > len(texts) {
		t.Errorf("%d of %d clean texts were changed", changed, len(texts))
	}
}

func leaks(s sample.Text, found []Found) bool {
	text := []rune(s.Text)
	hidden := make([]bool, len(text))
	for _, f := range found {
		for i := f.Start; i < f.End; i++ {
			hidden[i] = true
		}
	}
	most := min(4, s.End-s.Start)
	if strings.HasPrefix(s.Class, "person") {
		most = 2
	}
	run := 0
	for i := s.Start; i < s.End; i++ {
		if hidden[i] || most == 2 && !unicode.IsLetter(text[i]) {
			run = 0
		} else if run++; run >= most {
			return true
		}
	}
	return false
}

// TestCleanAllocates sees to it that a text in which nothing is found costs no memory.
func TestCleanAllocates(t *testing.T) {
	r := newRedactor(t)
	for _, text := range []string{
		"The report is ready and lies on the table, so we can go on in the afternoon.", "func (s *search) add(start, end int, c class) { s.found = append(s.found, span{start, end, c}) }",
		"2026-03-04 10:11:12 INFO server started in 4343 ms, api key cache is warm", "Der Schlüssel liegt unter der Matte.", "Save As...", "12 of 300 items at 19.99",
	} {
		b := []byte(text)
		if found := r.engine.scan(b); found != nil {
			t.Fatalf("%q is not clean: %v", text, found)
		}
		if n := testing.AllocsPerRun(100, func() { r.engine.scan(b) }); n != 0 {
			t.Errorf("%q costs %v allocations", text, n)
		}
		out := make([]byte, 0, len(b))
		if n := testing.AllocsPerRun(100, func() { out, _ = r.AppendText(out[:0], b) }); n != 0 || string(out) != text || cap(out) != len(b) {
			t.Errorf("%q costs %v allocations and becomes %q", text, n, out)
		}
	}
}

// TestTextSpans holds that spans count code points of the text before.
func TestTextSpans(t *testing.T) {
	const text = "日本é jane@example.com 👍 4111 1111 1111 1111"
	net, found := newRedactor(t).Text(text)
	if r := newRedactor(t); string(r.AppendNet(nil, []byte(text))) != net || r.Counts()["EMAIL"] != 1 || r.Counts()["CARD"] != 1 {
		t.Errorf("without its spans it becomes another text than %q, or counts %v", net, r.Counts())
	}
	if net != "日本é <EMAIL#1> 👍 <CARD#1>" || len(found) != 2 || found[0] != (Found{"EMAIL", 4, 20}) || found[1] != (Found{"CARD", 23, 42}) {
		t.Errorf("got %q %v", net, found)
	}
}

// TestWordDigest sees to it that the version of the rules changes with the tables of words.
func TestWordDigest(t *testing.T) {
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(wordTable))); got != wordDigest {
		t.Errorf("words.bin has the digest %s; write it into wordDigest", got)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(wordChecks))); got != checkDigest {
		t.Errorf("checks.bin has the digest %s; write it into checkDigest", got)
	}
	for word, want := range map[string]lexeme{"jane": isGiven, "kenosha": isPlace, "report": isCommon, "norwegian": isPeople, "kowalczyk": isFamily} {
		if got := lookUp(mixOf([]byte(word))); got&want == 0 {
			t.Errorf("%q has the flags %06b", word, got)
		}
	}
	if got := lookUp(mixOf([]byte("zzyzxqvk"))); got != 0 {
		t.Errorf("a word that is none has the flags %06b", got)
	}
}

// TestStrangersAreNames: a name that is in no list is found where any such name is, also if it shares the bits of the table's keys with an English word.
func TestStrangersAreNames(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 35))
	e := newRedactor(t).engine
	for n := 0; n < 20; {
		w := []byte{byte('A' + r.IntN(26))}
		for range 5 + r.IntN(5) {
			w = append(w, byte('a'+r.IntN(26)))
		}
		l, at := placeOf(key(mixOf(w)))
		if at < 0 || l&isCommon == 0 {
			continue
		}
		n++
		text := fmt.Appendf(nil, "Yesterday we met %s at the station and she said that the train was late again.", w)
		if got := e.scan(text); len(got) != 1 || string(text[got[0].start:got[0].end]) != string(w) {
			t.Errorf("in %q it finds %v", text, got)
		}
	}
}
