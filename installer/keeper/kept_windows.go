package keeper

import (
	"context"
	"io"
	"os"
)

// keptVar tells an agent that the service started it, and that it ends when its standard input does.
const keptVar = "BYLEAVE_KEPT"

// Kept is a context that ends when ctx does, or when the service that started this process wants its end or has ended itself. The
// service holds the other end of the standard input and never writes to it, so nothing wakes this up before.
func Kept(ctx context.Context) context.Context {
	if os.Getenv(keptVar) == "" {
		return ctx
	}
	if err := os.Unsetenv(keptVar); err != nil { // what this process starts is not kept
		return ctx
	}
	ctx, end := context.WithCancel(ctx)
	go func() {
		defer end()
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	return ctx
}
