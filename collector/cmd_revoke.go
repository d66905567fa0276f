package main

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/spf13/cobra"
)

func revokeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke ID",
		Short: "End a device's or custodian's certificate at once and for good",
		Long: "End a device's or custodian's certificate at once and for good. A device's id stands in each of its boxes, see `inspect`;\n" +
			"the collector lists no devices.",
		Example: "  byleave-collector revoke --dir /srv/byleave 6f1c0d3e9a8b47d2b1c05e7f3a2d4c69",
		Args:    cobra.ExactArgs(1),
	}
	dir := dirFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		raw, err := hex.DecodeString(args[0])
		if err != nil || len(raw) != 16 {
			return misuse{errors.New("an id is 32 hexadecimal digits")}
		}
		h, err := openHome(*dir)
		if err != nil {
			return err
		}
		x, err := h.openIndex(cmd.Context())
		if err != nil {
			return err
		}
		err = x.Revoke(cmd.Context(), store.ID(raw))
		if errors.Is(err, store.ErrNotFound) {
			err = errors.New("nobody was enrolled here under this id")
		}
		if err := errors.Join(err, x.Close()); err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), "revoked")
		return nil
	}
	return cmd
}
