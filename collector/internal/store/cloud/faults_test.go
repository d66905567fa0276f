//go:build linux

package cloud

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/bucket"
	"github.com/byleave/byleave/collector/internal/store/cloud/cloudtest"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

var errFault = errors.New("a fault of the test")

// faulty is a bucket whose calls fail when before or after says so: after the call was done its answer is lost.
type faulty struct {
	objects
	before, after func(op, key string) error
}

func (f *faulty) around(op, key string, do func() error) error {
	if f.before != nil {
		if err := f.before(op, key); err != nil {
			return err
		}
	}
	if err := do(); err != nil {
		return err
	}
	if f.after != nil {
		return f.after(op, key)
	}
	return nil
}

func (f *faulty) Put(ctx context.Context, key string, body []byte) error {
	return f.around("put", key, func() error { return f.objects.Put(ctx, key, body) })
}

func (f *faulty) Delete(ctx context.Context, key string) error {
	return f.around("delete", key, func() error { return f.objects.Delete(ctx, key) })
}

func (f *faulty) Get(ctx context.Context, key string) (out []byte, err error) {
	err = f.around("get", key, func() (err error) { out, err = f.objects.Get(ctx, key); return err })
	return out, err
}

// openFaulty opens the store over a bucket that fails as asked.
func openFaulty(t testing.TB, c Config) (*Store, *faulty) {
	t.Helper()
	b, err := bucket.Open(ctx, c.Bucket)
	must(t, err)
	f := &faulty{objects: b}
	s, _, err := open(ctx, c, f, b.Close, wrap, quiet())
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s, f
}

func put(t testing.TB, s *Store, group ...store.Record) {
	t.Helper()
	out, err := s.Put(ctx, group)
	must(t, err)
	for _, o := range out {
		if o != store.Stored {
			t.Fatalf("outcomes %v", out)
		}
	}
}

// doJobs does all that is due.
func doJobs(t testing.TB, s *Store) {
	t.Helper()
	for {
		j, ok, err := s.take(ctx)
		must(t, err)
		if !ok {
			return
		}
		err = s.do(ctx, j, storetest.Sign)
		must(t, s.settle(ctx, j, err))
		must(t, err)
	}
}

func keysIn(t testing.TB, s *Store, prefix string) (out []string) {
	t.Helper()
	for o, err := range s.objects.List(ctx, prefix, "") {
		must(t, err)
		out = append(out, o.Key)
	}
	return out
}

// TestI16NothingIsAcknowledgedBeforeItsPack: if the pack cannot be written, or it is not known whether it was, nothing of the group stands.
func TestI16NothingIsAcknowledgedBeforeItsPack(t *testing.T) {
	s, f := openFaulty(t, realConfig(t))
	p := storetest.Enrol(t, s)
	r := p.Record(100)
	fault := func(_, key string) error {
		if strings.HasPrefix(key, packPrefix) {
			return errFault
		}
		return nil
	}
	for _, where := range []*func(string, string) error{&f.before, &f.after} {
		*where = fault
		if out, err := s.Put(ctx, []store.Record{r}); err == nil {
			t.Fatalf("acknowledged %v", out)
		}
		*where = nil
		if n := storetest.Verify(t, s); n != 0 {
			t.Fatalf("%d rows without a pack", n)
		}
	}
	put(t, s, r)
	if n := storetest.Verify(t, s); n != 1 {
		t.Fatal(n)
	}
}

// TestAnAnswerThatIsLostStoresOnce: the object store wrote a pack and the client asked again, as its library does.
func TestAnAnswerThatIsLostStoresOnce(t *testing.T) {
	s, f := openFaulty(t, realConfig(t))
	p := storetest.Enrol(t, s)
	f.after = func(op, key string) error {
		if op == "put" && strings.HasPrefix(key, packPrefix) {
			return bucket.ErrExists
		}
		return nil
	}
	put(t, s, p.Record(100), p.Record(200))
	f.after = nil
	if n := storetest.Verify(t, s); n != 2 {
		t.Fatal(n)
	}
}

