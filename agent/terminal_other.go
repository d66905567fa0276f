//go:build !linux

package main

import (
	"errors"
	"io"
	"os"
)

// isTerminal tells whether f is a character device: good enough to keep a script from agreeing.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func askHidden(io.Writer, string) ([]byte, error) {
	return nil, errors.New("hidden typing is not there yet on this system; use --passphrase-file")
}
