package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/byleave/byleave/collector/internal/ingest"
	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/cloud"
	"github.com/byleave/byleave/collector/internal/store/embed"
	"github.com/byleave/byleave/policy"
	"github.com/spf13/cobra"
)

// backedUp is what a backup holds beside the store. What opens boxes is not among it: keys/, vault.key, and the journal of erasures.
var backedUp = []string{"ca.key", "ca.crt", "ledger.key", policyPublicName, policyName, limitsName, addressName}

func backupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup FOLDER",
		Short: "Copy index and packs to a new folder, beside a running collector; nothing in it opens a box",
		Long: "Copies the index, the packs, the public ledger and this collector's identity to a new folder. It holds no key that opens a box.\n" +
			"Copy three things apart from it, and keep no copy of them for longer than people's erasures may take to count everywhere:\n" +
			"keys/ (one key per person), vault.key, and erasures/ (what has to be erased again after a restore). A copy of keys/ from before\n" +
			"an erasure undoes it. The backup itself holds ca.key and ledger.key: whoever takes it can let in devices, speak as anybody's and sign for\n" +
			"the ledger. Keep it as safe as the folder.\n" +
			"With cloud.json it copies this collector's identity alone. " + yoursToCopy,
		Example: "  byleave-collector backup --dir /srv/byleave /backup/byleave-2026-11-25",
		Args:    cobra.ExactArgs(1),
	}
	dir := dirFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		h, err := openHome(*dir)
		if err != nil {
			return err
		}
		if _, err := os.Lstat(args[0]); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already: name a new folder", args[0])
		}
		tmp, err := os.MkdirTemp(filepath.Dir(filepath.Clean(args[0])), ".byleave-backup-") // mode 0700
		if err != nil {
			return fmt.Errorf("make the folder: %w", err)
		}
		_, _, scaled, err := h.cloud()
		if err == nil && !scaled {
			var d drawn
			err = embed.Backup(cmd.Context(), string(h), tmp, func() { d.add(cmd, "packs copied", -1) })
			err = errors.Join(err, d.end())
		}
		if err == nil {
			err = ledger.Backup(string(h), tmp, embed.CopyFile) // after the index, which learns from it what it lacks
		}
		for _, name := range backedUp {
			if e := embed.CopyFile(h.path(name), filepath.Join(tmp, name)); !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
		err = errors.Join(err, copyPolicies(string(h), tmp))
		if err == nil {
			err = os.Rename(tmp, args[0])
		}
		if err != nil {
			return errors.Join(err, os.RemoveAll(tmp))
		}
		if scaled {
			fmt.Fprintf(cmd.OutOrStdout(), "Backed up this collector's identity to %s. %s\n", args[0], yoursToCopy)
			return nil
		}
		fmt.Fprintf(cmd.OutOrStdout(), "Backed up to %s. It opens no box by itself: copy keys/, vault.key and erasures/ apart. It holds ca.key and ledger.key: keep it as safe as the folder.\n", args[0])
		return nil
	}
	return cmd
}

// invitedAnew says what a restore leaves to the operator.
const invitedAnew = "Invitations from before count no more: make new ones with `byleave-collector invite`."

// yoursToCopy says what no command of a collector can copy.
const yoursToCopy = "Boxes lie in the database and the bucket, and those are yours to copy:\n" +
	"packs/ and ledger/ of the bucket, then a dump of the database, then what is new below packs/. Copy keys/ and erasures/ of the bucket and\n" +
	"vault.key apart, like keys/ of an own store."

func restoreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore FOLDER",
		Short: "Put a backup in the place of index and packs; what was erased since is erased again before anything is served",
		Long: "Puts the index and packs of a backup into the collector's folder, in the place of those there. The folder's keys/, vault.key and\n" +
			"erasures/ stay: with them everything that was erased after the backup is erased again. Boxes of a person who erased\n" +
			"something after the backup open no more, because their key was replaced; they are taken out and counted. The folder's ledger/ stays,\n" +
			"too: one from before would be a past that people did not see, and they are told; what it says was released since is named. What was withdrawn or revoked since stays so. Invitations\n" +
			"count no more: some were used since. The collector must not run. If it is cut short, run it again, or start the collector.\n" +
			"With cloud.json, put the database and packs/ of the bucket back yourself first, and keep keys/, erasures/ and ledger/ of the bucket as they\n" +
			"are; then this does the rest, before any collector serves. No collector of the store may run.",
		Example: "  byleave-collector restore --dir /srv/byleave /backup/byleave-2026-11-25",
		Args:    cobra.ExactArgs(1),
	}
	dir := dirFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		_, err := os.Stat(home(*dir).path(cloudName))
		scaled := err == nil
		_, err = os.Lstat(home(*dir).path("ledger"))
		own := err == nil
		if err := fillRestored(home(*dir), args[0], scaled); err != nil {
			return err
		}
		h, err := openHome(*dir)
		if err != nil {
			return err
		}
		if scaled {
			return restoreScaled(cmd, h)
		}
		var d drawn
		rep, err := embed.Restore(cmd.Context(), string(h), args[0], func() { d.add(cmd, "files copied", -1) })
		if err := errors.Join(err, d.end()); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "Restored. Erased again: %s. Taken out, because their person's key was replaced since: %s.\n",
			policy.Count(rep.Erased, "erasure"), policy.Count(rep.Shut, "box"))
		if rep.Keyless > 0 {
			fmt.Fprintf(cmd.OutOrStdout(), "keys/ lacks the keys of %s: their boxes open only once you put it back.\n", policy.Count(rep.Keyless, "person"))
		}
		fmt.Fprintln(cmd.OutOrStdout(), invitedAnew)
		if !own {
			fmt.Fprintln(cmd.OutOrStdout(), "The ledger is that of the backup: what was released after it stands in no record here.")
			return nil
		}
		return sayUnknown(cmd, h)
	}
	return cmd
}

// sayUnknown names the exports of the folder's ledger, which was not restored, that the index from before does not know. Whose boxes they took stood in their maps
// alone, and those are of the index.
func sayUnknown(cmd *cobra.Command, h home) (err error) {
	exports, _, err := readLedger(cmd, string(h))
	if errors.Is(err, errNoLedger) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("it is restored, and its ledger does not tell what was released since: %w", err)
	}
	x, err := embed.OpenIndex(cmd.Context(), string(h))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	words, ids := map[store.ID]string{}, []store.ID(nil)
	for _, e := range exports {
		if raw, err := hex.DecodeString(e.Export); err == nil && len(raw) == len(store.ID{}) {
			ids = append(ids, store.ID(raw))
			words[ids[len(ids)-1]] = e.Words
		}
	}
	unknown, err := x.Unknown(cmd.Context(), ids)
	if err != nil || len(unknown) == 0 {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Released after the backup: %s. Whose boxes they took this index does not know: `byleave verify` shows them to nobody as theirs, and counts them\n"+
		"among the others. Tell people what the ledger says:\n", policy.Count(len(unknown), "export"))
	for _, id := range unknown {
		fmt.Fprintln(cmd.OutOrStdout(), words[id])
	}
	return nil
}

// restoreScaled brings database and bucket together that an operator put back.
func restoreScaled(cmd *cobra.Command, h home) error {
	c, wrap, _, err := h.cloud()
	if err != nil {
		return err
	}
	lock, err := embed.Lock(string(h))
	if err != nil {
		return err
	}
	rep, err := cloud.Restored(cmd.Context(), c, wrap, slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil)))
	if err := errors.Join(err, lock.Close()); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Restored. What was released after the dump stands in the ledger alone (`byleave-collector ledger show`): whose boxes it took is not known any more.\n"+
		"Erased again: %s. Taken out, because their person's key was replaced since: %s; because their\n"+
		"pack is not there: %d, which their devices may send again. Removed, because no row names them: %s.\n%s\n",
		policy.Count(rep.Erased, "erasure"), policy.Count(rep.Shut, "box"), rep.Missing, policy.Count(rep.Orphans, "pack"), invitedAnew)
	return nil
}

