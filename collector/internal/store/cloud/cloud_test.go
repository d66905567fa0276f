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
