package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/byleave/byleave/proto/bearer"
	"golang.org/x/sys/unix"
)

// isTerminal tells whether a person can type into f.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// askHidden reads one line from the terminal without showing it.
func askHidden(out io.Writer, question string) (line []byte, err error) {
	fd := int(os.Stdin.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil, errors.New("there is no terminal to ask at; use --passphrase-file")
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &hidden); err != nil {
		return nil, fmt.Errorf("hide what is typed: %w", err)
	}
	defer func() { err = errors.Join(err, unix.IoctlSetTermios(fd, unix.TCSETS, before)) }()
	fmt.Fprint(out, question)
	line, err = bearer.Line(os.Stdin)
	fmt.Fprintln(out)
	if err != nil {
		return nil, fmt.Errorf("read what is typed: %w", err)
	}
	return line, nil
}
