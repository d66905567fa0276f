package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/byleave/byleave/agent/internal/control"
	"github.com/byleave/byleave/agent/internal/session"
	"github.com/spf13/cobra"
)

// errNoSession means that this shell belongs to no desktop.
var errNoSession = errors.New("there is no desktop session here: neither DISPLAY nor WAYLAND_DISPLAY is set")

// startWait is how long a session that has just begun waits for an agent that begins with it.
const startWait = 30 * time.Second

func sessionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "session",
		Short: "Tell the running agent which desktop session this is",
		Long: "Tells the agent of your account the display of this session; it looks at it only while you agreed to something. An installed agent has this\n" +
			"run at login by every desktop that starts programs from ~/.config/autostart; elsewhere put it into the start file of your window manager.",
		Example: "  byleave session",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), startWait)
			defer cancel()
			pause := 50 * time.Millisecond
			err := handOver(cmd)
			for errors.Is(err, control.ErrNotRunning) && ctx.Err() == nil {
				select {
				case <-time.After(pause):
				case <-ctx.Done():
				}
				pause *= 2
				err = handOver(cmd)
			}
			return err
		},
	}
}

// handOver tells the agent the session of this shell.
func handOver(cmd *cobra.Command) error {
	s := session.From(os.Getenv)
	if s.Display == "" && !s.Wayland() {
		return errNoSession
	}
	if err := s.Check(); err != nil {
		return err
	}
	return call(cmd, "session", s, nil)
}

// handOverHere hands this shell's session over if it has one; an agent without one runs all the same, and its status says so.
func handOverHere(cmd *cobra.Command) {
	if err := handOver(cmd); err != nil && !errors.Is(err, errNoSession) {
		fmt.Fprintf(cmd.OutOrStdout(), "The agent runs, but this session was not taken: %v\n", err)
	}
}
