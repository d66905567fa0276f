package ask

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// FromInput stands in a command where a line is expected that is itself a right, and asks for it.
const FromInput = "-"

// longest bounds what is read; a longer line is surely the wrong one.
const longest = 1024

// IsTerminal tells whether a person watches f, or can type into it.
func IsTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// Hidden puts question on out and reads one line from the terminal without showing it. The end of ctx ends the wait, and the terminal
// shows again what is typed.
func Hidden(ctx context.Context, out io.Writer, question string) ([]byte, error) {
	if !IsTerminal(os.Stdin) {
		return nil, errors.New("there is no terminal to ask at; use --passphrase-file")
	}
	fd := int(os.Stdin.Fd())
	shown, err := term.GetState(fd)
	if err != nil {
		return nil, fmt.Errorf("look at the terminal: %w", err)
	}
	fmt.Fprint(out, question)
	line, err := Within(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	fmt.Fprintln(out)
	if err != nil {
		return nil, fmt.Errorf("read what is typed: %w", errors.Join(err, show(ctx, fd, shown)))
	}
	return line, nil
}

// show lets the terminal show again what is typed. A read that was left behind at once may only now be about to hide it; it is given a second.
func show(ctx context.Context, fd int, shown *term.State) error {
	for i := 0; ctx.Err() != nil && i < 100; i++ {
		if now, err := term.GetState(fd); err != nil || *now != *shown {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return term.Restore(fd, shown)
}

// Bearer is a line that is itself a right as it was given, or for FromInput the next line of in: hidden where somebody types it, after
// question, which is put on out.
func Bearer(ctx context.Context, given, question string, in io.Reader, out io.Writer) (string, error) {
	if given != FromInput {
		return given, nil
	}
	if i, ok := in.(*Input); ok && i.file == os.Stdin && IsTerminal(os.Stdin) {
		line, err := Hidden(ctx, out, question)
		return string(line), err
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
