package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/byleave/byleave/proto/ask"
	"github.com/byleave/byleave/proto/bundle"
	"github.com/byleave/byleave/proto/verb"
	"github.com/spf13/cobra"
)

// Exit codes: 0 done, 1 failed, 2 misuse.
func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cmd, err := command(), harden()
	if err == nil {
		cmd.SetArgs(args)
		cmd.SetOut(out)
		cmd.SetErr(errOut)
		cmd.SetIn(ask.Until(ctx, os.Stdin))
		cmd, err = cmd.ExecuteContextC(ctx)
	}
	if err == nil {
		return 0
	}
	fmt.Fprintln(errOut, "byleave-collector:", verb.Plain(cmd, err))
	if isMisuse(err) {
		fmt.Fprintf(errOut, "usage: %s; see %s --help\n", cmd.UseLine(), cmd.CommandPath())
		return 2
	}
	return 1
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "byleave-collector",
		Short:         "Takes sealed boxes from consenting devices, and cannot open them",
		Version:       bundle.Version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misuse{err} })
	root.AddCommand(initCommand(), serveCommand(), inviteCommand(), revokeCommand(), policyCommand(), tailCommand(), statsCommand(),
		inspectCommand(), checkCommand(), custodianCommand(), exportCommand(), eraseCommand(), backupCommand(), restoreCommand(), compactCommand(), doctorCommand(), ledgerCommand(), dashCommand())
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

// printJSON writes v for a program to read, one line.
func printJSON(w io.Writer, v any) error {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}
