//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/cloud/cloudtest"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
	"github.com/rogpeppe/go-internal/testscript"
)

// fleet is three collectors over one database and one bucket.
type fleet struct {
	postgres *cloudtest.Postgres
	s3       *cloudtest.S3
	dirs     []string
	running  []running
}

const fleetBucket = "byleave"

// newServers starts a database and a bucket, and returns what cloud.json says of them.
func newServers(t *testing.T) (f fleet, config []byte) {
	t.Helper()
	var err error
	f.postgres, err = cloudtest.StartPostgres()
	must(t, err)
	t.Cleanup(func() { must(t, f.postgres.Close()) })
	f.s3, err = cloudtest.StartS3()
	must(t, err)
	t.Cleanup(func() { must(t, f.s3.Close()) })
	must(t, f.postgres.SQL("postgres", "CREATE DATABASE byleave"))
	must(t, f.s3.Bucket(fleetBucket))
	keys := filepath.Join(t.TempDir(), "keys")
	must(t, cloudtest.KeyFile(keys))
	config, err = json.Marshal(map[string]string{"postgres": f.postgres.URL("byleave"), "s3_endpoint": f.s3.URL(), "s3_region": cloudtest.Region,
		"s3_bucket": fleetBucket, "s3_key_file": keys})
	must(t, err)
	return f, config
}

// TestScaledScripts runs the commands of collectors over one database and one bucket.
func TestScaledScripts(t *testing.T) {
	_, config := newServers(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/scaled",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"waitfor": waitFor, "withkey": withKey, "enrol": enrolDevice, "exits": exits,
			"scale": func(ts *testscript.TestScript, _ bool, args []string) { // scale DIR
				ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[0]), cloudName), config, 0o600))
			},
		},
		Setup: func(env *testscript.Env) error { return os.Chmod(env.WorkDir, 0o700) },
	})
}

// newFleet makes a collector's folder, and copies of it, as an operator would.
func newFleet(t *testing.T, copies ...string) *fleet {
	t.Helper()
	f, config := newServers(t)
	first := filepath.Join(t.TempDir(), "one")
	must(t, exec.Command("byleave-collector", "init", "--dir", first).Run())
	must(t, os.WriteFile(filepath.Join(first, limitsName), []byte(`{"ledger_lot_seconds": 1}`), 0o600))
	must(t, os.WriteFile(filepath.Join(first, cloudName), config, 0o600))
	f.dirs = []string{first}
	for _, name := range copies {
		dir := filepath.Join(filepath.Dir(first), name)
		must(t, exec.Command("cp", "-a", first, dir).Run())
		f.dirs = append(f.dirs, dir)
	}
	for _, dir := range f.dirs {
		f.running = append(f.running, startCollector(t, dir))
	}
	return &f
}

// faults is what is killed in a round; heal starts it again.
func (f *fleet) faults(t *testing.T, round int) (kill, heal func()) {
	one := round / 3 % len(f.dirs)
	switch round % 3 {
	case 0:
		return func() { f.running[one].kill(t) }, func() { f.running[one] = startAt(t, f.dirs[one], "127.0.0.1:0") }
	case 1:
		return func() { fail(t, f.postgres.Kill()) }, func() { must(t, f.postgres.Start()) }
	}
	return func() { fail(t, f.s3.Kill()) }, func() { must(t, f.s3.Start()) }
}

func fail(t *testing.T, err error) {
	if err != nil {
		t.Error(err) // called beside the test's own goroutine
	}
}

