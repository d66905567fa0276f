package main

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// TestBearerIsNoWordOfACommand: an invitation, a code or a receipt is taken from standard input for -.
func TestBearerIsNoWordOfACommand(t *testing.T) {
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
