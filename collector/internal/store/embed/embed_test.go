package embed

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
		return
	}
	if dir := os.Getenv(eraserDir); dir != "" {
		eraser(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

var ctx = context.Background()

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reopen opens the store in dir and closes it with the test.
func reopen(t *testing.T, dir string) (*Store, Report) {
	t.Helper()
	s, rep, err := Open(ctx, dir, quiet())
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s, rep
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		s, rep := reopen(t, t.TempDir())
		if rep != (Report{}) {
			t.Fatalf("an empty folder was repaired: %+v", rep)
		}
		return s
	})
}

// TestConformanceMemory is the suite in memory, as tests of other rooms use the store.
func TestConformanceMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { s, _ := reopen(t, storetest.Memory(t)); return s })
}

func TestReopenKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p := storetest.Enrol(t, s)
	for round := range 3 {
		for range 5 {
			_, err := s.Put(ctx, []store.Record{p.Record(100 << round), p.Record(1)})
			must(t, err)
		}
		must(t, s.Close())
		var rep Report
		if s, rep = reopen(t, dir); rep != (Report{}) {
			t.Fatalf("a clean folder was repaired: %+v", rep)
		}
		if n := storetest.Verify(t, s); n != 10*(round+1) {
			t.Fatalf("%d boxes after round %d", n, round)
		}
	}
}

func TestSecondCollectorIsKeptOut(t *testing.T) {
	dir := t.TempDir()
	reopen(t, dir)
	if _, _, err := Open(ctx, dir, quiet()); err == nil {
		t.Fatal("two collectors opened one folder")
	}
}

// TestLockIsOnes: the lock itself, which another process could hold as well; it is free again when it is closed.
func TestLockIsOnes(t *testing.T) {
	dir, err := os.MkdirTemp("", "byleave-lock-") // Wine cannot take a folder away as t.TempDir does
	must(t, err)
	t.Cleanup(func() { must(t, errors.Join(os.Remove(filepath.Join(dir, "lock")), os.Remove(dir))) })
	for range 2 {
		mine, err := Lock(dir)
		must(t, err)
		if _, err := Lock(dir); err == nil || !strings.Contains(err.Error(), "another collector uses this folder") {
			t.Error("two have the lock:", err)
		}
		must(t, mine.Close())
	}
}

func TestRotationOfPacks(t *testing.T) {
	s, _ := reopen(t, t.TempDir())
	p := storetest.Enrol(t, s)
	for range 3 {
		_, err := s.Put(ctx, []store.Record{p.Record(1000)})
		must(t, err)
		s.packs.size = packLimit // as if the pack were full
	}
	names, err := listPacks(s.packs.dir)
	must(t, err)
	if len(names) != 3 || storetest.Verify(t, s) != 3 {
		t.Fatalf("packs %v", names)
	}
}

// TestDeletedRowsLeaveNoTrace: a used invitation's hash is in no file of the folder any more.
func TestDeletedRowsLeaveNoTrace(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	token := storetest.Invite(t, s, store.DeviceRole)
	found := func() (n int) {
		must(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			body, err := os.ReadFile(path)
			if bytes.Contains(body, token[:]) {
				n++
			}
			return err
		}))
		return n
	}
	if found() == 0 {
		t.Fatal("the search finds nothing even while it is there")
	}
	p := storetest.NewPerson()
	v := store.VaultKey{Subject: p.Device.Subject, Public: []byte{1}, Wrapped: []byte{2}}
	must(t, s.EnrolDevice(ctx, token, storetest.Noon, p.Device, v))
	must(t, s.Close())
	if n := found(); n != 0 {
		t.Fatalf("%d files still hold it", n)
	}
}

func TestMapsEndWithTheirBoxes(t *testing.T) {
	s, _ := reopen(t, t.TempDir())
	storetest.Maps(t, s, func() (boxes int) {
		must(t, s.read.QueryRowContext(ctx, "SELECT count(*) FROM export_batches").Scan(&boxes))
		return boxes
	})
}

// released begins an export of all that is there.
func released(t *testing.T, s store.Store) {
	t.Helper()
	_, err := s.BeginExport(ctx, store.Export{ID: storetest.ID(), Custodian: storetest.ID(), Query: store.Query{Purpose: storetest.Purpose}, At: storetest.Noon},
		func(store.Plan) store.Leaf { return store.Leaf{} })
	must(t, err)
}

// mapped is how many rows maps of exports have, and how many of them name a box that is not there.
func mapped(t *testing.T, s *Store) (all, orphans int) {
	t.Helper()
	must(t, s.read.QueryRowContext(ctx, "SELECT count(*), coalesce(sum(number NOT IN (SELECT number FROM batches)), 0) FROM export_batches").Scan(&all, &orphans))
	return all, orphans
}

// TestMapsFromBefore: what maps of an earlier version kept of boxes that are gone goes with the first start.
func TestMapsFromBefore(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	put1(t, s, storetest.Enrol(t, s).Record(10))
	released(t, s)
	must(t, s.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO export_batches (export, number) SELECT id, 77 FROM exports; DELETE FROM goose_db_version WHERE version_id = 7")
		return err
	}))
	if all, orphans := mapped(t, s); all != 2 || orphans != 1 {
		t.Fatal(all, orphans)
	}
	must(t, s.Close())
	s, _ = reopen(t, dir)
	if all, orphans := mapped(t, s); all != 1 || orphans != 0 {
		t.Errorf("%d rows, %d of boxes that are gone", all, orphans)
	}
}
