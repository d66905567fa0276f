package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/byleave/byleave/agent/internal/control"
	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/spf13/cobra"
)

func pauseCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "pause [30m|2h|forever]",
		Short:   "Stop recording now; without a length, until you resume",
		Long:    "Stop recording at once. A pause has any length, survives a restart, needs no reason, and nobody is told of it.",
		Example: "  byleave pause\n  byleave pause 2h",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var p flow.Pause
			if len(args) == 1 && args[0] != "forever" {
				d, err := time.ParseDuration(args[0])
				if err != nil || d <= 0 {
					return misuse{fmt.Errorf("the length of a pause is a duration such as 30m or 2h, or the word forever")}
				}
				p.Until = time.Now().Add(d)
			}
			if err := pauseNow(cmd, p); err != nil {
				return err
			}
			if p.Until.IsZero() {
				fmt.Fprintln(cmd.OutOrStdout(), "Paused until you resume.")
			} else {
				fmt.Fprintf(cmd.OutOrStdout(), "Paused until %s.\n", p.Until.Format("2 Jan 15:04:05"))
			}
			return nil
		},
	}
}

// pauseNow asks the running agent. If none runs, nothing is recorded, and the pause is kept for the one that starts next: nobody has to start it
// to pause it. One that started meanwhile is asked again.
func pauseNow(cmd *cobra.Command, p flow.Pause) error {
	err := call(cmd, "pause", p, nil)
	if !errors.Is(err, control.ErrNotRunning) {
		return err
	}
	home, err := homeDir()
	if err != nil {
		return err
	}
	keys, err := keystore.Open(home)
	if err != nil {
		return err
	}
	if err := keys.SavePause(&p.Until); err != nil {
		return err
	}
	if err := call(cmd, "pause", p, nil); !errors.Is(err, control.ErrNotRunning) {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), "The agent does not run, so nothing is recorded. When it starts, it is paused.")
	return nil
}

func resumeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "resume",
		Short:   "End a pause; also confirms the clock if it was in doubt",
		Long:    "Ends a pause. While no agent runs, it takes back the one that is kept for the next.",
		Example: "  byleave resume",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return resumeNow(cmd)
		},
	}
}

// resumeNow asks the running agent. If none runs, it takes back the pause that is kept for the one that starts next; one that started meanwhile is
// asked again.
func resumeNow(cmd *cobra.Command) error {
	out := cmd.OutOrStdout()
	err := call(cmd, "resume", nil, nil)
	if errors.Is(err, control.ErrNotRunning) {
		if err := keepNoPause(); err != nil {
			return err
		}
		if err = call(cmd, "resume", nil, nil); errors.Is(err, control.ErrNotRunning) {
			fmt.Fprintln(out, "The agent does not run, so nothing is recorded. When it starts, it is not paused.")
			return nil
		}
	}
	if err == nil {
		fmt.Fprintln(out, "Resumed. What is recorded is what you agreed to, nothing else.")
	}
	return err
}

func keepNoPause() error {
	home, err := homeDir()
	if err != nil {
		return err
	}
	keys, err := keystore.Open(home)
	if err != nil {
		return err
	}
	return keys.SavePause(nil)
}