// TestI14I16KilledCollectors kills one of three collectors, the database or the object store while devices upload, again and again: what was
// acknowledged is there afterwards, once, and what was not can be sent again, to any collector. In the end each box has one leaf in the
// one ledger that all three write meanwhile.
func TestI14I16KilledCollectors(t *testing.T) {
	rounds := 3
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		rounds = 300
	}
	f := newFleet(t, "two", "three")
	senders := make([]*sender, len(f.dirs))
	for i := range senders {
		senders[i] = newSender(t, f.dirs[i], f.running[i].addr)
	}
	sent, leaves, acknowledged := 0, map[[32]byte]int{}, 0
	erased := map[store.ID]bool{}
	var last [][]byte // boxes of the first sender that are stored
	for round := range rounds {
		if round%20 == 19 {
			t.Logf("round %d of %d: %d boxes, %d of them acknowledged before a fault", round+1, rounds, sent, acknowledged)
		}
		boxes := make([]map[string][]byte, len(senders))
		for i, s := range senders {
			boxes[i] = map[string][]byte{}
			for range 40 {
				b, err := seal.Seal(s.seal, make([]byte, 100))
				must(t, err)
				id := b.Header().Batch
				boxes[i][string(id[:])] = b.Bytes()
				leaves[leafSecret.BatchLeaf(b.Digest())] = 0
			}
			sent += len(boxes[i])
		}
		kill, heal := f.faults(t, round)
		e := pb.EraseRequest{}
		if round%max(1, rounds/20) == 0 && len(last) > 0 { // more would be bounded
			e = pb.EraseRequest{Id: newID(), Batches: last[:2], Salt: append(newID(), newID()...)}
			erased[store.ID(last[0])], erased[store.ID(last[1])] = true, true
		}
		acked := f.sendAll(t, senders, boxes, kill, func() {
			if e.GetId() != nil {
				_ = senders[0].erase(t, f.running[2].addr, &e) // the fault may cut it short
			}
		})
		heal()
		f.insistErase(t, senders[0], &e)
		last = nil
		for i, s := range senders {
			again := f.insist(t, s, boxes[i], i+1)
			for id := range boxes[i] {
				if i == 0 {
					last = append(last, []byte(id))
				}
				if acked[i][id] == pb.Outcome_OUTCOME_STORED {
					acknowledged++
					if again[id] != pb.Outcome_OUTCOME_DUPLICATE {
						t.Fatalf("round %d: acknowledged, and after the fault it is %v", round, again[id])
					}
				}
			}
		}
	}
	f.revoke(t, senders[0])
	t.Logf("%d rounds: %d boxes, %d of them acknowledged before a fault, 0 of these lost; %d erased", rounds, sent, acknowledged, len(erased))
	for _, r := range f.running {
		r.kill(t)
	}
	if out, err := exec.Command("byleave-collector", "check", "--dir", f.dirs[1], "--json").Output(); !allButPolicy(t, out) {
		t.Fatalf("%v: %s", err, out)
	}
	f.countBoxes(t, sent-len(erased), erased, leaves)
	f.backUp(t)
}

// revoke ends a device's certificate in one folder: no collector takes a box of it any more.
func (f *fleet) revoke(t *testing.T, s *sender) {
	t.Helper()
	must(t, exec.Command("byleave-collector", "revoke", "--dir", f.dirs[2], hex.EncodeToString(s.seal.Device[:])).Run())
	b, err := seal.Seal(s.seal, make([]byte, 100))
	must(t, err)
	id := b.Header().Batch
	for _, r := range f.running {
		for _, o := range s.send(t, r.addr, map[string][]byte{string(id[:]): b.Bytes()}) {
			if o == pb.Outcome_OUTCOME_STORED || o == pb.Outcome_OUTCOME_DUPLICATE {
				t.Fatalf("a box of a revoked device: %v", o)
			}
		}
	}
}

// backUp runs what a collector can do of a backup and a restore, and finds that nothing was lost.
func (f *fleet) backUp(t *testing.T) {
	t.Helper()
	to := filepath.Join(t.TempDir(), "backup")
	for _, step := range []struct{ verb, says string }{{"backup", "yours to copy"}, {"restore", "because their\npack is not there: 0,"}} {
		out, err := exec.Command("byleave-collector", step.verb, "--dir", f.dirs[1], to).CombinedOutput()
		if err != nil || !strings.Contains(string(out), step.says) {
			t.Fatalf("%s: %v: %s", step.verb, err, out)
		}
	}
}

