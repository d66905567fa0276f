package embed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// quick is the progress of what nobody waits for.
func quick() {}

// TestOldIntentsGo: the journal of erasures does not grow for ever, and what was erased stays erased without it.
func TestOldIntentsGo(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p := storetest.Enrol(t, s)
	var names []string
	var boxes []store.Record
	for range 2 {
		r := p.Record(10)
		put1(t, s, r)
		e := store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, Batches: []store.ID{r.Batch}, At: storetest.Noon}
		_, err := s.Erase(ctx, e, storetest.Sign)
		must(t, err)
		names, boxes = append(names, filepath.Join(dir, "erasures", fmt.Sprintf("%x.erase", e.ID))), append(boxes, r)
	}
	must(t, s.Close())
	long := time.Now().Add(-2 * keepIntents)
	must(t, os.Chtimes(names[0], long, long))
	s, rep := reopen(t, dir)
	if rep != (Report{}) {
		t.Fatalf("%+v", rep)
	}
	if _, err := os.Stat(names[0]); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("an old intent stays:", err)
	}
	if _, err := os.Stat(names[1]); err != nil {
		t.Fatal("a young intent is gone:", err)
	}
	for _, r := range boxes {
		if out, err := s.Put(ctx, []store.Record{r}); err != nil || out[0] != store.WasErased {
			t.Fatal(out, err)
		}
	}
}

// TestI21RestoreErasesAgain: a backup taken beside a running store holds no key, comes back whole, and what was erased after it does not.
func TestI21RestoreErasesAgain(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	goes, stays := p.Record(3000), q.Record(5000)
	put1(t, s, goes)
	put1(t, s, stays)
	backup := filepath.Join(t.TempDir(), "backup")
	packs := 0
	must(t, Backup(ctx, dir, backup, func() { packs++ }))
	if packs != 1 {
		t.Errorf("progress of %d packs was told, there is one", packs)
	}
	for _, name := range []string{"keys", "erasures", "vault.key"} {
		if _, err := os.Stat(filepath.Join(backup, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("the backup holds %s", name)
		}
	}
	later := q.Record(7000)
	put1(t, s, later)
	e := store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, All: true, At: storetest.Noon}
	_, err := s.Erase(ctx, e, storetest.Sign)
	must(t, err)
	if _, err := Restore(ctx, dir, backup, quick); err == nil {
		t.Fatal("a running store was replaced")
	}
	must(t, s.Close())
	rep, err := Restore(ctx, dir, backup, quick)
	must(t, err)
	if rep.Erased != 1 {
		t.Fatalf("%+v", rep)
	}
	opensNothingOf(t, filepath.Join(backup, "index.db"), filepath.Join(dir, "keys"), goes)
	s, rep = reopen(t, dir)
	if rep != (Report{}) {
		t.Fatalf("the second start still repairs: %+v", rep)
	}
	storetest.Gone(t, s, goes.Batch)
	if n := storetest.Verify(t, s); n != 1 {
		t.Fatalf("%d boxes, want the other's from before the backup", n)
	}
	if n, err := s.FinishErasures(ctx, storetest.Sign); n != 1 || err != nil {
		t.Fatal("the erasure that was done again has no record:", n, err)
	}
	put1(t, s, later) // its device may send it again
	put1(t, s, p.Record(10))
	if out, err := s.Put(ctx, []store.Record{goes}); err != nil || out[0] != store.WasErased {
		t.Fatal("what was erased comes in again after a restore:", out, err)
	}
}

func TestRestoreRefusesWhatIsNoBackup(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	put1(t, s, storetest.Enrol(t, s).Record(10))
	must(t, s.Close())
	if _, err := Restore(ctx, dir, t.TempDir(), quick); err == nil {
		t.Fatal("an empty folder was restored")
	}
	if s, rep := reopen(t, dir); rep != (Report{}) || storetest.Verify(t, s) != 1 {
		t.Fatalf("the store was touched: %+v", rep)
	}
}

// TestRestoreKnowsWhatEnded: what was withdrawn or revoked after a backup stays so when the backup is put back, and nobody enrols again with
// an invitation that was used.
func TestRestoreKnowsWhatEnded(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	var ends storetest.Ends
	ends.Begin(t, s)
	backup := filepath.Join(t.TempDir(), "backup")
	must(t, Backup(ctx, dir, backup, quick))
	ends.End(t, s)
	must(t, s.Close())
	_, err := Restore(ctx, dir, backup, quick)
	must(t, err)
	s, _ = reopen(t, dir)
	ends.Check(t, s)
}

// TestEndsFromBeforeAreNoted: what ended under an older program, or on a disk without room, is noted at the next start.
func TestEndsFromBeforeAreNoted(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	var ends storetest.Ends
	ends.Begin(t, s)
	backup := filepath.Join(t.TempDir(), "backup")
	must(t, Backup(ctx, dir, backup, quick))
	ends.End(t, s)
	must(t, s.Close())
	must(t, os.RemoveAll(filepath.Join(dir, journalName)))
	s, _ = reopen(t, dir)
	must(t, s.Close())
	_, err := Restore(ctx, dir, backup, quick)
	must(t, err)
	s, _ = reopen(t, dir)
	ends.Check(t, s)
}

