package upload

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/hex"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	_ "modernc.org/sqlite"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/e2e/chaos"
	"github.com/byleave/byleave/e2e/stage"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
)

// field is a real collector, a bad network, and an enrolled device with a real spool.
type field struct {
	stage *stage.Stage
	net   *chaos.Proxy
	keys  *keystore.Store
	id    keystore.Identity
	spool *spool.Spool
	dir   string // of the spool
	made  int    // boxes that were sealed
	daily uint64 // bytes a day that the policy allows; 0: those of a day of work
}

func newField(t *testing.T, seed uint64) *field {
	t.Helper()
	f := &field{dir: filepath.Join(t.TempDir(), "spool")}
	bin, err := filepath.Abs("../../../bin")
	fatal(t, err)
	var invitation string
	f.stage, invitation, err = stage.Operator(t.Context(), stage.Options{Bin: bin})
	fatal(t, err)
	t.Cleanup(func() { fatal(t, f.stage.Close()) })
	f.net, err = chaos.Start(f.stage.Address(), seed)
	fatal(t, err)
	t.Cleanup(func() { fatal(t, f.net.Close()) })
	f.keys, err = keystore.Open(filepath.Join(t.TempDir(), "keys"))
	fatal(t, err)
	_, err = Enrol(t.Context(), strings.Replace(invitation, f.stage.Address(), f.net.Addr(), 1), f.keys, []byte("correct horse battery staple"))
	fatal(t, err)
	f.id, err = f.keys.Identity()
	fatal(t, err)
	f.consent(t)
	f.open(t)
	return f
}

// consent lets the collector hear of a consent to any policy, and the spool seal under it.
func (f *field) consent(t *testing.T) {
	t.Helper()
	fatal(t, f.keys.SaveStub(anyStub(t, f.id, 1)))
}

// anyStub is the stub of a device's consent to any policy.
func anyStub(t *testing.T, id keystore.Identity, consent byte) []byte {
	t.Helper()
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(&pb.ConsentStub{Id: append(make([]byte, 15), consent), PolicySha256: make([]byte, 32), PurposeId: "test",
		ExpiresAt: time.Now().Add(60 * 24 * time.Hour).Unix(), Commitment: make([]byte, 32)})
	fatal(t, err)
	stub, err := proto.Marshal(&pb.Signed{Body: body, Signature: ed25519.Sign(id.Sign, append([]byte("byleave consent stub v1\x00"), body...))})
	fatal(t, err)
	return stub
}

func (f *field) open(t *testing.T) {
	t.Helper()
	var err error
	f.spool, _, err = spool.Open(spool.OS(), f.dir, slog.New(slog.DiscardHandler))
	fatal(t, err)
	t.Cleanup(func() { fatal(t, f.spool.Close()) })
	k := sealKeys()
	fatal(t, f.spool.Use(spool.Keys{Custodians: k.Custodians, Vault: f.id.VaultKey, Person: f.id.PersonKey, Sign: f.id.Sign,
		Subject: f.id.Subject, Device: f.id.Device, Consent: [16]byte{15: 1}, Purpose: "test", Display: "x11"}))
}

// seal makes n boxes, one after another.
func (f *field) seal(t *testing.T, n int) {
	t.Helper()
	for range n {
		at := time.Now()
		fatal(t, f.spool.Append(redact.NewGap(at, at.Add(time.Second), policy.Secret)))
		fatal(t, f.spool.Cut())
		f.made++
	}
}

// here are the ids of all boxes that the folder has, in the order of their numbers, which begin their names.
func (f *field) here(t *testing.T) (ids []envelope.ID) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(f.dir, "*.sent"))
	fatal(t, err)
	for _, name := range slices.Sorted(slices.Values(names)) {
		_, written, _ := strings.Cut(strings.TrimSuffix(filepath.Base(name), ".sent"), "-")
		var id envelope.ID
		raw, err := hex.DecodeString(written)
		fatal(t, err)
		copy(id[:], raw)
		ids = append(ids, id)
	}
	return ids
}

