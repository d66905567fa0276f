package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestBearerIsNoWordOfACommand: an invitation, a code or a receipt is taken from standard input for -, one line each, and as it stands else.
func TestBearerIsNoWordOfACommand(t *testing.T) {
	for _, c := range []struct {
		given, input, want string
		bad                bool
	}{
		{given: "byleave://a", input: "byleave://b\n", want: "byleave://a"},
		{given: "-", input: "byleave://b\r\npassphrase\n", want: "byleave://b"},
		{given: "-", input: "byleave://b", want: "byleave://b"},
		{given: "-", input: "", bad: true},
		{given: "-", input: strings.Repeat("x", 2000) + "\n", bad: true},
	} {
		cmd := &cobra.Command{}
		cmd.SetIn(strings.NewReader(c.input))
		got, err := askBearer(cmd, c.given, "?")
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%.12q: %q, %v", c.input, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "xxx") {
			t.Error("the error has the line in it")
		}
	}
	t.Setenv("BYLEAVE_HOME", filepath.Join(t.TempDir(), "home"))
	for _, args := range [][]string{
		{"forget", "--receipt", "-"}, {"verify", "--receipt", "-"}, {"review", "--receipt", "-"}, {"export-mine", "--receipt", "-", t.TempDir()},
		{"enrol", "-"}, {"enrol", "--join", "-"},
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
