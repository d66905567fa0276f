package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/proto/ask"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/spf13/cobra"
)

func eraseCommand() *cobra.Command {
	var receipt string
	cmd := &cobra.Command{
		Use:   "erase --receipt RECEIPT",
		Short: "Erase everything of the person whose receipt this is, and print the signed record's words",
		Long: "Asks a running collector, as the person would from their own machine. A receipt is the line that `byleave receipt` prints; of a\n" +
			"receipt on paper the code alone does, with --dir for the collector's folder. Who the person is, is neither asked nor told.\n" +
			"A receipt in a command is seen by others who use this computer: - in its place asks for it, or takes a line of standard input.",
		Example: "  byleave-collector erase --receipt -\n  byleave-collector erase --dir /srv/byleave --receipt -",
		Args:    cobra.NoArgs,
	}
	dir := dirFlag(cmd)
	cmd.Flags().StringVar(&receipt, "receipt", "", "the receipt, or its code; - asks for it")
	if err := cmd.MarkFlagRequired("receipt"); err != nil {
		panic("erase: " + err.Error())
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var r erasure.Receipt
		receipt, err := ask.Bearer(cmd.Context(), receipt, "The receipt, or its code: ", cmd.InOrStdin(), cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		if strings.HasPrefix(strings.TrimSpace(receipt), "byleave:") {
			r, err = erasure.ParseReceipt(receipt)
		} else {
			r, err = ownReceipt(*dir, receipt)
		}
		if err != nil {
			return err
		}
		m, err := erasure.Ask(cmd.Context(), r)
		if err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), erasure.Sentence(m))
		return nil
	}
	return cmd
}

// ownReceipt completes a typed code with what the collector's folder says of itself.
func ownReceipt(dir, code string) (r erasure.Receipt, err error) {
	if r.Code, err = erasure.ParseCode(code); err != nil {
		return r, err
	}
	h, err := openHome(dir)
	if err != nil {
		return r, err
	}
	authority, err := ca.Load(string(h), time.Now)
	if err != nil {
		return r, err
	}
	key, err := ledger.PublicKey(string(h))
	if err != nil {
		return r, err
	}
	addr, err := os.ReadFile(h.path(addressName))
	if err != nil {
		return r, errors.New("the collector has never run here: start it with `byleave-collector serve`")
	}
	r.Collector, r.CA, r.Ledger = strings.TrimSpace(string(addr)), authority.Fingerprint(), sha256.Sum256(key)
	return r, nil
}
