package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/upload"
	"github.com/byleave/byleave/proto/ask"
	"github.com/byleave/byleave/proto/pin"
	"github.com/spf13/cobra"
)

type enrolFlags struct {
	file, join     string
	offer, recover bool
}

func enrolCommand() *cobra.Command {
	var f enrolFlags
	cmd := &cobra.Command{
		Use:   "enrol INVITATION",
		Short: "Introduce this device to a collector; this agrees to nothing",
		Long: "Trades a single-use invitation for a certificate, and makes the keys of this device and your own key.\n" +
			"Your own key opens everything that is recorded of you; it lies under your passphrase, and the recovery code that is printed\n" +
			"opens it when the passphrase or the computer is lost. Enrolling records nothing and tells the operator nothing of your decision.\n\n" +
			"A second computer of yours joins by a code from the first: --offer shows the code there, --join takes it here. It works once and\n" +
			"for ten minutes. Both then have one key, one recovery code and one receipt; what you agreed to is not copied: the second\n" +
			"computer records nothing until you agree to something on it. Keep the code to yourself: with it somebody else could join.\n\n" +
			"Others who use this computer see the words of a command while it runs; - in the place of an invitation or a code asks for it.\n\n" +
			"If your computer is lost, --recover takes your recovery code in the place of a new key, so that the same code opens everything.",
		Example: "  byleave enrol 'byleave://collector.example:7443/?ca=…&policy=…&ledger=…&token=…'\n" +
			"  byleave enrol --offer            # on the computer that is enrolled\n  byleave enrol --join 'byleave://…&join=…'   # on the other one",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return enrol(cmd, f, args) },
	}
	cmd.Flags().StringVar(&f.file, "passphrase-file", "", "read the passphrase from this file instead of the terminal")
	cmd.Flags().BoolVar(&f.offer, "offer", false, "show a code with which another computer of yours joins; it asks for your passphrase")
	cmd.Flags().BoolVar(&f.recover, "recover", false, "keep your own key: ask for your recovery code instead of making a new one")
	cmd.Flags().StringVar(&f.join, "join", "", "join with the code that your other computer shows")
	return cmd
}

// enrol makes this device known in the one way that the person named.
func enrol(cmd *cobra.Command, f enrolFlags, args []string) error {
	if ways := len(args) + map[bool]int{true: 1}[f.offer] + map[bool]int{true: 1}[f.join != ""]; ways != 1 {
		return misuse{errors.New("name an invitation, or --offer, or --join and its code")}
	}
	if f.recover && len(args) == 0 {
		return misuse{errors.New("--recover goes with an invitation")}
	}
	if f.offer {
		return offerJoin(cmd, f.file)
	}
	home, err := homeDir()
	if err != nil {
		return err
	}
	keys, err := keystore.Open(home)
	if err != nil {
		return err
	}
	if keys.Enrolled() {
		return errors.New("this device is enrolled already; nothing was changed")
	}
	invitation, err := ask.Bearer(cmd.Context(), append(args, f.join)[0], "The invitation or code: ", cmd.InOrStdin(), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if err := looksRight(invitation, f.join != ""); err != nil { // before a passphrase is asked for
		return err
	}
	passphrase, err := readPassphrase(cmd.Context(), cmd.OutOrStdout(), f.file)
	if err != nil {
		return err
	}
	if f.join != "" {
		if err := upload.Join(cmd.Context(), invitation, keys, passphrase); err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), "Joined. Your recovery code and your receipt are those of your other computer.\n"+
			"Nothing is recorded here until you agree to something on this computer: byleave consent give")
		return poke(cmd, "reload")
	}
	if f.recover {
		return enrolRecovered(cmd, invitation, keys, passphrase)
	}
	code, err := upload.Enrol(cmd.Context(), invitation, keys, passphrase)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Enrolled. Nothing is recorded until you agree to something: byleave consent give\n\n"+
		"Your recovery code, shown only now. Write it down and keep it away from this computer:\n\n  %s\n\n", code)
	return poke(cmd, "reload")
}

// looksRight tells whether an invitation, or a code, is written as one.
func looksRight(text string, isCode bool) (err error) {
	if isCode {
		_, err = pin.ParseJoin(text)
	} else {
		_, err = pin.Parse(text)
	}
	return err
}

// enrolRecovered enrols with the key that the person writes down.
func enrolRecovered(cmd *cobra.Command, invitation string, keys *keystore.Store, passphrase []byte) error {
	code, err := ask.Hidden(cmd.Context(), cmd.ErrOrStderr(), "Your recovery code: ")
	if err != nil {
		return err
	}
	defer clear(code)
	if err := upload.EnrolRecovered(cmd.Context(), invitation, keys, passphrase, string(code)); err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), "Enrolled with your own key; your recovery code stays as it is. What was sent before: byleave review --receipt\n"+
		"Nothing is recorded until you agree to something: byleave consent give")
	return poke(cmd, "reload")
}

// offerJoin leaves what another computer of the person needs at the collector, which cannot read it, and shows the code.
func offerJoin(cmd *cobra.Command, file string) (err error) {
	keys, id, err := openKeys()
	if err != nil {
		return err
	}
	var passphrase []byte
	if file != "" {
		passphrase, err = readPassphrase(cmd.Context(), cmd.ErrOrStderr(), file)
	} else {
		passphrase, err = ask.Hidden(cmd.Context(), cmd.ErrOrStderr(), "Your passphrase: ")
	}
	if err != nil {
		return err
	}
	defer clear(passphrase)
	j := pin.NewJoin(id.Collector, sha256.Sum256(id.CA.Raw), sha256.Sum256(id.PolicyKey), id.Ledger)
	sealed, err := keys.SealForAnother(passphrase, j.Key())
	if err != nil {
		return err
	}
	line, err := upload.Open(id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, line.Close()) }()
	if err := line.OfferJoin(cmd.Context(), j.TokenHash(), sealed); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "On your other computer, within ten minutes:\n\n  byleave enrol --join '%s'\n\nThe code works once. A newer one replaces it.\n", j)
	return nil
}

// longestPassphrase bounds what is read; a longer file is surely the wrong one.
const longestPassphrase = 1024

func readPassphrase(ctx context.Context, out io.Writer, file string) ([]byte, error) {
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("open the passphrase file: %w", err)
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, longestPassphrase+1))
		if err != nil || len(b) > longestPassphrase {
			return nil, errors.Join(err, fmt.Errorf("the passphrase file must hold at most %d bytes", longestPassphrase))
		}
		return bytes.TrimRight(b, "\r\n"), nil
	}
	first, err := ask.Hidden(ctx, out, "A passphrase for your own key, at least 8 characters, better four words: ")
	if err != nil {
		return nil, err
	}
	again, err := ask.Hidden(ctx, out, "The same again: ")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, again) {
		return nil, errors.New("the two were not the same; nothing was changed")
	}
	return first, nil
}
