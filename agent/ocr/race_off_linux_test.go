//go:build !race

package main

import (
	"os"
	"testing"
)

// itself is the program of this test.
func itself(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self
}