// TestOrphansAreRemoved: a pack that no row names goes once it is old, a young one stays, and no commit that comes late names one that went.
func TestOrphansAreRemoved(t *testing.T) {
	s, f := openFaulty(t, realConfig(t))
	p := storetest.Enrol(t, s)
	put(t, s, p.Record(100))
	must(t, s.objects.Put(ctx, packKey(s.newName()), []byte(deposit.PackMagic)))
	must(t, s.objects.Put(ctx, packPrefix+"letter", []byte("of somebody else")))
	var rep Report
	must(t, s.sweep(ctx, time.Time{}, &rep))
	if rep != (Report{}) || len(keysIn(t, s, packPrefix)) != 3 {
		t.Fatalf("a young pack was removed: %+v", rep)
	}
	s.orphanAge = -time.Hour
	f.after = func(op, key string) error { // a sweep just before the commit
		if op != "put" || !strings.HasPrefix(key, packPrefix) {
			return nil
		}
		f.after = nil
		return s.sweep(ctx, time.Time{}, &rep)
	}
	if out, err := s.Put(ctx, []store.Record{p.Record(1)}); err == nil {
		t.Fatalf("a pack that was removed is named by a row: %v", out)
	}
	if rep.Orphans != 2 || rep.Missing != 0 || len(keysIn(t, s, packPrefix)) != 2 {
		t.Fatalf("%+v, %v", rep, keysIn(t, s, packPrefix))
	}
	if n := storetest.Verify(t, s); n != 1 {
		t.Fatal(n)
	}
}

// TestRowsWithoutBytesAreTakenOut: what an operator lost of the bucket can be sent again.
func TestRowsWithoutBytesAreTakenOut(t *testing.T) {
	s, _ := openFaulty(t, realConfig(t))
	p := storetest.Enrol(t, s)
	kept, lost := p.Record(100), p.Record(200)
	put(t, s, kept)
	before := keysIn(t, s, packPrefix)
	put(t, s, lost)
	released(t, s, func() {})
	for _, key := range keysIn(t, s, packPrefix) {
		if key != before[0] {
			must(t, s.objects.Delete(ctx, key))
		}
	}
	if _, err := s.Read(ctx, lost.Batch); !errors.Is(err, store.ErrDamaged) {
		t.Fatal(err)
	}
	var rep Report
	must(t, s.sweep(ctx, time.Time{}, &rep))
	if rep.Missing != 1 || storetest.Verify(t, s) != 1 {
		t.Fatalf("%+v", rep)
	}
	if all, orphans := mapped(t, s); all != 1 || orphans != 0 {
		t.Errorf("%d rows in maps, %d of boxes that are gone", all, orphans)
	}
	put(t, s, lost)
	if n := storetest.Verify(t, s); n != 2 {
		t.Fatal(n)
	}
}

// TestSweepsGoOnFromTheLastOne: a pack that was compared long ago is not listed again, one that came since is.
func TestSweepsGoOnFromTheLastOne(t *testing.T) {
	s, _ := openFaulty(t, realConfig(t))
	s.orphanAge = -time.Hour
	now := time.Now()
	for _, age := range []time.Duration{100 * time.Hour, time.Hour} {
		s.now = func() time.Time { return now.Add(-age) }
		must(t, s.objects.Put(ctx, packKey(s.newName()), []byte(deposit.PackMagic)))
	}
	s.now = time.Now
	_, err := s.pool.Exec(ctx, "UPDATE store SET swept = $1", now.Add(-time.Hour).Unix())
	must(t, err)
	var rep Report
	must(t, s.sweepNew(ctx, &rep))
	if rep.Orphans != 1 || len(keysIn(t, s, packPrefix)) != 1 {
		t.Fatalf("%+v", rep)
	}
	must(t, s.sweep(ctx, time.Time{}, &rep))
	if rep.Orphans != 2 {
		t.Fatalf("%+v", rep)
	}
}

