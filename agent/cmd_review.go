package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"github.com/byleave/byleave/agent/internal/control"
	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/review"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/ask"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/spf13/cobra"
)

func reviewCommand() *cobra.Command {
	var quiet bool
	var receipt string
	cmd := &cobra.Command{
		Use:   "review",
		Short: "Open the page on which you see what was recorded, delete it, agree, take back and withdraw",
		Long: "Opens a page in your browser that this computer serves to you alone, while this command runs. Its address works once.\n" +
			"What was recorded opens there with your passphrase; nothing that is opened is written to disk or kept after the page closes.\n" +
			"It ends when you press Close, after fifteen minutes without use, or with ctrl+c. A yes is taken only if this command was\n" +
			"typed at a terminal; everything else works without one.\n\n" +
			"If your computer is lost, --receipt shows on any other one what the collector holds of you: the page asks for your recovery code, and\n" +
			"everything can be deleted there.",
		Example: "  byleave review\n  byleave review --no-browser   # only print the address\n  byleave review --receipt 'byleave://…'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			desk := reviewDesk(cmd)
			if receipt != "" {
				line, err := ask.Bearer(cmd.Context(), receipt, receiptAsked, cmd.InOrStdin(), cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				r, err := erasure.ParseReceipt(line)
				if err != nil {
					return misuse{err}
				}
				desk = farDesk(r)
			}
			return openPage(cmd, desk, ask.IsTerminal(os.Stdin), !quiet)
		},
	}
	cmd.Flags().StringVar(&receipt, "receipt", "", "show what the collector holds, with a receipt and the recovery code, on any machine; - reads it from standard input")
	cmd.Flags().BoolVar(&quiet, "no-browser", false, "print the address and open nothing")
	return cmd
}

// openPage serves the page until it is closed, and says how it ended.
func openPage(cmd *cobra.Command, desk review.Desk, mayGive, browser bool) error {
	out := cmd.OutOrStdout()
	why, err := review.Serve(cmd.Context(), review.Options{
		Desk: desk, MayGive: mayGive,
		Ready: func(address string) {
			fmt.Fprintf(out, "This address works once, for five minutes, in one browser:\n\n  %s\n\n", address)
			if browser && showInBrowser(address) {
				fmt.Fprintln(out, "Your browser should open it now. Close the page there, or press ctrl+c here.")
			} else {
				fmt.Fprintln(out, "Open it in a browser on this computer. Close the page there, or press ctrl+c here.")
			}
		},
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, map[review.Reason]string{
		review.Closed: "You closed the page. Nothing listens any more.", review.Idle: "The page was not used for fifteen minutes and is closed.",
		review.Stopped: "The page is closed.",
	}[why])
	return nil
}

// browserOpener is the program that opens an address on this desktop, "" if there is none. Only on Linux: there the page also knows which
// user asks, so it does not matter that others can read the address among the running commands.
func browserOpener() string {
	if runtime.GOOS != "linux" || os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return ""
	}
	opener, err := exec.LookPath("xdg-open")
	if err != nil {
		return ""
	}
	return opener
}

// showInBrowser asks the desktop to open the address. A browser that begins with it is the person's: it outlives this command.
func showInBrowser(address string) bool {
	opener := browserOpener()
	if opener == "" {
		return false
	}
	open := exec.CommandContext(context.Background(), opener, address)
	setApart(open)
	if open.Start() != nil {
		return false
	}
	go func() { _ = open.Wait() }() // it ends by itself; how does not matter, the address is printed above
	return true
}

// reviewDesk connects the page with the key store and the running agent. It reads anew for every page.
func reviewDesk(cmd *cobra.Command) review.Desk {
	act := func(do func(device) error) func(context.Context) error {
		return func(context.Context) error {
			d, err := openDevice()
			if err != nil {
				return err
			}
			return errors.Join(do(d), poke(cmd, "reload"))
		}
	}
	return review.Desk{
		Look: lookAround,
		Give: func(ctx context.Context, p policy.Policy, c policy.Choice) error {
			return act(func(d device) error { return d.give(p, c) })(ctx)
		},
		Less: func(ctx context.Context, c policy.Choice) error {
			return act(func(d device) error { return d.less(c) })(ctx)
		},
		Refuse: act(device.refuse),
		Withdraw: func(context.Context) error {
			_, err := endAll(cmd, "page: pressed Withdraw now")
			return err
		},
		Receipt: func(name string) ([]byte, []byte, error) {
			d, err := openDevice()
			if err != nil {
				return nil, nil, err
			}
			return d.keys.Receipt(name)
		},
		Unlock: unlock(cmd),
		Use:    useOf(cmd),
		Reads:  readsForPage,
	}
}

// lookAround is how things stand, from the key store and, if it runs, the agent.
func lookAround(ctx context.Context) (v review.View, err error) {
	d, err := openDevice()
	if errors.Is(err, errNothingAsked) {
		return v, nil
	}
	if err != nil {
		return v, err
	}
	v.Newest = d.newest
	if v.Consent, v.Pinned, err = d.inForce(); err != nil {
		return v, err
	}
	if v.Changes, err = d.changes(v.Pinned); err != nil {
		return v, err
	}
	if v.Refused, err = d.keys.Refused(); err != nil {
		return v, err
	}
	if v.Narrowed, err = d.keys.Narrowed(); err != nil {
		return v, err
	}
	if v.Receipts, err = d.keys.Receipts(); err != nil {
		return v, err
	}
	socket, err := agentSocket(ctx)
	if err != nil {
		return v, err
	}
	var s flow.Status
	switch err := control.Call(ctx, socket, "status", nil, &s); {
	case err == nil:
		v.State, v.Words = s.State, s.Words
		v.CanErase = control.Knows(ctx, socket, "forget")
	case !errors.Is(err, control.ErrNotRunning):
		return v, err
	}
	return v, nil
}
