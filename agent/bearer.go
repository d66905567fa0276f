package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// fromInput stands where a line is expected that is itself a right: an invitation, a code, a receipt. Whoever uses the same computer sees the
// words of a command while it runs, and the shell keeps them.
const fromInput = "-"

// bearer is such a line as it was given, or for - the next line of standard input, hidden where somebody types it.
func bearer(cmd *cobra.Command, given, question string) (string, error) {
	if given != fromInput {
		return given, nil
	}
	in := cmd.InOrStdin()
	if in == os.Stdin && isTerminal(os.Stdin) {
		line, err := askHidden(cmd.ErrOrStderr(), question)
		return string(line), err
	}
	line, err := readLine(in)
	if err != nil {
		return "", fmt.Errorf("read the line from standard input: %w", err)
	}
	return string(line), nil
}

// readLine reads byte by byte, so that nothing of the next line is lost in a buffer. The last line may lack its end.
func readLine(r io.Reader) ([]byte, error) {
	var line []byte
	for b := make([]byte, 1); len(line) <= longestPassphrase; line = append(line, b[0]) {
		_, err := io.ReadFull(r, b)
		if err != nil && !(errors.Is(err, io.EOF) && len(line) > 0) {
			return nil, err
		}
		if err != nil || b[0] == '\n' {
			return bytes.TrimRight(line, "\r"), nil
		}
	}
	return nil, errors.New("the line is too long")
}
