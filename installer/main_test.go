package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestWriteLeavesNothingBehind: a program that could not be put in place is no half a program beside it.
func TestWriteLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "byleave")
	if err := os.MkdirAll(filepath.Join(target, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if write([]byte("program"), target) == nil {
		t.Fatal("a folder was replaced")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v %v", entries, err)
	}
}

// TestExitCodes: misuse is told from failure.
func TestExitCodes(t *testing.T) {
	for want, args := range map[int][]string{0: {"install", "--help"}, 1: {"install", "--to", filepath.Join(os.DevNull, "x")}, 2: {"install", "surplus"}} {
		var out bytes.Buffer
		if got := run(args, &out, &out); got != want {
			t.Errorf("%v: %d, want %d: %s", args, got, want, &out)
		}
		if want == 2 && out.String() != "byleave-installer: \"surplus\" is too much: byleave-installer install takes flags and nothing else\n" {
			t.Errorf("%v says: %s", args, &out)
		}
	}
	for _, args := range [][]string{{"frobnicate"}, {"install", "--frobnicate"}} {
		var out bytes.Buffer
		if got := run(args, &out, &out); got != 2 {
			t.Errorf("%v: %d: %s", args, got, &out)
		}
	}
}
