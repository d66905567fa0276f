package tray

import (
	"context"
	"runtime"
	"time"

	"fyne.io/systray"
)

// endLimit is how long the library may take to end.
const endLimit = 2 * time.Second

// run is systray.Run, on a thread of its own. The library never ends if it was asked to before its window was made, or if it could
// make none: then the thread is left behind, and ends with the process.
func run(ctx context.Context, ready func()) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // Windows sends a window's messages to the thread that made it
		systray.Run(ready, nil)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-done:
	case <-time.After(endLimit):
	}
	return nil
}
