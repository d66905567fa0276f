package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/byleave/byleave/agent/internal/control"
	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/policy"
	"github.com/spf13/cobra"
)

func statusCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Say what is recorded now, or why nothing is",
		Example: "  byleave status\n  byleave status --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var s status
			err := call(cmd, "status", nil, &s.Status)
			if errors.Is(err, control.ErrNotRunning) {
				s.State, s.Words = "stopped", "the agent does not run, so nothing is recorded"
			} else if err != nil {
				return err
			}
			s.Service = serviceWords()
			if asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				return errors.Join(enc.Encode(s), err)
			}
			if err == nil {
				printStatus(cmd.OutOrStdout(), s.Status, time.Now())
			} else {
				fmt.Fprintln(cmd.OutOrStdout(), "Nothing is recorded.")
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Service: %s\n", s.Service)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// status is what the agent says of itself, and what the service manager says of the agent.
type status struct {
	flow.Status
	Service string `json:"service"`
}

// serviceWords says whether the agent is a service of this account, and how that is.
func serviceWords() string {
	user, err := thisService()
	if err != nil {
		return err.Error()
	}
	return string(user.State())
}

func printStatus(w io.Writer, s flow.Status, now time.Time) {
	if s.Words == s.State {
		fmt.Fprintln(w, s.State)
	} else {
		fmt.Fprintf(w, "%s: %s\n", s.State, s.Words)
	}
	if s.State == "blind" {
		fmt.Fprintln(w, "It is not certain which window has the focus, what is in it, or that you see the mark; so nothing is recorded.")
	}
	if s.Note != "" {
		fmt.Fprintln(w, s.Note)
	}
	if !s.PausedUntil.IsZero() {
		fmt.Fprintf(w, "Paused until %s.\n", s.PausedUntil.Local().Format("2 Jan 15:04"))
	}
	switch {
	case s.Consent != nil && !now.Before(s.Consent.Expires):
		fmt.Fprintf(w, "Your consent to %q ended on %s.\n", s.Consent.Purpose, s.Consent.Expires.Local().Format("2 Jan 2006 15:04"))
	case s.Consent != nil:
		fmt.Fprintf(w, "You agreed to %q until %s.\n", s.Consent.Purpose, s.Consent.Expires.Local().Format("2 Jan 2006 15:04"))
	}
	fmt.Fprintf(w, "On this computer: %s held (%s), %d sent and kept as your copy (%s), %d set aside.\n",
		policy.Count(s.Spool.Held, "box"), size(s.Spool.HeldBytes), s.Spool.Sent, size(s.Spool.SentBytes), s.Spool.Quarantined)
	switch {
	case s.Spool.Held == 0:
		fmt.Fprintln(w, "Nothing waits to leave.")
	case !s.NextSend.IsZero() && s.NextSend.After(now):
		fmt.Fprintf(w, "The next box may leave at %s.\n", s.NextSend.Local().Format("15:04"))
	}
	if s.Today.Most > 0 {
		fmt.Fprintf(w, "Sent today: %s of %s.\n", size(s.Today.Bytes), size(s.Today.Most))
	}
	if s.Today.Why != "" && s.Today.Why != s.Upload {
		fmt.Fprintf(w, "Boxes wait: %s.\n", s.Today.Why)
	}
	if s.Today.Power != "" {
		fmt.Fprintf(w, "This computer: %s.\n", s.Today.Power)
	}
	if s.Today.Thrift != "" {
		fmt.Fprintf(w, "Sparing (%s): %s.\n", s.Today.Profile, s.Today.Thrift)
	}
	printOwn(w, s)
	if s.Erasures > 0 {
		fmt.Fprintf(w, "Without the collector's word yet, and asked for until it comes: %s.\n", policy.Count(s.Erasures, "erasure"))
	}
	if s.Upload != "" {
		fmt.Fprintf(w, "Collector: %s\n", s.Upload)
	}
	if s.Hotkey != "" {
		fmt.Fprintf(w, "Hotkey: %s\n", s.Hotkey)
	}
	if s.Text != "" {
		fmt.Fprintf(w, "Text: %s\n", s.Text)
	}
	if s.Pictures != "" {
		fmt.Fprintf(w, "Pictures: %s\n", s.Pictures)
	}
	if s.Tray != "" {
		fmt.Fprintf(w, "Tray: %s\n", s.Tray)
	}
	if s.Disk != "" {
		fmt.Fprintf(w, "Disk: %s\n", s.Disk)
	}
}

// printOwn says what the person allows, and what their rule destroyed.
func printOwn(w io.Writer, s flow.Status) {
	if l := s.Limits; l != nil {
		fmt.Fprintf(w, "Your limits: held %s, copies kept %s and %s, all boxes here %s; see `byleave limit`.\n",
			inHours(l.Held), policy.Count(l.KeepDays, "day"), size(l.KeepBytes), size(l.Quota))
	}
	if s.Spool.Evicted > 0 {
		fmt.Fprintf(w, "%s of what was sent made room for what is recorded.\n", policy.Count(s.Spool.Evicted, "old copy"))
	}
	if s.Spool.Dropped > 0 {
		fmt.Fprintf(w, "Destroyed for lack of space, as you wish: %s.\n", policy.Count(s.Spool.Dropped, "unsent box"))
	}
}

// call asks the running agent.
func call(cmd *cobra.Command, verb string, in, out any) error {
	return callAgent(cmd.Context(), verb, in, out)
}

func callAgent(ctx context.Context, verb string, in, out any) error {
	socket, err := agentSocket(ctx)
	if err != nil {
		return err
	}
	return control.Call(ctx, socket, verb, in, out)
}
