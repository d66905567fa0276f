package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"

	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/tlog"
	"github.com/spf13/cobra"
)

func ledgerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Read the public ledger in the collector's folder",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(ledgerVerify(), ledgerShow())
	return cmd
}

// placed is an export and where its leaf stands.
type placed struct {
	Place uint64 `json:"place"`
	tlog.Release
	Words string `json:"words"`
}

func ledgerVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Read every leaf and check that the signed checkpoint was made of exactly these",
		Long: "Reads the whole ledger beside a running collector and computes its root anew. Leaves about people are commitments that only they can\n" +
			"open: of them there is nothing to see but that they are whole. How many there are follows the clock, not what people do.",
		Example: "  byleave-collector ledger verify --dir /srv/byleave",
		Args:    cobra.NoArgs,
	}
	dir := dirFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		exports, at, err := readLedger(cmd, *dir)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), map[string]any{"leaves": at.Size, "exports": len(exports), "checkpoint": string(at.Signed())})
		}
		fmt.Fprintf(cmd.OutOrStdout(), "Whole: %s, %s among them, as the checkpoint was signed.\n", policy.Count(at.Size, "leaf"), policy.Count(len(exports), "export"))
		return nil
	}
	return cmd
}

func ledgerShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show",
		Short:   "Say in words which exports stand in the ledger",
		Example: "  byleave-collector ledger show --dir /srv/byleave",
		Args:    cobra.NoArgs,
	}
	dir := dirFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print a JSON object per line")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		exports, _, err := readLedger(cmd, *dir)
		if err != nil {
			return err
		}
		for _, e := range exports {
			if *asJSON {
				if err := printJSON(cmd.OutOrStdout(), e); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintln(cmd.OutOrStdout(), e.Words)
		}
		if len(exports) == 0 && !*asJSON {
			fmt.Fprintln(cmd.OutOrStdout(), "Nothing was ever released to a custodian.")
		}
		return nil
	}
	return cmd
}

// errNoLedger is no trouble.
var errNoLedger = errors.New("there is no ledger yet: it is made when the collector is started")

// readLedger reads and proves all of the ledger in dir. A bar is drawn where somebody watches.
func readLedger(cmd *cobra.Command, dir string) (exports []placed, at tlog.Checkpoint, err error) {
	h, err := openHome(dir)
	if err != nil {
		return nil, at, err
	}
	src, at, err := h.checkpoint(cmd.Context())
	if err != nil {
		return nil, at, err
	}
	var d drawn
	exports, err = walkLedger(cmd.Context(), src, at, func() { d.add(cmd, "leaves", int(at.Size)) })
	return exports, at, errors.Join(err, d.end())
}

// checkpoint is where the ledger in the folder stands, signed by its key.
func (h home) checkpoint(ctx context.Context) (src ledger.Folder, at tlog.Checkpoint, err error) {
	key, err := ledger.PublicKey(string(h))
	if err != nil {
		return src, at, err
	}
	src = ledger.NewFolder(string(h), key)
	at, err = tlog.Fetch(ctx, src, sha256.Sum256(key), tlog.Checkpoint{})
	if errors.Is(err, os.ErrNotExist) {
		err = errNoLedger
	}
	return src, at, err
}

// walkLedger reads every leaf up to the checkpoint, proves that it was made of these, and returns the exports.
func walkLedger(ctx context.Context, src ledger.Folder, at tlog.Checkpoint, each func()) (exports []placed, err error) {
	err = tlog.Walk(ctx, src, at, func(place uint64, leaf []byte) error {
		each()
		if len(leaf) == sha256.Size { // about a person
			return ctx.Err()
		}
		r, err := tlog.ParseRelease(leaf)
		if err != nil {
			return fmt.Errorf("leaf %d: %w", place, err)
		}
		exports = append(exports, placed{place, r, r.Words()})
		return nil
	})
	return exports, err
}
