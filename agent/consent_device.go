package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/policy"
	"github.com/spf13/cobra"
)

// last is the consent that was given last and the policy that it pins, zero if none was; gone tells that it was withdrawn.
func (d device) last() (c policy.Consent, pinned policy.Policy, gone bool, err error) {
	signed, pinnedSigned, err := d.keys.Consent()
	if err != nil || signed == nil {
		return c, pinned, false, err
	}
	if pinned, err = policy.Parse(pinnedSigned, d.id.PolicyKey); err != nil {
		return c, pinned, false, err
	}
	if c, err = policy.ParseConsent(signed, d.id.Verify(), pinned); err != nil {
		return policy.Consent{}, pinned, false, err
	}
	gone, err = d.keys.Withdrawn(c.ID())
	return c, pinned, gone, err
}

// consent is the consent in force, zero if there is none or it was withdrawn.
func (d device) consent() (policy.Consent, error) {
	c, _, err := d.inForce()
	return c, err
}

// inForce is the consent in force with the policy that it pins; both are zero if there is none or it was withdrawn.
func (d device) inForce() (policy.Consent, policy.Policy, error) {
	c, pinned, gone, err := d.last()
	if err != nil || gone {
		return policy.Consent{}, policy.Policy{}, err
	}
	return c, pinned, nil
}

// give signs and stores a consent to p. It takes an earlier no back, and decides what a withdrawal on another device left open.
func (d device) give(p policy.Policy, choice policy.Choice) error {
	if err := d.put(p, choice); err != nil {
		return err
	}
	return errors.Join(d.keys.ForgetRefused(), d.keys.ForgetElsewhere())
}

// errNothingLess means that nothing is in force of which something could be taken back.
var errNothingLess = errors.New("what you agreed to has changed meanwhile, and nothing was taken back; look again")

// less puts a part of the consent in force in its place. What is not in force by now, because it was taken back or withdrawn since the choice was
// read, does not come back with it.
func (d device) less(choice policy.Choice) error {
	now, pinned, err := d.inForce()
	if err != nil {
		return err
	}
	left := map[string]policy.Classes{}
	for _, g := range now.Message().GetGrants() {
		for _, c := range g.GetClasses() {
			if app := g.GetApplication(); choice.Grants[app].Has(policy.Class(c)) {
				left[app] = left[app].With(policy.Class(c))
			}
		}
	}
	if len(left) == 0 {
		return errNothingLess
	}
	choice.Grants, choice.Hours, choice.Expires = left, now.Message().GetHours(), now.Expires()
	return d.put(pinned, choice)
}

// put signs and stores a consent to p, with its receipt; the stub is stored first, so that no box can outrun it. By itself it is no yes: what
// took back a part of an earlier one leaves a no, and what is to be decided, as they are.
func (d device) put(p policy.Policy, choice policy.Choice) error {
	choice.Subject, choice.Device, choice.Rand = d.id.Subject, d.id.Device, rand.Reader
	m, err := policy.NewConsent(p, choice)
	if err != nil {
		return err
	}
	signed, err := policy.SignConsent(m, d.id.Sign)
	if err != nil {
		return err
	}
	c, err := policy.ParseConsent(signed, d.id.Verify(), p)
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
	if err := d.keys.SaveConsent(signed, p.Signed()); err != nil {
		return err
	}
	return flow.SaveReceipt(d.keys, p, c, policy.Withdrawal{})
}

// changes is how what is asked differs from what the person agreed to. What a policy took away since then counts as taken away: its
// return is wider, although the consent would cover it.
func (d device) changes(pinned policy.Policy) ([]policy.Change, error) {
	if pinned.IsZero() {
		return nil, nil
	}
	signed, err := d.keys.Applied()
	if err != nil {
		return nil, err
	}
	if signed != nil {
		last, err := policy.Parse(signed, d.id.PolicyKey)
		if err != nil {
			return nil, err
		}
		if back := policy.Diff(d.newest, last); last.Version() > pinned.Version() && len(policy.Wider(back)) > 0 {
			return back, nil
		}
	}
	return policy.Diff(d.newest, pinned), nil
}

