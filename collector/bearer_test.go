package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestBearerIsNoWordOfACommand: an invitation or a receipt is taken from standard input for -, and as it stands else.
func TestBearerIsNoWordOfACommand(t *testing.T) {
	for _, c := range []struct {
		given, input, want string
		bad                bool
	}{
		{given: "byleave://a", input: "byleave://b\n", want: "byleave://a"},
		{given: "-", input: "byleave://b\r\nyes\n", want: "byleave://b"},
		{given: "-", input: "byleave://b", want: "byleave://b"},
		{given: "-", input: "", bad: true},
		{given: "-", input: strings.Repeat("x", 2*longestLine) + "\n", bad: true},
	} {
		cmd := &cobra.Command{}
		cmd.SetIn(strings.NewReader(c.input))
		got, err := bearer(cmd, c.given, "?")
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%.12q: %q, %v", c.input, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "xxx") {
			t.Error("the error has the line in it")
		}
	}
	key := filepath.Join(t.TempDir(), "key.json")
	for _, args := range [][]string{
		{"custodian", "new", "--name", "a", "--out", key, "--invite", "-"}, {"custodian", "renew", "--key", key, "--invite", "-"}, {"erase", "--receipt", "-"},
	} {
		cmd := command()
		cmd.SetArgs(args)
		cmd.SetIn(strings.NewReader(""))
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "standard input") {
			t.Errorf("%v: standard input is not read: %v", args, err)
		}
	}
}
