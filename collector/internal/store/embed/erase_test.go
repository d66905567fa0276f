package embed

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/byleave/byleave/collector/internal/store/storetest"
	"github.com/pressly/goose/v3"
)

// dyingDisk is the real disk until its n-th operation, from which on nothing works: the process is as good as dead.
type dyingDisk struct {
	osDisk
	left int
}

type dyingFile struct {
	file
	d *dyingDisk
}

func (d *dyingDisk) alive() error {
	if d.left--; d.left < 0 {
		return syscall.EIO
	}
	return nil
}

func (d *dyingDisk) Create(path string) (file, error) {
	if err := d.alive(); err != nil {
		return nil, err
	}
	f, err := d.osDisk.Create(path)
	return dyingFile{f, d}, err
}

func (d *dyingDisk) SyncDir(dir string) error { return errors.Join(d.alive(), d.osDisk.SyncDir(dir)) }
func (d *dyingDisk) Rename(from, to string) error {
	if err := d.alive(); err != nil {
		return err
	}
	return d.osDisk.Rename(from, to)
}
func (d *dyingDisk) Remove(path string) error {
	if err := d.alive(); err != nil {
		return err
	}
	return d.osDisk.Remove(path)
}
func (d *dyingDisk) Blank(path string, parts []part) error {
	if err := d.alive(); err != nil {
		return err
	}
	return d.osDisk.Blank(path, parts)
}
func (d *dyingDisk) Shred(path string) error {
	if err := d.alive(); err != nil {
		return err
	}
	return d.osDisk.Shred(path)
}
func (f dyingFile) Write(p []byte) (int, error) {
	if err := f.d.alive(); err != nil {
		return 0, err
	}
	return f.file.Write(p)
}
func (f dyingFile) Truncate(n int64) error {
	if err := f.d.alive(); err != nil {
		return err
	}
	return f.file.Truncate(n)
}
func (f dyingFile) Sync() error { return errors.Join(f.d.alive(), f.file.Sync()) }

func copyDir(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	must(t, os.CopyFS(to, os.DirFS(from)))
	must(t, os.RemoveAll(filepath.Join(to, "lock")))
	return to
}

// TestI21ErasureSurvivesDeathAnywhere ends the process at every operation of an erasure. Once its intent was durable the next start
// completes it; before that nothing of it has happened. The person's other boxes and other people's stay whole.
func TestI21ErasureSurvivesDeathAnywhere(t *testing.T) {
	for _, all := range []bool{false, true} {
		base := t.TempDir()
		s, _ := reopen(t, base)
		p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
		goes, stays, other := p.Record(3000), p.Record(4000), q.Record(5000)
		for _, r := range []store.Record{goes, stays, other} {
			put1(t, s, r)
		}
		must(t, s.Close())
		e := store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, All: all, At: storetest.Noon}
		if !all {
			e.Batches = []store.ID{goes.Batch}
		}
		kept := map[bool]int{false: 2, true: 1}[all]
		completed, nothing := 0, 0
		for n := 0; ; n++ {
			dir := copyDir(t, base)
			d := &dyingDisk{left: n}
			s, _, err := open(ctx, dir, quiet(), d)
			if err != nil {
				continue // it died while it started, which other tests are about
			}
			_, erased := s.Erase(ctx, e, storetest.Sign)
			must(t, s.Close())
			journal, err := filepath.Glob(filepath.Join(dir, "erasures", "*"+intentSuffix))
			must(t, err)
			s, rep := reopen(t, dir)
			whole := storetest.Verify(t, s)
			switch {
			case len(journal) == 1:
				if whole != kept {
					t.Fatalf("death at %d: %d boxes stay, want %d; %+v", n, whole, kept, rep)
				}
				storetest.Gone(t, s, goes.Batch)
				if _, err := s.Erase(ctx, e, storetest.Sign); err != nil {
					t.Fatalf("death at %d: asked again: %v", n, err)
				}
				oldKeyIsGone(t, base, dir, p.Device.Subject)
				completed++
			case erased == nil:
				t.Fatalf("death at %d: erased without an intent", n)
			case whole != 3:
				t.Fatalf("death at %d: no intent, and %d boxes of 3", n, whole)
			default:
				nothing++
			}
			put1(t, s, p.Record(100))
			must(t, s.Close())
			if _, rep := reopen(t, dir); rep != (Report{}) {
				t.Fatalf("death at %d: the second start still repairs: %+v", n, rep)
			}
			if erased == nil && d.left > 0 {
				break
			}
		}
		if completed < 5 || nothing < 2 {
			t.Fatalf("%d deaths after the intent, %d before: the erasure was not cut everywhere", completed, nothing)
		}
	}
}