// refuse notes the person's no, if there was a question: nothing in force, something wider than what is, or a withdrawal on another device.
func (d device) refuse() error {
	c, pinned, err := d.inForce()
	if err != nil {
		return err
	}
	changes, err := d.changes(pinned)
	if err != nil {
		return err
	}
	elsewhere, err := d.keys.Elsewhere()
	if err != nil {
		return err
	}
	if c.IsZero() || len(policy.Wider(changes)) > 0 || !elsewhere.IsZero() {
		return d.keys.SaveRefused(time.Now())
	}
	return nil
}

// sayNo is refuse at the terminal.
func (d device) sayNo(cmd *cobra.Command) error {
	if err := d.refuse(); err != nil {
		return err
	}
	no, err := d.keys.Refused()
	if err != nil {
		return err
	}
	if no.IsZero() {
		fmt.Fprintln(cmd.OutOrStdout(), "Nothing changed. What you agreed to before stands; `byleave consent withdraw` ends it.")
		return nil
	}
	fmt.Fprintln(cmd.OutOrStdout(), "You said no. Nothing is recorded, nobody is told, and you are not asked again. `byleave consent give` is there if you change your mind.")
	return poke(cmd, "reload")
}

// printReceipt prints the newest receipt of the last consent; null if none was ever given. A consent from before receipts were
// written gets its receipt now.
func (d device) printReceipt(w io.Writer) error {
	c, pinned, _, err := d.last()
	if err != nil {
		return err
	}
	if c.IsZero() {
		fmt.Fprintln(w, "null")
		return nil
	}
	names, err := d.keys.Receipts()
	if err != nil {
		return err
	}
	id := c.ID()
	mine := slices.IndexFunc(names, func(n string) bool { return len(n) > 8 && n[len(n)-8:] == hex.EncodeToString(id[:4]) })
	if mine < 0 {
		r, err := policy.NewReceipt(pinned, c, policy.Withdrawal{})
		if err != nil {
			return err
		}
		b, err := r.JSON()
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	}
	b, _, err := d.keys.Receipt(names[mine])
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// show prints the notice, what changed since the person agreed, and what they agreed to.
func (d device) show(w io.Writer) error {
	notice, err := policy.Notice(d.newest)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, notice)
	c, pinned, err := d.inForce()
	if err != nil {
		return err
	}
	no, err := d.keys.Refused()
	if err != nil {
		return err
	}
	if !no.IsZero() {
		fmt.Fprintf(w, "You said no on %s. Nothing is recorded, and you are not asked again.\n", no.Local().Format("2 Jan 2006"))
	}
	if at, err := d.keys.Elsewhere(); err != nil {
		return err
	} else if !at.IsZero() {
		fmt.Fprintf(w, "You withdrew on another of your computers (heard of on %s). Nothing is recorded or sent here until you decide.\n", at.Local().Format("2 Jan 2006"))
	}
	if c.IsZero() {
		fmt.Fprintln(w, "You have agreed to nothing. Nothing is recorded.")
		return nil
	}
	changes, err := d.changes(pinned)
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		printChanges(w, changes)
	}
	fmt.Fprintln(w, "You agreed to:")
	for _, g := range c.Message().GetGrants() {
		fmt.Fprintf(w, "  %s: %s\n", g.GetApplication(), describeClasses(g.GetClasses()))
	}
	fmt.Fprintf(w, "  %s, until %s\n", describeHours(c.Message().GetHours()), c.Expires().Local().Format("2 Jan 2006 15:04"))
	return nil
}

// printChanges says how what is asked differs from what was agreed to.
func printChanges(w io.Writer, changes []policy.Change) {
	if len(policy.Wider(changes)) > 0 {
		fmt.Fprintln(w, "More is asked than you agreed to, so nothing is recorded until you decide. What is different:")
	} else {
		fmt.Fprintln(w, "Less is asked than you agreed to; that applies by itself. What is different:")
	}
	for _, c := range changes {
		mark := "less"
		if c.Wider {
			mark = "MORE"
		}
		fmt.Fprintf(w, "  %s: %s\n", mark, policy.Inert(c.Words))
	}
	fmt.Fprintln(w)
}
