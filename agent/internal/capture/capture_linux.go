package capture

import (
	"context"
	"errors"
	"os"

	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/agent/internal/capture/internal/x11"
)

var errWayland = errors.New("input: unavailable (wayland); log out and log in with Xorg to take part")

func (c *Capture) run(ctx context.Context, emit func(raw.Event)) error {
	server, err := x11.Open(c.opt.Display)
	if errors.Is(err, x11.ErrNoDisplay) && os.Getenv("XDG_SESSION_TYPE") == "wayland" {
		return errWayland
	}
	if err != nil {
		return err
	}
	defer server.Close()
	l := newLoop(c.opt, server, nil, emit)
	if client, err := a11y.Open(now); err != nil {
		c.opt.Log.Warn("no text is recorded until there is an accessibility bus", "why", err.Error())
	} else {
		l.s = client
	}
	l.reopen = func(ctx context.Context) (senses, error) { return a11y.Await(ctx, now) }
	return l.run(ctx)
}
