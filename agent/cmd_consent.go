package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/byleave/byleave/agent/internal/control"
	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/policy"
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
	return &cobra.Command{
		Use: "show", Short: "Show what is asked, and what you agreed to", Args: cobra.NoArgs,
		Example: "  byleave consent show",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := openDevice()
			if err != nil {
				return err
			}
			notice, err := policy.Notice(d.newest)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), notice)
			c, err := d.consent()
			if err != nil {
				return err
			}
			if c.IsZero() {
				fmt.Fprintln(cmd.OutOrStdout(), "You have agreed to nothing. Nothing is recorded.")
				return nil
			}
			fmt.Fprintln(cmd.OutOrStdout(), "You agreed to:")
			for _, g := range c.Message().GetGrants() {
				fmt.Fprintf(cmd.OutOrStdout(), "  %s: %s\n", g.GetApplication(), describeClasses(g.GetClasses()))
			}
			fmt.Fprintf(cmd.OutOrStdout(), "  %s, until %s\n", describeHours(c.Message().GetHours()), c.Expires().Local().Format("2 Jan 2006 15:04"))
			return nil
		},
	}
}

func consentGive() *cobra.Command {
	var pre preset
	cmd := &cobra.Command{
		Use:   "give",
		Short: "Read what is asked and agree to a part of it",
		Long: "Shows the whole notice, asks for every application, kind of data, hours and length, and takes a typed yes.\n" +
			"Flags may make the choices; the yes is always typed at a terminal, so that no script can agree for you.",
		Example: "  byleave consent give\n  byleave consent give --grant mousepad=pointer,hotkeys,frames --hours 09:00-12:00 --expires 720h",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !isTerminal(os.Stdin) {
				return misuse{errors.New("consent is given by a person at a terminal; standard input is none")}
			}
			d, err := openDevice()
			if err != nil {
				return err
			}
			iv := interview{in: bufio.NewReader(os.Stdin), out: cmd.OutOrStdout(), now: time.Now()}
			choice, err := iv.choose(d.newest, pre)
			if err != nil {
				return err
			}
			if err := d.give(choice); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "Agreed. `byleave status` says what is recorded; `byleave consent withdraw` ends it.")
			return poke(cmd, "reload")
		},
	}
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
			n, err := withdraw(cmd)
			if err != nil {
				return err
			}
			switch n.Consents {
			case 0:
				fmt.Fprintln(cmd.OutOrStdout(), "There is no consent to withdraw. Nothing is recorded.")
			case 1:
				fmt.Fprintln(cmd.OutOrStdout(), "Withdrawn. Recording has stopped; what was not sent is destroyed when the agent runs, and the collector is told.")
			default:
				fmt.Fprintf(cmd.OutOrStdout(), "Withdrawn: all %d consents that you gave on this device. Recording has stopped; what was not sent is destroyed when the agent runs, and the collector is told.\n", n.Consents)
			}
			return nil
		},
	}
}

// agentLimit is how long a running agent may take to withdraw before it is done without it.
const agentLimit = 30 * time.Second

// withdraw lets the running agent stop first and write then. Where no agent answers well, the key store is told directly; an agent
// that runs all the same hears of it after that.
func withdraw(cmd *cobra.Command) (n flow.Withdrawn, err error) {
	ctx, cancel := context.WithTimeout(cmd.Context(), agentLimit)
	defer cancel()
	socket, err := socketPath()
	if err != nil {
		return n, err
	}
	asked := control.Call(ctx, socket, "withdraw", nil, &n)
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
	n, err = flow.Withdraw(keys, id)
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
		return device{}, errors.New("the operator has not asked for anything yet: there is no policy; the agent fetches one when it runs")
	}
	p, err := policy.Parse(signed, id.PolicyKey)
	if err != nil {
		return device{}, err
	}
	return device{keys, id, p}, nil
}

// consent is the consent in force, zero if there is none or it was withdrawn.
func (d device) consent() (policy.Consent, error) {
	signed, pinned, err := d.keys.Consent()
	if err != nil || signed == nil {
		return policy.Consent{}, err
	}
	p, err := policy.Parse(pinned, d.id.PolicyKey)
	if err != nil {
		return policy.Consent{}, err
	}
	c, err := policy.ParseConsent(signed, d.id.Verify(), p)
	if err != nil {
		return policy.Consent{}, err
	}
	if gone, err := d.keys.Withdrawn(c.ID()); err != nil || gone {
		return policy.Consent{}, err
	}
	return c, nil
}

// give signs and stores a consent to the newest policy; the stub is stored first, so that no box can outrun it.
func (d device) give(choice policy.Choice) error {
	choice.Subject, choice.Device, choice.Rand = d.id.Subject, d.id.Device, rand.Reader
	m, err := policy.NewConsent(d.newest, choice)
	if err != nil {
		return err
	}
	signed, err := policy.SignConsent(m, d.id.Sign)
	if err != nil {
		return err
	}
	c, err := policy.ParseConsent(signed, d.id.Verify(), d.newest)
	if err != nil {
		return err
	}
	stub, err := policy.SignStub(c, false, d.id.Sign)
	if err != nil {
		return err
	}
	if err := d.keys.SaveStub(stub); err != nil {
		return err
	}
	return d.keys.SaveConsent(signed, d.newest.Signed())
}