// fillRestored gives a folder on a new machine its identity from the backup; the keys must lie there already. A backup of another collector
// is refused before anything is touched: its boxes would open with no key of this folder, and this folder's own would be gone.
func fillRestored(h home, from string, scaled bool) error {
	if _, err := os.Stat(filepath.Join(from, "ca.crt")); err != nil {
		return fmt.Errorf("%s holds no backup of a collector: it has no ca.crt", from)
	}
	if err := onlyFiles(from); err != nil {
		return err
	}
	needed := []string{"keys", "vault.key"}
	if scaled { // its keys lie in the bucket
		needed = []string{"vault.key"}
	}
	for _, name := range needed {
		if _, err := os.Stat(h.path(name)); err != nil {
			return fmt.Errorf("%s has no %s: put keys/, vault.key and erasures/ from their own copy there first; without them no box opens", h, name)
		}
	}
	if err := sameCollector(h, from); err != nil {
		return err
	}
	for _, name := range backedUp {
		if _, err := os.Lstat(h.path(name)); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		body, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = writeFile(h.path(name), body) // in one step: half a key would stay
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("restore %s: %w", name, err)
		}
	}
	if err := copyPolicies(from, string(h)); err != nil {
		return err
	}
	if _, err := os.Stat(h.path("ledger")); errors.Is(err, fs.ErrNotExist) {
		return h.fillLedger(from)
	}
	return nil
}

// onlyFiles refuses a backup that holds anything but files and folders: whoever opens a pipe waits for ever. Links count as what they lead to.
func onlyFiles(from string) error {
	root := os.DirFS(from)
	return fs.WalkDir(root, ".", func(name string, _ fs.DirEntry, err error) error {
		var info fs.FileInfo
		if err == nil {
			info, err = fs.Stat(root, name)
		}
		if err != nil {
			return fmt.Errorf("look through the backup: %w", err)
		}
		if !info.IsDir() && !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no file but a pipe, socket or device, which no backup holds: nothing was restored; take it away, or name another copy of the backup",
				filepath.Join(from, filepath.FromSlash(name)))
		}
		return nil
	})
}

// copyPolicies copies the policies that say how long boxes are kept, but for those that are there.
func copyPolicies(from, to string) error {
	entries, err := os.ReadDir(filepath.Join(from, ingest.TermsFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list the policies: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(to, ingest.TermsFolder), 0o700); err != nil {
		return fmt.Errorf("copy the policies: %w", err)
	}
	for _, e := range entries {
		name := filepath.Join(ingest.TermsFolder, e.Name())
		if _, err := os.Lstat(filepath.Join(to, name)); !e.Type().IsRegular() || !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		body, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = writeFile(filepath.Join(to, name), body)
		}
		if err != nil {
			return fmt.Errorf("copy the policies: %w", err)
		}
	}
	return nil
}

// sameCollector compares authorities, where the folder has one.
func sameCollector(h home, from string) error {
	here, err := os.ReadFile(h.path("ca.crt"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read ca.crt: %w", errors.Unwrap(err))
	}
	there, err := os.ReadFile(filepath.Join(from, "ca.crt"))
	if err != nil {
		return fmt.Errorf("read the backup's ca.crt: %w", errors.Unwrap(err))
	}
	if !bytes.Equal(bytes.TrimSpace(here), bytes.TrimSpace(there)) {
		return fmt.Errorf("%s is a backup of another collector than %s: nothing was changed; name the right folder with --dir", from, h)
	}
	return nil
}

// fillLedger puts a copy of the backup's ledger into its place once it is whole.
func (h home) fillLedger(from string) error {
	tmp, err := os.MkdirTemp(string(h), ".ledger-") // mode 0700
	if err != nil {
		return fmt.Errorf("restore the ledger: %w", err)
	}
	err = ledger.Backup(from, tmp, embed.CopyFile)
	if err == nil {
		if err = os.Rename(filepath.Join(tmp, "ledger"), h.path("ledger")); errors.Is(err, fs.ErrNotExist) {
			err = nil // the backup has none
		}
	}
	return errors.Join(err, os.RemoveAll(tmp))
}