func oldKeyIsGone(t *testing.T, before, after string, subject store.ID) {
	t.Helper()
	old, err := readKey(newRing(before, osDisk{}).path(subject, keySuffix))
	must(t, err)
	if old.Number == 0 {
		t.Fatal("there was no key to be destroyed")
	}
	must(t, filepath.WalkDir(after, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if bytes.Contains(body, old.Key[:]) {
			t.Fatalf("%s still holds the old epoch key", path)
		}
		return err
	}))
}

// TestI21BackupOpensNothingErased puts an index and packs from before an erasure beside the keys and journal of after it: the span
// opens for nobody, the person's later boxes and everybody else's do.
func TestI21BackupOpensNothingErased(t *testing.T) {
	for name, withJournal := range map[string]bool{"with the journal": true, "with the keys alone": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, _ := reopen(t, dir)
			p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
			goes, stays, other := p.Record(3000), p.Record(4000), q.Record(5000)
			for _, r := range []store.Record{goes, stays, other} {
				put1(t, s, r)
			}
			released(t, s)
			backup := t.TempDir()
			_, err := s.write.Exec("VACUUM INTO ?", filepath.Join(backup, "index.db"))
			must(t, err)
			must(t, os.CopyFS(filepath.Join(backup, "packs"), os.DirFS(filepath.Join(dir, "packs"))))
			_, err = s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, Batches: []store.ID{goes.Batch}, At: storetest.Noon}, storetest.Sign)
			must(t, err)
			must(t, s.Close())
			must(t, os.CopyFS(filepath.Join(backup, "keys"), os.DirFS(filepath.Join(dir, "keys"))))
			if withJournal {
				must(t, os.CopyFS(filepath.Join(backup, "erasures"), os.DirFS(filepath.Join(dir, "erasures"))))
			}
			opensNothingOf(t, filepath.Join(backup, "index.db"), filepath.Join(backup, "keys"), goes)
			s, rep := reopen(t, backup)
			if withJournal != (rep.Erased == 1) || rep.Shut == 0 && !withJournal {
				t.Fatalf("%+v", rep)
			}
			storetest.Gone(t, s, goes.Batch)
			if _, orphans := mapped(t, s); orphans != 0 {
				t.Errorf("maps of exports keep %d boxes that are gone", orphans)
			}
			if _, err := s.Read(ctx, other.Batch); err != nil {
				t.Fatal("another person's box does not open after a restore:", err)
			}
			put1(t, s, p.Record(10))
			storetest.Verify(t, s)
		})
	}
}

// opensNothingOf tries every key of the folder on the box's shred key.
func opensNothingOf(t *testing.T, index, keys string, r store.Record) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+index)
	must(t, err)
	defer db.Close()
	var shred []byte
	must(t, db.QueryRow("SELECT shred_key FROM shreds JOIN batches USING (number) WHERE batch = ?", r.Batch[:]).Scan(&shred))
	tried := 0
	must(t, filepath.WalkDir(keys, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		k, err := readKey(path)
		must(t, err)
		for n := range int64(5) {
			k.Number = n
			if _, err := deposit.OpenShred(k, r.Batch, shred); err == nil {
				t.Fatalf("%s opens the shred key of an erased box", filepath.Base(path))
			}
			tried++
		}
		return nil
	}))
	if tried == 0 {
		t.Fatal("no key was tried")
	}
}

// TestI21NoTraceInAnyFile: after an erasure no file of the folder holds the capsules, the wrapped shred key or the payload.
func TestI21NoTraceInAnyFile(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	goes, other := p.Record(20000), q.Record(100)
	rand.Read(goes.Payload)
	put1(t, s, other)
	put1(t, s, goes)
	put1(t, s, q.Record(50))
	var sealed, shred []byte
	must(t, s.read.QueryRow("SELECT capsules, shred_key FROM sealed JOIN shreds USING (number) JOIN batches USING (number) WHERE batch = ?", goes.Batch[:]).Scan(&sealed, &shred))
	if bytes.Contains(sealed, goes.Capsules[8:]) {
		t.Fatal("the capsules stand there in the clear")
	}
	traces := map[string][]byte{"capsules": sealed[:40], "shred key": shred, "payload": goes.Payload[10000:10064]}
	found := func() (names []string) {
		must(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			body, err := os.ReadFile(path)
			for name, trace := range traces {
				if bytes.Contains(body, trace) {
					names = append(names, fmt.Sprintf("%s in %s", name, filepath.Base(path)))
				}
			}
			return err
		}))
		return names
	}
	if len(found()) < 3 {
		t.Fatal("the search finds nothing even while it is there")
	}
	_, err := s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, All: true, At: storetest.Noon}, storetest.Sign)
	must(t, err)
	if names := found(); len(names) > 0 {
		t.Fatal("after the erasure: ", names)
	}
	if n := storetest.Verify(t, s); n != 2 {
		t.Fatalf("%d boxes", n)
	}
}