// TestWithdrawalNeedsNoRoomBeside: a disk that takes nothing beside the index does not keep a withdrawal from counting.
func TestWithdrawalNeedsNoRoomBeside(t *testing.T) {
	s, d, _ := openBad(t)
	p := storetest.Enrol(t, s)
	d.room.Store(0)
	c := p.Consent
	c.Withdrawn = true
	must(t, s.PutConsent(ctx, c))
	d.room.Store(-1)
	if out, err := s.Put(ctx, []store.Record{p.Record(1)}); err != nil || out[0] != store.Withdrawn {
		t.Fatal(out, err)
	}
}

// TestRestoreCutShort: from the moment on at which a copy counts, a start finishes the restore from wherever it was cut, and until then
// nobody opens half a store.
func TestRestoreCutShort(t *testing.T) {
	for _, moved := range [][]string{nil, {"packs"}, {"packs", "index.db"}} {
		dir := t.TempDir()
		s, _ := reopen(t, dir)
		p := storetest.Enrol(t, s)
		put1(t, s, p.Record(3000))
		backup := filepath.Join(t.TempDir(), "backup")
		must(t, Backup(ctx, dir, backup, quick))
		for range 3 {
			put1(t, s, p.Record(100))
		}
		must(t, s.Close())
		must(t, copyBackup(ctx, dir, backup, quick))
		for _, name := range moved { // as finishRestore does it
			must(t, os.RemoveAll(filepath.Join(dir, name)))
			must(t, os.Rename(filepath.Join(dir, restoredName, name), filepath.Join(dir, name)))
		}
		if _, err := OpenIndex(ctx, dir); err == nil {
			t.Fatalf("after %v the index of half a store was opened", moved)
		}
		s, rep := reopen(t, dir)
		if n := storetest.Verify(t, s); n != 1 || rep != (Report{}) {
			t.Fatalf("after %v: %d boxes, want the backup's: %+v", moved, n, rep)
		}
		if _, err := os.Lstat(filepath.Join(dir, restoredName)); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("after %v the copy stays: %v", moved, err)
		}
	}
}

// TestNewerIndexIsLeftAlone: a program that is put back to an older version neither serves nor salvages an index that it does not know.
func TestNewerIndexIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	put1(t, s, storetest.Enrol(t, s).Record(10))
	_, err := s.write.ExecContext(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (1000, 1)")
	must(t, err)
	must(t, s.Close())
	if s, _, err := Open(ctx, dir, quiet()); !errors.Is(err, errNewer) {
		t.Fatal("a newer index was served:", err, s.Close())
	}
	if _, err := os.Stat(filepath.Join(dir, "damaged")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("a newer index was salvaged:", err)
	}
}

// TestUnmountedPacksAreNotLost: a start without packs/, whose disk is not mounted, takes no row out; with them back all boxes are there. Only an
// operator can say that they are lost.
func TestUnmountedPacksAreNotLost(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p := storetest.Enrol(t, s)
	put1(t, s, p.Record(10))
	must(t, s.Close())
	packs, away := filepath.Join(dir, "packs"), filepath.Join(t.TempDir(), "packs")
	must(t, os.Rename(packs, away))
	if s, _, err := Open(ctx, dir, quiet()); !errors.Is(err, errNoPacks) {
		t.Fatal("it was started without packs:", err, s.Close())
	}
	must(t, os.Remove(packs)) // where it would be mounted
	must(t, os.Rename(away, packs))
	s, rep := reopen(t, dir)
	if n := storetest.Verify(t, s); n != 1 || rep != (Report{}) {
		t.Fatalf("%d boxes, %+v", n, rep)
	}
	must(t, s.Close())
	must(t, os.RemoveAll(packs))
	must(t, os.Mkdir(packs, 0o700))
	must(t, os.WriteFile(filepath.Join(packs, lostName), nil, 0o600))
	s, rep = reopen(t, dir)
	if rep.Missing != 1 {
		t.Fatalf("%+v", rep)
	}
	put1(t, s, p.Record(10))
	_, err := s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, All: true, At: storetest.Noon}, storetest.Sign)
	must(t, err)
	must(t, s.Close())
	must(t, os.RemoveAll(packs)) // it holds no box any more
	reopen(t, dir)
}

// TestMissingIndexIsNotBegunAnew: neither a start nor a backup makes an empty index where people's boxes and keys lie.
func TestMissingIndexIsNotBegunAnew(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	put1(t, s, storetest.Enrol(t, s).Record(10))
	must(t, s.Close())
	away := filepath.Join(t.TempDir(), "index.db")
	must(t, os.Rename(filepath.Join(dir, "index.db"), away))
	if s, _, err := Open(ctx, dir, quiet()); !errors.Is(err, errNoIndex) {
		t.Fatal("it was started:", err, s.Close())
	}
	if err := Backup(ctx, dir, filepath.Join(t.TempDir(), "backup"), quick); !errors.Is(err, errNoIndex) {
		t.Fatal("nothing was backed up:", err)
	}
	must(t, os.Rename(away, filepath.Join(dir, "index.db")))
	if s, rep := reopen(t, dir); rep != (Report{}) || storetest.Verify(t, s) != 1 {
		t.Fatalf("%+v", rep)
	}
}
