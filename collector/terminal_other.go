//go:build !linux

package main

import (
	"fmt"
	"io"
	"os"
)

// isTerminal tells whether f is a character device.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// askHidden reads one line; hiding what is typed is not there yet on this system. The line is good once, and no list of processes has it.
func askHidden(out io.Writer, question string) (string, error) {
	fmt.Fprint(out, question)
	return readLine(os.Stdin)
}
