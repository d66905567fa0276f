package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/collector/internal/store/embed"
	"github.com/byleave/byleave/collector/internal/vault"
	"github.com/spf13/cobra"
)

func initCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "init",
		Short:   "Make a collector's folder with its keys",
		Example: "  byleave-collector init --dir /srv/byleave",
		Args:    cobra.NoArgs,
	}
	dir := dirFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print what was made as JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := makeHome(cmd.Context(), *dir); err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), map[string]string{"dir": *dir, "policy_key": home(*dir).path(policyKeyName)})
		}
		fmt.Fprintf(cmd.OutOrStdout(), `Made a collector in %s.

Keep %s offline: move it to a machine that is not this one. Whoever has it can ask people for more.
Back up vault.key and keys/ apart from everything else: without them no box can be released, with them and the index half of each
key is open. See byleave-collector backup --help.

Next: byleave-collector serve --dir %[1]s   (in another terminal, or as a service)
      byleave-collector invite --dir %[1]s --role custodian --count 1   (the custodian makes their key with it: custodian new)
      byleave-collector policy new > policy.json   (edit it; the custodian's public key goes into it)
      byleave-collector policy sign --key %[2]s policy.json --out policy.signed
      byleave-collector policy set --dir %[1]s policy.signed
      byleave-collector invite --dir %[1]s   (for people's devices)
`, *dir, home(*dir).path(policyKeyName))
		return nil
	}
	return cmd
}

// makeHome makes everything beside the wanted place and moves it there in one step, so that no half a folder stays.
func makeHome(ctx context.Context, dir string) error {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		return fmt.Errorf("%s holds files already; nothing was changed: name another folder with --dir", dir)
	}
	if err == nil {
		if err := os.Remove(dir); err != nil { // an empty folder may have the wrong mode
			return fmt.Errorf("replace the empty folder: %w: if it is where a disk is mounted, name a folder below it with --dir", err)
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("look into the folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Clean(dir)), 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(filepath.Clean(dir)), ".byleave-init-") // mode 0700
	if err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	if err := fillHome(ctx, home(tmp)); err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	if err := os.Rename(tmp, dir); err != nil {
		return errors.Join(fmt.Errorf("put the folder in its place: %w", err), os.RemoveAll(tmp))
	}
	return nil
}

func fillHome(ctx context.Context, h home) error {
	if err := ca.Create(string(h), time.Now()); err != nil {
		return err
	}
	if err := vault.Create(string(h)); err != nil {
		return err
	}
	if err := ledger.CreateKey(string(h)); err != nil {
		return err
	}
	if err := h.makePolicyKey(); err != nil {
		return err
	}
	s, _, err := embed.Open(ctx, string(h), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return s.Close()
}
