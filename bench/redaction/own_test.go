package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOwnSet holds how values of a set of somebody's own are counted: a name by its words, anything else by four characters in a row.
func TestOwnSet(t *testing.T) {
	m := marked{"Jané Roe pays 4539148803436467 today", []span{{"PERSON", 0, 8}, {"CARD", 14, 30}}}
	recall, precision := map[string]*score{}, map[string]*score{}
	m.judge(answer{Spans: []span{{"PERSON", 0, 4}, {"CARD", 17, 27}, {"DATE", 31, 36}}}, recall, precision)
	for class, want := range map[string]score{"PERSON": {0, 1}, "CARD": {1, 1}} {
		if got := *of(recall, class); got != want {
			t.Errorf("%s: %v, want %v", class, got, want)
		}
	}
	for class, want := range map[string]score{"PERSON": {1, 1}, "CARD": {1, 1}, "DATE": {0, 1}} {
		if got := *of(precision, class); got != want {
			t.Errorf("precision of %s: %v, want %v", class, got, want)
		}
	}
	name := filepath.Join(t.TempDir(), "set.jsonl")
	for text, good := range map[string]bool{`{"text":"é","spans":[{"class":"X","start":0,"end":1}]}`: true, `{"text":"é","spans":[{"class":"X","start":0,"end":2}]}`: false, `{"text":1}`: false} {
		if err := os.WriteFile(name, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readSet(name); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}