// run starts an uploader that has this queue.
func (f *field) run(t *testing.T, q queue, p pace) (*Uploader, func()) {
	t.Helper()
	budget := NewBudget(f.keys)
	budget.Policy(max(f.daily, 24*normalRate))
	u := New(Options{Identity: f.id, Queue: q, Stubs: f.keys, Erasures: &wishes{}, Own: f.keys, Policy: func([]byte) {}, Elsewhere: func([]*pb.Signed) error { return nil },
		Hold: func() time.Duration { return 0 }, Budget: budget, Log: slog.New(slog.DiscardHandler)})
	u.pace = p
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- u.Run(ctx) }()
	return u, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// arrived are the ids of all boxes that the collector has, in the order in which they came.
func (f *field) arrived(t *testing.T) (arrived []envelope.ID) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(f.stage.Data(), "index.db")+"?mode=ro")
	fatal(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT batch FROM batches ORDER BY number")
	fatal(t, err)
	defer rows.Close()
	for rows.Next() {
		var b []byte
		fatal(t, rows.Scan(&b))
		arrived = append(arrived, envelope.ID(b))
	}
	fatal(t, rows.Err())
	return arrived
}

// judge compares what was sealed with what the collector has, by batch id, in the order of arrival.
func (f *field) judge(t *testing.T) {
	t.Helper()
	arrived, sealed := f.arrived(t), f.here(t)
	if len(sealed) != f.made || !slices.Equal(arrived, sealed) {
		lost := slices.DeleteFunc(slices.Clone(sealed), func(id envelope.ID) bool { return slices.Contains(arrived, id) })
		t.Fatalf("%d boxes were sealed, %d are here, %d arrived, %d are lost; or they are doubled or out of order", f.made, len(sealed), len(arrived), len(lost))
	}
}

// faults are all ways in which a line is bad. Those that nobody is told of end by the uploader's own patience.
var faults = map[string]chaos.Fault{
	"refused":                        {Refuse: true},
	"far away":                       {Delay: 30 * time.Millisecond},
	"lossy":                          {Loss: 0.1},
	"cut in the handshake":           {Cut: 700},
	"cut in the first box":           {Cut: 9_000},
	"cut in a later box":             {Cut: 30_000},
	"a black hole":                   {Hole: 1},
	"a black hole in the middle":     {Hole: 20_000},
	"heard, and no answers":          {Deaf: 1},
	"heard, and no answers any more": {Deaf: 12_000},
	"slow":                           {Rate: 50_000},
	"slow, lossy and cut":            {Rate: 100_000, Loss: 0.1, Cut: 40_000},
}

// TestI14ChaosLosesNothing: whatever the line does, and while the collector is killed and started again, every box that was sealed arrives
// once and in order. BYLEAVE_NIGHTLY plays 500 random schedules of ten faults.
func TestI14ChaosLosesNothing(t *testing.T) {
	f := newField(t, 1)
	f.daily = 1 << 40 // a night's boxes are more than a day's work
	p := pace{first: time.Millisecond, most: 20 * time.Millisecond, stall: 400 * time.Millisecond, day: time.Hour, look: time.Second, rise: 20 * time.Millisecond}
	u, stop := f.run(t, f.spool, p)
	defer func() { stop() }()
	names := slices.Sorted(func(yield func(string) bool) {
		for n := range faults {
			if !yield(n) {
				return
			}
		}
	})
	play := func(name string, boxes int, restart, jump bool) {
		t.Helper()
		defer func() {
			if t.Failed() {
				t.Logf("%d of %d boxes are held; the agent says %q", f.spool.Stats().Held, f.made, u.Status().Words)
			}
		}()
		f.net.Set(faults[name])
		f.net.Break()
		f.seal(t, boxes)
		before := len(f.net.Made())
		u.Kick()
		until(t, name, func() bool { return len(f.net.Made()) >= before+2 || f.spool.Stats().Held == 0 })
		if restart {
			fatal(t, f.stage.KillCollector())
			fatal(t, f.stage.Serve(t.Context()))
		}
		if jump { // it slept in the middle of it
			u.Woke()
		}
		f.net.Set(chaos.Fault{})
		f.net.Break()
		u.Hurry()
		until(t, "all boxes after "+name, func() bool { return f.spool.Stats().Held == 0 })
	}
	for i, name := range names {
		play(name, 3, i%4 == 1, i%3 == 1)
	}
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		seed := uint64(time.Now().UnixNano())
		rng := rand.New(rand.NewPCG(seed, 0))
		for i := range 500 {
			if i%50 == 0 {
				t.Logf("%d schedules played of those of seed %d, %d boxes", i, seed, f.made)
			}
			for range 10 {
				play(names[rng.IntN(len(names))], 1+rng.IntN(5), rng.IntN(40) == 0, rng.IntN(5) == 0)
			}
		}
	}
	stop()
	stop = func() {}
	f.judge(t)
	up, down := f.net.Bytes()
	t.Logf("%d boxes through %d connections, 0 lost, 0 doubled, all in order; %d bytes up, %d down", f.made, len(f.net.Made()), up, down)
}

