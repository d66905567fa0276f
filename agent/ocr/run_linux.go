//go:build amd64 || arm64

package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/byleave/byleave/agent/internal/capture/ocr/talk"
	"golang.org/x/sys/unix"
)

// run gives up what it does not need, loads the library, gives up the rest and serves.
func run() int {
	pipes := pipe{}
	if !confined() {
		err := confine() // starts this program again
		fmt.Fprintln(os.Stderr, "byleave-ocr:", err)
		_ = talk.WriteGreeting(pipes, talk.NoSandbox)
		return 1
	}
	e, state := load()
	if state == talk.Ready {
		if err := lock(); err != nil {
			state = talk.NoSandbox
		}
	}
	if talk.WriteGreeting(pipes, state) != nil || state != talk.Ready {
		fmt.Fprintln(os.Stderr, "byleave-ocr:", state)
		return 1
	}
	if !errors.Is(serve(pipes, pipes, e), io.EOF) {
		return 1
	}
	return 0
}

// pipe is standard input and output, without what Go's files need from the kernel to wait.
type pipe struct{}

// Read reads from standard input.
func (pipe) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(0, b)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, err
		case n == 0 && len(b) > 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// Write writes to standard output.
func (pipe) Write(b []byte) (int, error) {
	for at := 0; at < len(b); {
		n, err := unix.Write(1, b[at:])
		switch {
		case err == unix.EINTR:
		case err != nil:
			return at, err
		default:
			at += n
		}
	}
	return len(b), nil
}
