package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/embed"
	"github.com/spf13/cobra"
)

func compactCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "compact",
		Short: "Give the room of erased boxes back to the disk, down to the last pack",
		Long: "Rewrites every pack out of which something was erased, so that packs hold what stays and nothing else. A running collector does so by\n" +
			"itself once half of a pack was erased; this is for the rest of it, for example before a disk is copied. It needs as much free room as the\n" +
			"largest pack, and the collector must not run. Killed in the middle it loses nothing: run it again.",
		Example: "  byleave-collector compact --dir /srv/byleave",
		Args:    cobra.NoArgs,
	}
	dir := dirFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		h, err := openHome(*dir)
		if err != nil {
			return err
		}
		if _, _, ok, err := h.cloud(); ok || err != nil {
			return errors.Join(err, errors.New("compact: this collector keeps its packs in a bucket, where serve rewrites them by itself; there is nothing to do here"))
		}
		st, rep, err := embed.Open(cmd.Context(), string(h), slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		if rep.Salved {
			return errors.Join(st.Close(), errors.New("the index was damaged and is salvaged now; the old one lies in damaged/. Rows that were lost would take "+
				"their boxes along: look at it first, then run compact again"))
		}
		_, err = st.CompactAll(cmd.Context())
		if err := errors.Join(err, st.Close()); err != nil {
			return err
		}
		// How much was erased is nobody's business.
		fmt.Fprintln(cmd.OutOrStdout(), "The packs hold what stays, and nothing else.")
		return nil
	}
	return cmd
}

// keepCompact gives room back after erasures, where the store is one that has to be told.
func keepCompact(ctx context.Context, st store.Store) {
	if s, ok := st.(interface{ KeepCompact(ctx context.Context) }); ok {
		s.KeepCompact(ctx)
	}
}
