//go:build race

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// itself is the program of this test without the race detector, which needs more memory than byleave-ocr leaves itself and ends without it.
func itself(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "test")
	build := exec.Command("go", "test", "-c", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}
