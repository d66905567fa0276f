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
		Use:   "revoke {ID | --custodian NAME}",
		Short: "End a device's or custodian's certificate at once and for good",
		Long: "End a device's or custodian's certificate at once and for good. A device's id stands in each of its boxes, see `inspect`;\n" +
			"the collector lists no devices. A custodian is revoked by name, with every certificate that they have.",
		Example: "  byleave-collector revoke --dir /srv/byleave 6f1c0d3e9a8b47d2b1c05e7f3a2d4c69\n" +
			"  byleave-collector revoke --dir /srv/byleave --custodian 'Data team'",
		Args: cobra.MaximumNArgs(1),
	}
	dir := dirFlag(cmd)
	custodian := cmd.Flags().String("custodian", "", "the name under which a custodian enrolled, as `ledger show` and the policy have it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if (len(args) == 1) == (*custodian != "") {
			return misuse{errors.New("name one id, or a custodian with --custodian")}
		}
		var id store.ID
		if len(args) == 1 {
			raw, err := hex.DecodeString(args[0])
			if err != nil || len(raw) != 16 {
				return misuse{errors.New("an id is 32 hexadecimal digits")}
			}
			id = store.ID(raw)
		}
		h, err := openHome(*dir)
		if err != nil {
			return err
		}
		x, err := h.openIndex(cmd.Context())
		if err != nil {
			return err
		}
		ids := []store.ID{id}
		if *custodian != "" {
			ids, err = x.CustodiansNamed(cmd.Context(), *custodian)
			if err == nil && len(ids) == 0 {
				err = fmt.Errorf("no custodian who is called %q has a certificate here", *custodian)
			}
		}
		for _, id := range ids {
			if err == nil {
				err = x.Revoke(cmd.Context(), id)
			}
		}
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
