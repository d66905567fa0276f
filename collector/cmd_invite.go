package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/spf13/cobra"
)

type inviteOptions struct {
	dir, role, address string
	count              int
	expires            time.Duration
}

func inviteCommand() *cobra.Command {
	var o inviteOptions
	cmd := &cobra.Command{
		Use:   "invite",
		Short: "Print single-use invitations, one a line; none says for whom it is",
		Example: "  byleave-collector invite --dir /srv/byleave --count 30\n" +
			"  byleave-collector invite --dir /srv/byleave --count 1 --role custodian",
		Args: cobra.NoArgs,
	}
	dir := dirFlag(cmd)
	cmd.Flags().IntVar(&o.count, "count", 10, "how many")
	cmd.Flags().StringVar(&o.role, "role", string(store.DeviceRole), "device or custodian")
	cmd.Flags().StringVar(&o.address, "address", "", "HOST:PORT by which devices reach the collector (default: where serve listened last)")
	cmd.Flags().DurationVar(&o.expires, "expires", 7*24*time.Hour, "how long they can be used")
	asJSON := cmd.Flags().Bool("json", false, "print a JSON array")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		o.dir = *dir
		texts, err := invite(cmd, o)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), texts)
		}
		fmt.Fprintln(cmd.OutOrStdout(), strings.Join(texts, "\n"))
		return nil
	}
	return cmd
}

func invite(cmd *cobra.Command, o inviteOptions) ([]string, error) {
	if o.expires <= 0 {
		return nil, misuse{errors.New("--expires must be longer than nothing")}
	}
	h, err := openHome(o.dir)
	if err != nil {
		return nil, err
	}
	if o.address == "" {
		raw, err := os.ReadFile(h.path(addressName))
		if err != nil {
			return nil, misuse{errors.New("the collector never ran here: start it with `serve`, or name its address with --address")}
		}
		o.address = strings.TrimSpace(string(raw))
	}
	authority, err := ca.Load(string(h), time.Now)
	if err != nil {
		return nil, err
	}
	fp, err := h.fingerprints(authority)
	if err != nil {
		return nil, err
	}
	lot, texts, err := ca.Invitations(o.address, fp, store.Role(o.role), o.count, time.Now().Add(o.expires))
	if err != nil {
		return nil, misuse{err}
	}
	x, err := h.openIndex(cmd.Context())
	if err != nil {
		return nil, err
	}
	return texts, errors.Join(x.Invite(cmd.Context(), lot), x.Close())
}
