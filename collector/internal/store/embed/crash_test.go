package embed

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

const childDir = "BYLEAVE_STORETEST_CHILD_DIR"

// child puts boxes as fast as it can and prints the id of each once it may be acknowledged, until it is killed.
func child(dir string) {
	s, _, err := Open(context.Background(), dir, quiet())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	t := &stubTB{}
	var out sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		p := storetest.Enrol(t, s)
		wg.Go(func() {
			for {
				group := []store.Record{p.Record(5000), p.Record(40 << 10)}
				if _, err := s.Put(ctx, group); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				out.Lock()
				fmt.Printf("%x\n%x\n", group[0].Batch, group[1].Batch)
				out.Unlock()
			}
		})
	}
	wg.Wait()
}

// stubTB lets the child use the makers of storetest; what fails there ends it.
type stubTB struct{ testing.TB }

func (*stubTB) Helper() {}
func (*stubTB) Fatal(args ...any) {
	fmt.Fprintln(os.Stderr, args...)
	os.Exit(1)
}

// TestI16AckMeansDurableUnderKill kills a collector's store at random moments under load, many times over one folder.
func TestI16AckMeansDurableUnderKill(t *testing.T) {
	rounds := 25
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	dir := t.TempDir()
	acked := map[store.ID]bool{}
	for round := range rounds {
		for id := range killOne(t, dir, time.Duration(rnd.IntN(60))*time.Millisecond) {
			if acked[id] {
				t.Fatal("an id was stored twice")
			}
			acked[id] = true
		}
		s, rep, err := Open(ctx, dir, quiet())
		must(t, err)
		if rep.Missing != 0 || rep.Salved {
			t.Fatalf("round %d: %+v", round, rep)
		}
		if round == rounds-1 {
			storetest.Verify(t, s)
		}
		for id := range acked {
			r, err := s.Read(ctx, id)
			if err != nil {
				t.Fatalf("round %d: an acknowledged box: %v", round, err)
			}
			if want := storetest.Fill(r, len(r.Payload)); string(want.Payload) != string(r.Payload) || string(want.Capsules) != string(r.Capsules) {
				t.Fatalf("round %d: an acknowledged box has other bytes", round)
			}
		}
		must(t, s.Close())
	}
	if len(acked) < rounds {
		t.Fatalf("only %d boxes were acknowledged: the load was no load", len(acked))
	}
	t.Logf("%d boxes acknowledged over %d kills, all whole", len(acked), rounds)
}

// killOne runs a child until the first ack and then for a while, kills it, and returns what it acknowledged.
func killOne(t *testing.T, dir string, after time.Duration) map[store.ID]bool {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	acked := map[store.ID]bool{}
	sc := bufio.NewScanner(pipe)
	for sc.Scan() {
		if raw, err := hex.DecodeString(sc.Text()); err == nil && len(raw) == 16 { // the last line may be torn
			acked[store.ID(raw)] = true
		}
		if len(acked) == 1 {
			time.AfterFunc(after, func() {
				if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Error(err)
				}
			})
		}
	}
	if err := sc.Err(); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	return acked
}
