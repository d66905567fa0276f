package ask

import (
	"context"
	"os"
)

// Input is a file that is read for as long as a context lasts. A program that takes signals as the end of its context would otherwise go on
// waiting for the keyboard when its person interrupts it.
type Input struct {
	ctx  context.Context
	file *os.File
}

// Until reads f until ctx ends.
func Until(ctx context.Context, f *os.File) *Input { return &Input{ctx, f} }

// Read is that of the file. When the context ends it says so at once, and ever after; p may then still be written to.
func (i *Input) Read(p []byte) (int, error) {
	return Within(i.ctx, func() (int, error) { return i.file.Read(p) })
}

// File is the file itself, which is read for as long as it takes.
func (i *Input) File() *os.File { return i.file }

// Within is what do gives, or the reason for which ctx ended before it: then do is left behind, with what it works on.
func Within[T any](ctx context.Context, do func() (T, error)) (got T, err error) {
	if ctx.Err() != nil {
		return got, context.Cause(ctx)
	}
	type answer struct {
		got T
		err error
	}
	done := make(chan answer, 1)
	go func() {
		got, err := do()
		done <- answer{got, err}
	}()
	select {
	case a := <-done:
		return a.got, a.err
	case <-ctx.Done():
		return got, context.Cause(ctx)
	}
}