// TestEmptyPacksGo: a pack whose boxes were all erased is unlinked, and the next start finds nothing amiss.
func TestEmptyPacksGo(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p := storetest.Enrol(t, s)
	first, second := p.Record(1000), p.Record(1000)
	put1(t, s, first)
	s.packs.size = packLimit
	put1(t, s, second)
	_, err := s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, Batches: []store.ID{first.Batch}, At: storetest.Noon}, storetest.Sign)
	must(t, err)
	if _, err := os.Stat(filepath.Join(dir, "packs", packName(0))); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("an empty pack stays:", err)
	}
	must(t, s.Close())
	if s, rep := reopen(t, dir); rep != (Report{}) || storetest.Verify(t, s) != 1 {
		t.Fatalf("%+v", rep)
	}
}

// TestUpgradeWrapsCapsules opens a folder as a collector before shred keys left it.
func TestUpgradeWrapsCapsules(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	var records []store.Record
	for i := range 2*wrapPage + 7 {
		r := p.Record(10)
		if i%3 == 0 {
			r = q.Record(10)
		}
		records = append(records, r)
	}
	_, err := s.Put(ctx, records)
	must(t, err)
	migrateDown(t, s, 1)
	for _, r := range records {
		_, err := s.write.Exec("UPDATE capsules SET sealed = ?, shred_key = NULL, epoch = NULL WHERE batch = ?", r.Capsules, r.Batch[:])
		must(t, err)
	}
	must(t, s.Close())
	must(t, os.RemoveAll(filepath.Join(dir, "keys")))
	s, rep := reopen(t, dir)
	if rep != (Report{}) {
		t.Fatalf("%+v", rep)
	}
	if n := storetest.Verify(t, s); n != len(records) {
		t.Fatalf("%d boxes of %d", n, len(records))
	}
	var plain int
	must(t, s.read.QueryRow("SELECT count(*) FROM sealed LEFT JOIN shreds USING (number) WHERE plain OR shred_key IS NULL OR instr(capsules, CAST('capsules' AS BLOB)) > 0").Scan(&plain))
	if plain != 0 {
		t.Fatalf("%d capsules still stand in the clear", plain)
	}
	must(t, s.Close())
	for _, name := range []string{"index.db", "index.db-wal"} {
		body, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if strings.Contains(string(body), string(records[0].Capsules)) {
			t.Fatalf("%s still holds capsules as they came", name)
		}
	}
}

// migrateDown takes the index back to how an older collector had it.
func migrateDown(t *testing.T, s *Store, version int64) {
	t.Helper()
	files, err := fs.Sub(migrations, "migrations")
	must(t, err)
	p, err := goose.NewProvider(goose.DialectSQLite3, s.write, files, goose.WithVerbose(false))
	must(t, err)
	for _, st := range s.prepared { // a prepared statement may name what goes
		must(t, st.Close())
	}
	_, err = p.DownTo(ctx, version)
	must(t, err)
}

// TestOldIndexIsBroughtOver: an index of a collector that kept shred keys beside the capsules loses no box, whole or salvaged.
func TestOldIndexIsBroughtOver(t *testing.T) {
	for _, damaged := range []bool{false, true} {
		dir := t.TempDir()
		s, _ := reopen(t, dir)
		p := storetest.Enrol(t, s)
		kept := []store.Record{p.Record(10), p.Record(20)}
		for _, r := range kept {
			put1(t, s, r)
		}
		migrateDown(t, s, 3)
		must(t, s.Close())
		if damaged {
			x, err := salvage(ctx, dir, &Report{})
			must(t, err)
			must(t, x.Close())
		}
		s, _ = reopen(t, dir)
		same(t, s, kept)
	}
}

// TestLostKeysBlockNobody: without a person's key the collector starts, says so, serves others, and takes the person's next boxes.
func TestLostKeysBlockNobody(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	lost, other := p.Record(10), q.Record(20)
	put1(t, s, lost)
	put1(t, s, other)
	must(t, s.Close())
	must(t, os.WriteFile(s.ring.path(p.Device.Subject, keySuffix), []byte("noise"), 0o600))
	s, rep := reopen(t, dir)
	if rep.Keyless != 1 {
		t.Fatalf("%+v", rep)
	}
	if _, err := s.Read(ctx, lost.Batch); !errors.Is(err, store.ErrDamaged) {
		t.Fatal("a box without a key:", err)
	}
	next := p.Record(30)
	put1(t, s, next)
	for _, id := range []store.ID{other.Batch, next.Batch} {
		_, err := s.Read(ctx, id)
		must(t, err)
	}
}