// TestALineThatBreaksGetsThrough: no connection lives long enough for one box, and both boxes arrive all the same, once and in order, at the cost
// of little more than their bytes: what came of one is not sent again. Then a line that is well carries a whole one. Nightly the line has 1 KB/s,
// breaks about every minute, and the agent waits as long as it does in life.
func TestALineThatBreaksGetsThrough(t *testing.T) {
	rate, cut, size, most := 200_000, 60_000, 100_000, 5*time.Minute
	p := pace{first: time.Millisecond, most: 20 * time.Millisecond, stall: 20 * time.Second, day: time.Hour, look: time.Second, rise: 20 * time.Millisecond}
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		rate, cut, size, most, p = 1_000, 60_000, 100_000, time.Hour, usual
	}
	f := newField(t, 1)
	f.net.Set(chaos.Fault{Rate: rate, Cut: cut})
	k, q := sealKeys(), &memory{}
	k.Vault, k.Person, k.Sign, k.Subject, k.Device, k.Consent, k.Purpose = f.id.VaultKey, f.id.PersonKey, f.id.Sign, f.id.Subject, f.id.Device, [16]byte{15: 1}, "test"
	var sealed []envelope.ID
	bytes := 0
	add := func() {
		noise := make([]byte, size)
		for i := range noise {
			noise[i] = byte(rand.Uint32())
		}
		k.Sequence++
		b, err := seal.Seal(k, noise)
		fatal(t, err)
		k.Previous = b.Digest()
		sealed, bytes = append(sealed, b.Header().Batch), bytes+len(b.Bytes())
		q.put(b)
	}
	add()
	add()
	before, _ := f.net.Bytes()
	began := time.Now()
	u, stop := f.run(t, q, p)
	defer func() { stop() }()
	wait := func(what string) {
		t.Helper()
		for q.left() > 0 {
			if time.Since(began) > most {
				t.Fatalf("%s do not get through: %q", what, u.Status().Words)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	wait("boxes on a line that breaks")
	up, _ := f.net.Bytes()
	conns := len(f.net.Made())
	t.Logf("%d bytes of boxes over a line of %d bytes a second that breaks after %d: %d bytes, %d connections, %v", bytes, rate, cut, up-before, conns, time.Since(began).Round(time.Second))
	if most := int64(bytes*3/2 + 3*cut); up-before > most {
		t.Errorf("%d bytes were sent for %d: what came is sent again", up-before, bytes)
	}
	f.net.Set(chaos.Fault{})
	add()
	u.Hurry()
	wait("boxes on a line that is well")
	stop()
	stop = func() {}
	if got := f.arrived(t); !slices.Equal(got, sealed) {
		t.Errorf("%d boxes arrived of %d, or not in order", len(got), len(sealed))
	}
	if u.cuts != 0 {
		t.Errorf("%d cuts are still counted on a line that is well", u.cuts)
	}
}

// TestASlowLineIsAlive: a box that takes longer on a slow line than the silence that ends a call arrives all the same; it would never, if only
// answers were signs of life. Nightly the line has 1 KB/s and the patience is the usual one.
func TestASlowLineIsAlive(t *testing.T) {
	rate, stall, size, most := 48_000, 2*time.Second, 250_000, 5*time.Minute
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		rate, stall, size, most = 1_000, usual.stall, 100_000, 20*time.Minute
	}
	c := new(collector).start(t, newAuthority(t))
	id := c.identity(t)
	net, err := chaos.Start(id.Collector, 1)
	fatal(t, err)
	t.Cleanup(func() { fatal(t, net.Close()) })
	net.Set(chaos.Fault{Rate: rate})
	id.Collector = net.Addr()
	u := run(t, id, func(_ *Options, p *pace) { p.stall = stall })
	noise := make([]byte, size)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	b, err := seal.Seal(withSequence(sealKeys()), noise)
	fatal(t, err)
	began := time.Now()
	u.send(b)
	for u.queue.done() == 0 {
		if time.Since(began) > most {
			t.Fatalf("a slow line is taken for a dead one: %q", u.Status().Words)
		}
		time.Sleep(10 * time.Millisecond)
	}
	u.stop()
	t.Logf("%d bytes at %d a second: %v, %d connections", len(b.Bytes()), rate, time.Since(began).Round(time.Second), len(net.Made()))
}

func withSequence(p seal.Params) seal.Params { p.Sequence = 1; return p }

// weekly is a spool that keeps a record of when each box was found to be durable at the collector.
type weekly struct {
	*spool.Spool
	at   []time.Time
	size int64
	left func(left int)
}

func (w *weekly) Sent(id envelope.ID) error {
	w.at = append(w.at, time.Now())
	err := w.Spool.Sent(id)
	w.left(w.Stats().Held)
	return err
}

// TestI13AWeekWithoutACollector: the collector is away for seven days of work, by a clock that runs ahead while nothing happens; the uploader,
// the spool, the network and the collector are real. Then every box arrives, in order, from the first hour on, and no hour carries more than
// twice the normal rate and one burst. BYLEAVE_NIGHTLY seals a box for each minute of work.
func TestI13AWeekWithoutACollector(t *testing.T) {
	perDay := 40
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		perDay = 8 * 60
	}
	real := time.Now()
	f := newField(t, 1)
	fatal(t, f.spool.Close()) // the one in the bubble is another
	f.net.Set(chaos.Fault{Refuse: true})
	tries := 0
	var w *weekly
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(real)) // a bubble begins in the year 2000; certificates do not count there
		f.open(t)
		all := make(chan struct{})
		w = &weekly{Spool: f.spool, left: func(left int) {
			if left == 0 {
				close(all)
			}
		}}
		u, stop := f.run(t, w, usual)
		for range 7 {
			for range perDay {
				f.seal(t, 1)
				u.Kick()
				time.Sleep(8 * time.Hour / time.Duration(perDay))
			}
			time.Sleep(16 * time.Hour)
		}
		tries = len(f.net.Made())
		if left := f.spool.Stats().Held; left != 7*perDay {
			t.Fatalf("%d boxes are here after the outage, %d were sealed", left, 7*perDay)
		}
		w.size = f.spool.Stats().HeldBytes / int64(7*perDay)
		f.net.Set(chaos.Fault{})
		<-all
		stop()
	})
	f.judge(t)
	most := 0
	for i, j := 0, 0; j < len(w.at); j++ {
		for w.at[j].Sub(w.at[i]) > time.Hour {
			i++
		}
		most = max(most, j-i+1)
	}
	limit := int64(2*normalRate+burst) + w.size
	if got := int64(most) * w.size; got > limit {
		t.Errorf("%d bytes in an hour", got)
	}
	t.Logf("%d boxes of %d bytes, %d tries meanwhile; then all in order within %v, at most %.1f MB an hour", f.made, w.size, tries, w.at[len(w.at)-1].Sub(w.at[0]), float64(int64(most)*w.size)/1e6)
}
