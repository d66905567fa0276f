package main

import (
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/verb"
)

// TestAWordTooMuch: whoever says more to a verb than it takes hears that, and that it was misuse.
func TestAWordTooMuch(t *testing.T) {
	for words, want := range map[string]string{
		"status now": `"now" is too much: byleave status takes flags and nothing else`,
		"frobnicate": `unknown command "frobnicate" for "byleave"`,
	} {
		root := command()
		root.SetArgs(strings.Fields(words))
		cmd, err := root.ExecuteC()
		if err == nil || verb.Plain(cmd, err).Error() != want || !isMisuse(err) {
			t.Errorf("%s: %v", words, err)
		}
	}
}