// TestJobsAreTakenOnce: of many that look for a job at once, each job is done by one.
func TestJobsAreTakenOnce(t *testing.T) {
	c := realConfig(t)
	one, _ := reopen(t, c)
	two, _ := reopen(t, c)
	doJobs(t, one) // the first sweep
	for range 20 {
		id := storetest.ID()
		must(t, one.want(ctx, one.pool, jobScrub, id[:], 0))
	}
	var taken atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		s := []*Store{one, two}[i%2]
		wg.Go(func() {
			for {
				_, ok, err := s.take(ctx)
				if err != nil {
					t.Error(err)
				}
				if !ok {
					return
				}
				taken.Add(1)
			}
		})
	}
	wg.Wait()
	if taken.Load() != 20 {
		t.Fatalf("20 jobs were taken %d times", taken.Load())
	}
	_, err := one.pool.Exec(ctx, "UPDATE jobs SET leased = now() - interval '1 second' WHERE kind = $1", jobScrub) // their collectors were lost
	must(t, err)
	j, ok, err := two.take(ctx)
	must(t, err)
	if !ok {
		t.Fatal("a job whose collector was lost is never taken again")
	}
	must(t, one.want(ctx, one.pool, j.kind, j.about, 0)) // and is asked for meanwhile
	must(t, two.settle(ctx, j, nil))
	left, err := two.ids(ctx, "SELECT about FROM jobs WHERE kind = $1 AND about = $2 AND leased IS NULL", j.kind, j.about)
	must(t, err)
	if len(left) != 1 {
		t.Fatal("what was asked for while it was done is forgotten")
	}
}

// TestCheckCountsDamage: a changed byte in a pack, a pack that is not there, capsules that do not open.
func TestCheckCountsDamage(t *testing.T) {
	c := realConfig(t)
	s, _ := openFaulty(t, c)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	put(t, s, p.Record(100), p.Record(100), p.Record(100))
	first := keysIn(t, s, packPrefix)
	put(t, s, p.Record(100), q.Record(100))
	counts := func(want int) {
		t.Helper()
		if n, err := Check(ctx, c, wrap, func() {}); n != want || err != nil {
			t.Fatalf("%d damaged, want %d: %v", n, want, err)
		}
	}
	counts(0)
	body, err := s.objects.Get(ctx, first[0])
	must(t, err)
	body[len(body)-1] ^= 1
	must(t, s.objects.Delete(ctx, first[0]))
	must(t, s.objects.Put(ctx, first[0], body))
	counts(1)
	must(t, s.objects.Delete(ctx, first[0]))
	counts(3)
	must(t, s.objects.Delete(ctx, keyName(q.Device.Subject, 1)))
	counts(4)
}

