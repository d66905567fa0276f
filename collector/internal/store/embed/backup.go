package embed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
)

// Backup writes a copy of the index and the packs in dir to the new folder to, beside a running collector if there is one. It copies
// neither keys/ nor erasures/: a copy that held them would bring back what was erased after it. copied is called after each pack.
func Backup(ctx context.Context, dir, to string, copied func()) error {
	return backup(ctx, dir, to, copied, func() {})
}

// backup calls between once the index is copied.
func backup(ctx context.Context, dir, to string, copied, between func()) (err error) {
	if err := os.MkdirAll(filepath.Join(to, "packs"), 0o700); err != nil {
		return fmt.Errorf("store: make the copy's folder: %w", err)
	}
	x, err := OpenIndex(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	for try := 1; ; try++ {
		if err := copyIndexOf(ctx, x, to); err != nil {
			return err
		}
		between()
		whole, err := copyPacks(ctx, dir, to, copied)
		switch {
		case err != nil:
			return err
		case whole:
			return errors.Join(syncFile(filepath.Join(to, "index.db")), osDisk{}.SyncDir(filepath.Join(to, "packs")), osDisk{}.SyncDir(to))
		case try == backupTries:
			return errors.New("store: boxes move to other packs faster than they are copied: run the backup again")
		}
	}
}

// backupTries is how often a backup begins again because a compaction moved boxes while it copied.
const backupTries = 10

// copyIndexOf puts a copy of the index into to, in the place of an earlier one.
func copyIndexOf(ctx context.Context, x *Index, to string) error {
	copied := filepath.Join(to, "index.db")
	if err := os.Remove(copied); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("store: copy the index: %w", err)
	}
	// SQLite gives the copy a usual mode; the folder is private already, and this makes the file so before it holds anything.
	f, err := os.OpenFile(copied, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("store: copy the index: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("store: copy the index: %w", err)
	}
	if _, err := x.write.ExecContext(ctx, "VACUUM INTO ?", copied); err != nil {
		return fmt.Errorf("store: copy the index: %w", err)
	}
	return nil
}

// copyPacks copies the packs. They are not whole if one that the copied index names is gone, because a compaction moved its boxes since the
// index was copied. What came since is cut at the restore.
func copyPacks(ctx context.Context, dir, to string, copied func()) (whole bool, err error) {
	named, err := namedPacks(ctx, filepath.Join(to, "index.db"))
	if err != nil {
		return false, err
	}
	earlier, err := listPacks(filepath.Join(to, "packs")) // of a try that was not whole
	if err != nil {
		return false, err
	}
	for _, n := range earlier {
		if err := os.Remove(filepath.Join(to, "packs", packName(n))); err != nil {
			return false, fmt.Errorf("store: copy a pack: %w", err)
		}
	}
	here, err := listPacks(filepath.Join(dir, "packs"))
	if err != nil {
		return false, err
	}
	for _, n := range here {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		err := CopyFile(filepath.Join(dir, "packs", packName(n)), filepath.Join(to, "packs", packName(n)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("store: copy a pack: %w", err)
		}
		delete(named, n)
		copied()
	}
	return len(named) == 0, nil
}

// namedPacks are the packs that a copied index names. It leaves no side file beside it.
func namedPacks(ctx context.Context, index string) (named map[int64]bool, err error) {
	index, err = filepath.Abs(index)
	if err != nil {
		return nil, fmt.Errorf("store: find the copied index: %w", err)
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(index), RawQuery: "mode=ro&immutable=1"}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("store: read the copied index: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	packs, err := (&Index{read: db}).sizes(ctx, "SELECT DISTINCT pack, 0 FROM batches")
	named = map[int64]bool{}
	for _, p := range packs {
		named[p.pack] = true
	}
	return named, err
}

// Restore puts the index and packs of a Backup into dir in the place of those there, and then does again what was erased since, and what
// was withdrawn or revoked, before anybody can read them. keys/ and erasures/ of dir stay as they are. Invitations are forgotten: some were used
// since. It fails while a collector runs there. Killed at any moment it leaves the old store or, from the next start on, the new one.
// copied is called after each file.
func Restore(ctx context.Context, dir, from string, copied func()) (rep Report, err error) {
	if _, err := os.Stat(filepath.Join(from, "index.db")); err != nil {
		return rep, errors.New("store: the folder holds no backup: it has no index.db")
	}
	lk, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return rep, err
	}
	if err = finishRestore(dir); err == nil { // an earlier one
		err = copyBackup(ctx, dir, from, copied)
	}
	if err == nil {
		err = finishRestore(dir)
	}
	if err = errors.Join(err, lk.Close()); err != nil {
		return rep, err
	}
	s, rep, err := Open(ctx, dir, slog.New(slog.DiscardHandler))
	if err != nil {
		return rep, err
	}
	return rep, s.Close()
}

// A backup is copied into one folder, which gets another name once the copy is whole and without invitations: that is the moment from which
// on it counts.
const (
	restoringName = "restoring"
	restoredName  = "restored"
)

// copyBackup makes the copy that counts.
func copyBackup(ctx context.Context, dir, from string, copied func()) (err error) {
	fresh := filepath.Join(dir, restoringName)
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("store: restore: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(fresh))
		}
	}()
	if err := os.MkdirAll(filepath.Join(fresh, "packs"), 0o700); err != nil {
		return fmt.Errorf("store: restore: %w", err)
	}
	numbers, err := listPacks(filepath.Join(from, "packs"))
	if err != nil {
		return err
	}
	names := []string{"index.db"}
	for _, n := range numbers {
		names = append(names, filepath.Join("packs", packName(n)))
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := CopyFile(filepath.Join(from, name), filepath.Join(fresh, name)); err != nil {
			return fmt.Errorf("store: restore: %w", err)
		}
		copied()
	}
	if err := forgetInvitations(ctx, fresh); err != nil {
		return err
	}
	for _, folder := range []string{filepath.Join(fresh, "packs"), fresh} {
		if err := (osDisk{}).SyncDir(folder); err != nil {
			return fmt.Errorf("store: restore: %w", err)
		}
	}
	if err := os.Rename(fresh, filepath.Join(dir, restoredName)); err != nil {
		return fmt.Errorf("store: restore: %w", err)
	}
	return osDisk{}.SyncDir(dir)
}

// forgetInvitations takes out of an index what lets somebody in once: what was used since would let in again.
func forgetInvitations(ctx context.Context, dir string) (err error) {
	x, err := OpenIndex(ctx, dir)
	if isCorrupt(err) {
		return nil // the start salvages what is readable, and there the copy is as good as the backup
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	if _, err := x.write.ExecContext(ctx, "DELETE FROM invitations; DELETE FROM joins; PRAGMA wal_checkpoint(TRUNCATE)"); err != nil && !isCorrupt(err) {
		return fmt.Errorf("store: forget invitations: %w", err)
	}
	return nil
}

// finishRestore moves a copy that counts to its place, from wherever a death left it. Whoever calls it keeps others out of the folder.
func finishRestore(dir string) error {
	from := filepath.Join(dir, restoredName)
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, name := range []string{"packs", "index.db"} {
		if _, err := os.Lstat(filepath.Join(from, name)); errors.Is(err, fs.ErrNotExist) {
			continue // moved before
		}
		for _, old := range []string{name, name + "-wal", name + "-shm"} {
			if err := os.RemoveAll(filepath.Join(dir, old)); err != nil {
				return fmt.Errorf("store: restore: %w: run it again", err)
			}
		}
		if err := os.Rename(filepath.Join(from, name), filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("store: restore: %w: run it again", err)
		}
	}
	err := osDisk{}.SyncDir(dir)
	if err == nil {
		err = os.RemoveAll(from)
	}
	if err != nil {
		return fmt.Errorf("store: restore: %w: run it again", err)
	}
	return nil
}

// CopyFile copies a file durably to a new one of mode 0600. Without success it leaves none.
func CopyFile(from, to string) error {
	in, err := os.Open(filepath.Clean(from))
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(filepath.Clean(to), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err = io.Copy(out, in); err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.OpenFile(filepath.Clean(path), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("store: copy the index: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}
