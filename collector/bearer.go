package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// fromInput stands where a line is expected that is itself a right: an invitation, a receipt. Whoever uses the same computer sees the words
// of a command while it runs, and the shell keeps them.
const fromInput = "-"

// longestLine bounds what is read of a line; an invitation has about 250 bytes.
const longestLine = 4 << 10

// bearer is such a line as it was given, or for - the next line of standard input, hidden where somebody types it.
func bearer(cmd *cobra.Command, given, question string) (string, error) {
	if given != fromInput {
		return given, nil
	}
	in, read := cmd.InOrStdin(), readLine
	if in == os.Stdin && isTerminal(os.Stdin) {
		read = func(io.Reader) (string, error) { return askHidden(cmd.ErrOrStderr(), question) }
	}
	line, err := read(in)
	if err != nil {
		return "", fmt.Errorf("read the line from standard input: %w", err)
	}
	return line, nil
}

// readLine reads byte by byte, so that nothing of the next line is lost in a buffer. The last line may lack its end.
func readLine(r io.Reader) (string, error) {
	var line []byte
	for b := make([]byte, 1); len(line) <= longestLine; line = append(line, b[0]) {
		_, err := io.ReadFull(r, b)
		if err != nil && !(errors.Is(err, io.EOF) && len(line) > 0) {
			return "", err
		}
		if err != nil || b[0] == '\n' {
			return string(bytes.TrimRight(line, "\r")), nil
		}
	}
	return "", errors.New("the line is too long")
}
