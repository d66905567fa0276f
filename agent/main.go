package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/byleave/byleave/proto/ask"
	"github.com/byleave/byleave/proto/bundle"
	"github.com/byleave/byleave/proto/verb"
	"github.com/spf13/cobra"
)

// Exit codes: 0 done, 1 failed, 2 misuse.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := harden(); err != nil {
		fmt.Fprintln(os.Stderr, "byleave:", err)
		os.Exit(1)
	}
	root := command()
	root.SetIn(ask.Until(ctx, os.Stdin))
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "byleave:", verb.Plain(cmd, err))
	stop()
	if isMisuse(err) {
		fmt.Fprintf(os.Stderr, "usage: %s; see %s --help\n", cmd.UseLine(), cmd.CommandPath())
		os.Exit(2)
	}
	os.Exit(1)
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "byleave",
		Short:         "Records for training only what you agreed to; you see, pause and withdraw",
		Version:       bundle.Version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misuse{err} })
	root.AddCommand(enrolCommand(), consentCommand(), reviewCommand(), runCommand(), statusCommand(), pauseCommand(), resumeCommand(), limitCommand(), trayCommand(), doctorCommand())
	root.AddCommand(showCommand(), taskCommand(), forgetCommand(), exportMineCommand(), verifyCommand(), receiptCommand(), redactCommand())
	root.AddCommand(installCommand(), uninstallCommand(), startCommand(), stopCommand(), sessionCommand())
	root.AddCommand(systemVerbs()...)
	return root
}

// misuse is an error in how a command was called.
type misuse struct{ error }

// Unwrap gives the error itself.
func (m misuse) Unwrap() error { return m.error }

func isMisuse(err error) bool {
	var m misuse
	return errors.As(err, &m) || verb.Refused(err)
}