// allButPolicy tells whether check found nothing wrong but that no policy is published.
func allButPolicy(t *testing.T, out []byte) bool {
	t.Helper()
	var found []finding
	must(t, json.Unmarshal(out, &found))
	for _, f := range found {
		if !f.OK && f.What != "policy" {
			return false
		}
	}
	return len(found) > 0
}

// sendAll sends what each sender has to its collector, and runs kill at some moment meanwhile.
func (f *fleet) sendAll(t *testing.T, senders []*sender, boxes []map[string][]byte, kill, also func()) []map[string]pb.Outcome {
	t.Helper()
	delay, err := rand.Int(rand.Reader, big.NewInt(80))
	must(t, err)
	acked := make([]map[string]pb.Outcome, len(senders))
	addrs := make([]string, len(senders))
	for i := range senders {
		addrs[i] = f.running[i].addr
	}
	var all sync.WaitGroup
	for i, s := range senders {
		all.Go(func() { acked[i] = s.send(t, addrs[i], boxes[i]) })
	}
	all.Go(also)
	all.Go(func() {
		time.Sleep(time.Duration(delay.Int64()) * time.Millisecond)
		kill()
	})
	all.Wait()
	return acked
}

// insist sends boxes, to one collector after the other, until each is stored.
func (f *fleet) insist(t *testing.T, s *sender, boxes map[string][]byte, to int) map[string]pb.Outcome {
	t.Helper()
	got := map[string]pb.Outcome{}
	limit := time.Now().Add(5 * time.Minute)
	for left := boxes; len(left) > 0; to++ {
		if time.Now().After(limit) {
			t.Fatalf("%d boxes are not taken", len(left))
		}
		for id, o := range s.send(t, f.running[to%len(f.running)].addr, left) {
			got[id] = o
		}
		left = map[string][]byte{}
		for id, b := range boxes {
			if o := got[id]; o != pb.Outcome_OUTCOME_STORED && o != pb.Outcome_OUTCOME_DUPLICATE {
				left[id] = b
			}
		}
	}
	return got
}

func newID() []byte {
	id := make([]byte, 16)
	rand.Read(id) // never fails
	return id
}

// erase asks one collector for an erasure.
func (s *sender) erase(t *testing.T, addr string, e *pb.EraseRequest) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, done := s.client(t, addr)
	defer done()
	_, err := c.Erase(ctx, e)
	return err
}

// insistErase asks for it again, one collector after the other, until it is done.
func (f *fleet) insistErase(t *testing.T, s *sender, e *pb.EraseRequest) {
	t.Helper()
	if e.GetId() == nil {
		return
	}
	limit := time.Now().Add(5 * time.Minute)
	for to := 0; ; to++ {
		err := s.erase(t, f.running[to%len(f.running)].addr, e)
		if err == nil {
			return
		}
		if time.Now().After(limit) {
			t.Fatal("an erasure is not done:", err)
		}
	}
}

// countBoxes opens the store as a collector would, and finds each box once, no erased one, and each leaf once in the ledger.
func (f *fleet) countBoxes(t *testing.T, want int, erased map[store.ID]bool, leaves map[[32]byte]int) {
	t.Helper()
	ctx, quiet := context.Background(), slog.New(slog.DiscardHandler)
	s, err := home(f.dirs[0]).openStore(ctx, quiet)
	must(t, err)
	defer func() { must(t, s.Close()) }()
	seen, number := map[store.ID]bool{}, int64(0)
	for row, err := range s.Scan(ctx, store.Query{}) {
		must(t, err)
		if seen[row.Batch] || erased[row.Batch] {
			t.Fatal("a box stands twice, or was erased")
		}
		seen[row.Batch], number = true, row.Number
	}
	if len(seen) != want || number != int64(want+len(erased)) {
		t.Fatalf("%d boxes up to number %d, %d were sent and not erased", len(seen), number, want)
	}
	key, err := ledger.LoadKey(f.dirs[0])
	must(t, err)
	l := ledger.New(f.dirs[0], key, s, quiet, time.Now)
	l.SetShared(s.(scaled).Store)
	writeRest(t, l, s)
	findLeaves(t, f.dirs[0], key, leaves)
}
