package main

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/ocr"
	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/hotkey"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/session"
	"github.com/byleave/byleave/installer/service"
	"github.com/spf13/cobra"
)

// gcPercent is how much the agent's memory may grow before it is tidied up. It makes little, and most of what it has it keeps, so that tidying up twice
// as often costs a few milliseconds a minute and saves a quarter of the memory.
const gcPercent = 50

// cores is how many processors the agent uses at a time. What it does is short and waits for the display, so a second one is woken for nothing, again
// and again; and a picture that is masked for ten milliseconds leaves the other processors to the person.
const cores = 1

func runCommand() *cobra.Command {
	var hold time.Duration
	var keys, pressure string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the agent: record what you agreed to, and show the mark while it does",
		Long: "Run the agent until it is stopped. Without a consent it opens no display and records nothing.\n" +
			"It stays up without a display or a collector, and says in `byleave status` what is missing.",
		Example: "  byleave run\n  byleave run --hold 24h   # nothing leaves this computer for a day",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkHold(hold); err != nil {
				return err
			}
			combo, err := hotkey.Parse(keys)
			if err != nil {
				return misuse{err}
			}
			home, err := homeDir()
			if err != nil {
				return err
			}
			socket, err := socketPath()
			if err != nil {
				return err
			}
			slacken()
			debug.SetTraceback("single")
			debug.SetGCPercent(gcPercent)
			runtime.GOMAXPROCS(cores)
			reader := ocr.NewPair(ocr.Beside())
			defer reader.Close()
			return flow.Run(kept(cmd.Context(), home), flow.Config{
				Home: home, Socket: socket, Session: session.From(os.Getenv), Hold: hold, Hotkey: combo, Pressure: pressure, Review: startReview,
				Reader: reader, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Ready: service.Ready, Rest: rest,
			})
		},
	}
	cmd.Flags().DurationVar(&hold, "hold", time.Hour, "how long a sealed batch stays here before it may leave")
	cmd.Flags().StringVar(&keys, "hotkey", hotkey.Usual, "the keys that pause and resume from anywhere, or none; never recorded")
	cmd.Flags().StringVar(&pressure, "pressure", "/proc/pressure/cpu", "where the kernel tells how much programs wait for the processor; if they do, fewer pictures are taken; empty: do not look")
	return cmd
}

func checkHold(hold time.Duration) error {
	if hold < 0 || hold > keystore.LongestHold {
		return misuse{fmt.Errorf("--hold must lie between 0 and 168h (7 days)")}
	}
	return nil
}