// TestStoresThatDoNotBelongTogether: a wrong bucket, another key file, nothing where something was named.
func TestStoresThatDoNotBelongTogether(t *testing.T) {
	c := realConfig(t)
	s, _ := reopen(t, c)
	put(t, s, storetest.Enrol(t, s).Record(1))
	other := realConfig(t)
	reopen(t, other)
	empty := realConfig(t)
	for what, try := range map[string]struct {
		c    Config
		wrap [32]byte
		says string
	}{
		"another bucket":     {Config{c.Postgres, other.Bucket}, wrap, "belong to two different stores"},
		"an empty bucket":    {Config{c.Postgres, empty.Bucket}, wrap, "not the one that this database belongs to"},
		"another vault.key":  {c, [32]byte{9}, "another vault.key"},
		"a missing bucket":   {Config{c.Postgres, bucket.Options{Endpoint: c.Bucket.Endpoint, Region: c.Bucket.Region, Name: "nowhere", KeyFile: c.Bucket.KeyFile}}, wrap, "has no bucket of this name"},
		"no key":             {Config{c.Postgres, bucket.Options{Endpoint: c.Bucket.Endpoint, Name: c.Bucket.Name, KeyFile: "/nowhere"}}, wrap, "s3_key_file"},
		"no such connection": {Config{postgres.URL("nowhere"), c.Bucket}, wrap, "nowhere"},
	} {
		_, _, err := Open(ctx, try.c, try.wrap, quiet())
		if err == nil || !strings.Contains(err.Error(), try.says) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := storetest.Verify(t, s); n != 1 {
		t.Fatal("a refused start changed something")
	}
}

// TestI16ADatabaseThatMayForgetIsRefused: what it commits would be no promise.
func TestI16ADatabaseThatMayForgetIsRefused(t *testing.T) {
	c := realConfig(t)
	reopen(t, c)
	set := func(what string) {
		t.Helper()
		must(t, postgres.SQL("postgres", "ALTER SYSTEM "+what))
		must(t, postgres.SQL("postgres", "SELECT pg_reload_conf()"))
	}
	set("SET full_page_writes = off")
	defer set("RESET full_page_writes")
	limit := time.Now().Add(2 * time.Minute)
	for { // the database takes it up when it comes to it
		s, _, err := Open(ctx, c, wrap, quiet())
		if err != nil && strings.Contains(err.Error(), "full_page_writes = off") {
			return
		}
		if err == nil {
			must(t, s.Close())
		}
		if time.Now().After(limit) {
			t.Fatal("it is used all the same:", err)
		}
	}
}

// careless is a bucket that writes an object as often as it is asked to.
type careless struct{ objects }

func (c careless) Put(ctx context.Context, key string, body []byte) error {
	if err := c.objects.Delete(ctx, key); err != nil {
		return err
	}
	return c.objects.Put(ctx, key, body)
}

// TestACarelessBucketIsRefused: two collectors would each have a key of their own.
func TestACarelessBucketIsRefused(t *testing.T) {
	c := realConfig(t)
	b, err := bucket.Open(ctx, c.Bucket)
	must(t, err)
	_, _, err = open(ctx, c, careless{b}, b.Close, wrap, quiet())
	if err == nil || !strings.Contains(err.Error(), "If-None-Match") {
		t.Fatal(err)
	}
}

// TestErrorsTellNoSecret: neither the object store's key nor the database's password is in what is logged of a refusal.
func TestErrorsTellNoSecret(t *testing.T) {
	c := realConfig(t)
	const secret, password = "a-secret-that-is-wrong", "a-password-that-is-wrong"
	must(t, os.WriteFile(c.Bucket.KeyFile, []byte("[default]\naws_access_key_id = somebody\naws_secret_access_key = "+secret+"\n"), 0o600))
	_, _, err := Open(ctx, c, wrap, quiet())
	if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "somebody") {
		t.Fatal(err)
	}
	must(t, cloudtest.KeyFile(c.Bucket.KeyFile))
	pass := filepath.Join(t.TempDir(), "pass")
	must(t, os.WriteFile(pass, []byte("*:*:*:*:"+password+"\n"), 0o600))
	c.Postgres = strings.Replace(c.Postgres, "user=byleave", "user=nobody&passfile="+pass, 1)
	_, _, err = Open(ctx, c, wrap, quiet())
	if err == nil || strings.Contains(err.Error(), password) {
		t.Fatal(err)
	}
}

// TestBoxesOfAnotherCollectorArrive: who follows on one collector is told of what another one stored.
func TestBoxesOfAnotherCollectorArrive(t *testing.T) {
	c := realConfig(t)
	one, _ := reopen(t, c)
	two, _ := reopen(t, c)
	p := storetest.Enrol(t, one)
	two.watchEvery = 10 * time.Millisecond
	put(t, one, p.Record(1))
	for _, s := range []*Store{one, two, one} { // also after a box of its own
		arrived := two.Arrived()
		put(t, s, p.Record(2))
		select {
		case <-arrived:
		case <-time.After(2 * time.Minute):
			t.Fatal("nobody was told")
		}
	}
}

// TestPacks: what is written is read, and a changed byte is noticed.
func TestPacks(t *testing.T) {
	r := storetest.Fill(store.Record{Batch: store.ID{1}}, 100)
	body, places := encodePack([]*store.Record{&r, &r}, [][]byte{[]byte("sealed"), nil})
	if len(body) != 16+2*(24+32+100)+6 || !bytes.HasPrefix(body, []byte(deposit.PackMagic)) {
		t.Fatal(len(body))
	}
	for n, p := range places {
		raw := body[p.at : p.at+p.size()]
		head, payload, sealed, err := decodeRecord(raw, r.Batch, p)
		if err != nil || !bytes.Equal(head, r.Head) || !bytes.Equal(payload, r.Payload) || string(sealed) != []string{"sealed", ""}[n] {
			t.Fatal(err)
		}
		for i := range raw {
			raw[i] ^= 1
			if _, _, _, err := decodeRecord(raw, r.Batch, p); !errors.Is(err, store.ErrDamaged) {
				t.Fatalf("byte %d was changed: %v", i, err)
			}
			raw[i] ^= 1
		}
	}
}
