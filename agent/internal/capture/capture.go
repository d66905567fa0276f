package capture

import (
	"context"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// Run opens the display and emits steps until ctx ends (nil) or the display cannot be used, has died, or its window
// manager has (an error in words for the person). It emits from its own goroutine only; emit may block, but then events
// wait. After it returns nothing is listened to and nothing is held. Run may be called again.
func (c *Capture) Run(ctx context.Context, emit func(raw.Event)) error {
	err := c.run(ctx, emit)
	if err != nil {
		c.opt.Gate.Display(false, err.Error())
	}
	return err
}
