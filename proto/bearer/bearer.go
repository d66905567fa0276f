package bearer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// FromInput stands in a command where such a line is expected, and asks for it.
const FromInput = "-"

// longest bounds what is read; a longer line is surely the wrong one.
const longest = 1024

// Read is the line as it was given, or for FromInput the next line of in.
func Read(given string, in io.Reader) (string, error) {
	if given != FromInput {
		return given, nil
	}
	line, err := Line(in)
	if err != nil {
		return "", fmt.Errorf("read the line from standard input: %w", err)
	}
	return string(line), nil
}

// Line reads byte by byte, so that nothing of the next line is lost in a buffer. The last line may lack its end.
func Line(r io.Reader) ([]byte, error) {
	var line []byte
	for b := make([]byte, 1); len(line) <= longest; line = append(line, b[0]) {
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
