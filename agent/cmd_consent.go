package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/byleave/byleave/agent/internal/control"
	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/ask"
	"github.com/spf13/cobra"
)

func consentCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "consent",
		Short: "See what is asked, agree to a part of it, or withdraw",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(consentShow(), consentGive(), consentWithdraw())
	return cmd
}

func consentShow() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show", Short: "Show what is asked, and what you agreed to", Args: cobra.NoArgs,
		Long:    "Shows the notice, what has changed since you agreed, and what you agreed to. With --json it prints the receipt of your consent\nas ISO/IEC TS 27560 in JSON-LD, or null if you never agreed.",
		Example: "  byleave consent show\n  byleave consent show --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := openDevice()
			if err != nil {
				return err
			}
			if asJSON {
				return d.printReceipt(cmd.OutOrStdout())
			}
			return d.show(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the receipt of your consent as JSON")
	return cmd
}

func consentGive() *cobra.Command {
	var pre preset
	var page bool
	cmd := &cobra.Command{
		Use:   "give",
		Short: "Read what is asked and agree to a part of it",
		Long: "Shows the whole notice, asks for every application, kind of data, hours and length, and takes a typed yes, or a no.\n" +
			"Flags may make the choices; the yes is always typed by you, at a terminal or on the page that your terminal opened, so\n" +
			"that no script can agree for you.",
		Example: "  byleave consent give\n  byleave consent give --page\n  byleave consent give --grant editor=pointer,hotkeys,frames --hours 09:00-12:00 --expires 720h",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !ask.IsTerminal(os.Stdin) {
				return misuse{errors.New("consent is given by a person at a terminal; standard input is none")}
			}
			if page {
				return openPage(cmd, reviewDesk(cmd), true, true)
			}
			d, err := openDevice()
			if err != nil {
				return err
			}
			iv := interview{in: bufio.NewReader(cmd.InOrStdin()), out: cmd.OutOrStdout(), now: time.Now()}
			choice, err := iv.choose(d.newest, pre)
			switch {
			case errors.Is(err, errSaidNo):
				return d.sayNo(cmd)
			case err != nil:
				return err
			}
			if err := d.give(d.newest, choice); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "Agreed. `byleave status` says what is recorded; `byleave consent withdraw` ends it. Your receipt: `byleave consent show --json`.")
			return poke(cmd, "reload")
		},
	}
	cmd.Flags().BoolVar(&page, "page", false, "do it in the browser, on a page of this computer")
	cmd.Flags().StringArrayVar(&pre.grants, "grant", nil, "APPLICATION=KIND,KIND; may be repeated")
	cmd.Flags().StringVar(&pre.hours, "hours", "", "hours of the day, for example 09:00-12:30, or all")
	cmd.Flags().DurationVar(&pre.expires, "expires", 0, "how long the consent lasts, for example 720h")
	return cmd
}

func consentWithdraw() *cobra.Command {
	return &cobra.Command{
		Use:   "withdraw",
		Short: "End all your consents now: recording stops, what is still held is destroyed, the collector is told",
		Long: "Ends every consent that you gave on this device, at once and for good: the one in force, and those that it replaced. What was not\n" +
			"sent yet is destroyed on this computer. From the moment the collector hears of it, it takes, releases and exports nothing more under\n" +
			"any of them. No reason is asked, and no yes: this never makes it harder. It works with a full disk, too.",
		Example: "  byleave consent withdraw",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := endAll(cmd, "terminal: byleave consent withdraw")
			if err != nil {
				return err
			}
			switch n.Consents {
			case 0:
				fmt.Fprintln(cmd.OutOrStdout(), "There is no consent to withdraw. Nothing is recorded.")
			case 1:
				fmt.Fprintln(cmd.OutOrStdout(), "Withdrawn. Recording has stopped; what was not sent is destroyed, at the latest when the agent starts next, and the collector is told.")
			default:
				fmt.Fprintf(cmd.OutOrStdout(), "Withdrawn: all %d consents that you gave on this device. Recording has stopped; what was not sent is destroyed, at the latest when the agent starts next, and the collector is told.\n", n.Consents)
			}
			if n.Consents > 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "What was sent before stays sealed there and is released to nobody. To erase that, too: byleave forget --all")
			}
			return nil
		},
	}
}

// agentLimit is how long a running agent may take to withdraw before it is done without it.
const agentLimit = 30 * time.Second

// endAll withdraws every consent of the device. A receipt that cannot be written never holds that up.
func endAll(cmd *cobra.Command, gesture string) (flow.Withdrawn, error) {
	n, err := withdraw(cmd, gesture)
	if err == nil && n.Receipts != "" {
		fmt.Fprintln(cmd.ErrOrStderr(), "byleave: the withdrawal holds, but:", n.Receipts)
	}
	return n, err
}

// withdraw lets the running agent stop first and write then. Where no agent answers well, the key store is told directly; an agent
// that runs all the same hears of it after that.
func withdraw(cmd *cobra.Command, gesture string) (n flow.Withdrawn, err error) {
	ctx, cancel := context.WithTimeout(cmd.Context(), agentLimit)
	defer cancel()
	asked := callAgent(ctx, "withdraw", flow.Withdrawal{Gesture: gesture}, &n)
	if asked == nil {
		return n, nil
	}
	home, err := homeDir()
	if err != nil {
		return n, err
	}
	keys, err := keystore.Open(home)
	if err != nil {
		return n, err
	}
	id, err := keys.Identity()
	if err != nil {
		return n, err
	}
	n, err = flow.Withdraw(keys, id, policy.Withdrawal{At: time.Now(), Gesture: gesture})
	var said *control.VerbError
	switch {
	case errors.As(asked, &said) && (err != nil || n.Consents == 0):
		return n, asked // it stopped, and says what is missing
	case err != nil:
		return n, err
	}
	return n, poke(cmd, "reload")
}

// poke tells a running agent to look again. An agent that does not run will look when it starts.
func poke(cmd *cobra.Command, verb string) error {
	err := call(cmd, verb, nil, nil)
	if errors.Is(err, control.ErrNotRunning) {
		return nil
	}
	return err
}

// device is what the key store holds, parsed and verified.
type device struct {
	keys   *keystore.Store
	id     keystore.Identity
	newest policy.Policy
}

// errNothingAsked means that there is no policy yet.
var errNothingAsked = errors.New("the operator has not asked for anything yet: there is no policy; the agent fetches one when it runs")

func openDevice() (device, error) {
	home, err := homeDir()
	if err != nil {
		return device{}, err
	}
	keys, err := keystore.Open(home)
	if err != nil {
		return device{}, err
	}
	id, err := keys.Identity()
	if err != nil {
		return device{}, err
	}
	signed, err := keys.Policy()
	if err != nil {
		return device{}, err
	}
	if signed == nil {
		return device{}, errNothingAsked
	}
	p, err := policy.Parse(signed, id.PolicyKey)
	if err != nil {
		return device{}, err
	}
	return device{keys, id, p}, nil
}
