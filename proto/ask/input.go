package ask

import (
	"context"
	"os"
)

// Input is standard input for as long as a context lasts. A program that takes signals as the end of its context would otherwise go on
// waiting for the keyboard when its person interrupts it.
type Input struct {
	ctx context.Context
	buf []byte // what is read while nobody may look at the caller's memory any more
}

// Stdin is standard input until ctx ends.
func Stdin(ctx context.Context) *Input { return &Input{ctx: ctx} }

// Read is that of standard input. When the context ends it says so at once, and ever after. It keeps nothing of what it gave.
func (i *Input) Read(p []byte) (int, error) {
	if len(i.buf) < len(p) {
		i.buf = make([]byte, len(p))
	}
	buf := i.buf[:len(p)]
	n, err := within(i.ctx, func() (int, error) { return os.Stdin.Read(buf) })
	copy(p, buf[:n])
	clear(buf[:n])
	return n, err
}

// within is what read gives, or the reason for which ctx ended before it: then read is left behind, and what it works on must not be used again.
func within[T any](ctx context.Context, read func() (T, error)) (got T, err error) {
	if ctx.Err() != nil {
		return got, context.Cause(ctx)
	}
	type answer struct {
		got T
		err error
	}
	done := make(chan answer, 1)
	go func() {
		got, err := read()
		done <- answer{got, err}
	}()
	select {
	case a := <-done:
		return a.got, a.err
	case <-ctx.Done():
		return got, context.Cause(ctx)
	}
}
