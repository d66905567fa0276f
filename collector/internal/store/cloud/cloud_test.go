//go:build linux

package cloud

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/bucket"
	"github.com/byleave/byleave/collector/internal/store/cloud/cloudtest"
	"github.com/byleave/byleave/collector/internal/store/storetest"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"go.uber.org/goleak"
)

var (
	ctx  = context.Background()
	wrap = [32]byte{1, 2, 3}

	postgres *cloudtest.Postgres
	objectS3 *cloudtest.S3 // a real server
	started  bool
)

func TestMain(m *testing.M) {
	code := m.Run()
	var err error
	if started {
		err = errors.Join(objectS3.Close(), postgres.Close())
	}
	if err == nil && code == 0 {
		err = goleak.Find()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// servers starts both, for the first test that needs them.
var servers = sync.OnceValue(func() (err error) {
	if postgres, err = cloudtest.StartPostgres(); err != nil {
		return err
	}
	if objectS3, err = cloudtest.StartS3(); err != nil {
		return errors.Join(err, postgres.Close())
	}
	started = true
	return template()
})

// template makes a database with all tables, which those of the tests are copies of.
func template() error {
	if err := postgres.SQL("postgres", "CREATE DATABASE made"); err != nil {
		return err
	}
	x, err := OpenIndex(ctx, Config{Postgres: postgres.URL("made")})
	if err != nil {
		return err
	}
	return x.Close()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func name() string {
	id := storetest.ID()
	return "t" + hex.EncodeToString(id[:])
}

// newDatabase makes a database.
func newDatabase(t testing.TB) string {
	t.Helper()
	must(t, servers())
	n := name()
	must(t, postgres.SQL("postgres", "CREATE DATABASE "+n+" TEMPLATE made"))
	t.Cleanup(func() { must(t, postgres.SQL("postgres", "DROP DATABASE "+n+" WITH (FORCE)")) })
	return n
}

// realConfig is a new database and a new bucket of the real servers.
func realConfig(t testing.TB) Config {
	t.Helper()
	must(t, servers())
	b := name()
	must(t, objectS3.Bucket(b))
	keys := filepath.Join(t.TempDir(), "keys")
	must(t, cloudtest.KeyFile(keys))
	return Config{Postgres: postgres.URL(newDatabase(t)), Bucket: bucket.Options{Endpoint: objectS3.URL(), Region: cloudtest.Region, Name: b, KeyFile: keys}}
}

// reopen opens the store and closes it with the test.
func reopen(t testing.TB, c Config) (*Store, Report) {
	t.Helper()
	s, rep, err := Open(ctx, c, wrap, quiet())
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s, rep
}

func TestConformanceRealServers(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store {
		s, rep := reopen(t, realConfig(t))
		if rep != (Report{}) {
			t.Fatalf("an empty store was repaired: %+v", rep)
		}
		return s
	})
}

func TestConformanceInProcessS3(t *testing.T) {
	t.Parallel()
	backend := s3mem.New()
	srv := httptest.NewServer(gofakes3.New(backend).Server())
	defer srv.Close()
	keys := filepath.Join(t.TempDir(), "keys")
	must(t, cloudtest.KeyFile(keys))
	storetest.Run(t, func(t *testing.T) store.Store {
		b := name()
		must(t, backend.CreateBucket(b))
		s, _ := reopen(t, Config{Postgres: postgres.URL(newDatabase(t)), Bucket: bucket.Options{Endpoint: srv.URL, Region: cloudtest.Region, Name: b, KeyFile: keys}})
		return s
	})
}

func TestMapsEndWithTheirBoxes(t *testing.T) {
	s, _ := reopen(t, realConfig(t))
	storetest.Maps(t, s, func() (boxes int) {
		must(t, s.pool.QueryRow(ctx, "SELECT count(*) FROM export_batches").Scan(&boxes))
		return boxes
	})
}

// released begins an export of all that is there; meanwhile runs before it is committed.
func released(t *testing.T, s *Store, meanwhile func()) {
	t.Helper()
	_, err := s.BeginExport(ctx, store.Export{ID: storetest.ID(), Custodian: storetest.ID(), Query: store.Query{Purpose: storetest.Purpose}, At: s.now()},
		func(store.Plan) store.Leaf { meanwhile(); return store.Leaf{} })
	must(t, err)
}

// mapped is how many rows maps of exports have, and how many of them name a box that is not there.
func mapped(t *testing.T, s *Store) (all, orphans int) {
	t.Helper()
	must(t, s.pool.QueryRow(ctx, "SELECT count(*), count(*) FILTER (WHERE number NOT IN (SELECT number FROM batches)) FROM export_batches").Scan(&all, &orphans))
	return all, orphans
}

// TestExportWithinAnErasure: a box that was erased while an export began is in its map until the daily sweep, and an export from before the last sweep is not
// looked at again.
func TestExportWithinAnErasure(t *testing.T) {
	s, _ := reopen(t, realConfig(t))
	p := storetest.Enrol(t, s)
	goes, stays := p.Record(10), p.Record(20)
	put(t, s, goes, stays)
	released(t, s, func() {
		_, err := s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, Batches: []store.ID{goes.Batch}, At: storetest.Noon}, storetest.Sign)
		must(t, err)
	})
	if all, orphans := mapped(t, s); all != 2 || orphans != 1 {
		t.Fatalf("the race has another end: %d rows in maps, %d of boxes that are gone", all, orphans)
	}
	var rep Report
	must(t, s.sweepNew(ctx, &rep))
	if all, orphans := mapped(t, s); all != 1 || orphans != 0 || rep != (Report{}) {
		t.Errorf("after a sweep: %d rows in maps, %d of boxes that are gone; %+v", all, orphans, rep)
	}
	released(t, s, func() {})
	_, err := s.pool.Exec(ctx, "INSERT INTO export_batches (export, number) SELECT id, 77 FROM exports")
	must(t, err)
	must(t, s.sweepMaps(ctx, s.now().Add(2*time.Hour)))
	if _, orphans := mapped(t, s); orphans != 2 {
		t.Errorf("an export from before is looked at: %d rows are left", orphans)
	}
}

// TestMapsFromBefore: what maps of an earlier version kept of boxes that are gone goes with the first start.
func TestMapsFromBefore(t *testing.T) {
	c := realConfig(t)
	s, _ := reopen(t, c)
	put(t, s, storetest.Enrol(t, s).Record(10))
	released(t, s, func() {})
	for _, stmt := range []string{"INSERT INTO export_batches (export, number) SELECT id, 77 FROM exports", "DELETE FROM goose_db_version WHERE version_id = 6"} {
		_, err := s.pool.Exec(ctx, stmt)
		must(t, err)
	}
	s, _ = reopen(t, c)
	if all, orphans := mapped(t, s); all != 1 || orphans != 0 {
		t.Errorf("%d rows in maps, %d of boxes that are gone", all, orphans)
	}
}
