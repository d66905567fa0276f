package embed

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

const eraserDir = "BYLEAVE_STORETEST_ERASER_DIR"

// eraser puts boxes, erases some and compacts what is left, as fast as it can, and says so: "+" stored, "?" about to be erased, "-" erased.
func eraser(dir string) {
	s, _, err := Open(ctx, dir, quiet())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	t := &stubTB{}
	p := storetest.Enrol(t, s)
	for {
		group := []store.Record{p.Record(3000), p.Record(3000), p.Record(3000)}
		if _, err := s.Put(ctx, group); err != nil {
			t.Fatal(err)
		}
		for _, r := range group {
			fmt.Printf("+%x\n", r.Batch)
		}
		goes := group[rand.IntN(3)].Batch
		fmt.Printf("?%x\n", goes)
		e := store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, Batches: []store.ID{goes}, At: storetest.Noon}
		if _, err := s.Erase(ctx, e, storetest.Sign); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("-%x\n", goes)
		if _, err := s.CompactAll(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// TestI21ErasedStaysErasedUnderKill kills a store at random moments while it erases and compacts: what it said was erased is gone, the bytes
// too, and what nobody asked to erase is whole.
func TestI21ErasedStaysErasedUnderKill(t *testing.T) {
	dir, rounds := t.TempDir(), 12
	state := map[store.ID]byte{}
	for range rounds {
		killEraser(t, dir, time.Duration(rand.IntN(250))*time.Millisecond, state)
		s, rep, err := Open(ctx, dir, quiet())
		must(t, err)
		if rep.Missing != 0 || rep.Salved || rep.Shut != 0 || rep.Keyless != 0 {
			t.Fatalf("%+v", rep)
		}
		for id, sign := range state {
			_, err := s.Read(ctx, id)
			if sign == '+' && err != nil || sign == '-' && !errors.Is(err, store.ErrNotFound) || err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("a box that was last said to be %q: %v", sign, err)
			}
		}
		storetest.Verify(t, s)
		must(t, s.Close())
	}
	erased, kept := 0, 0
	var gone []store.Record
	for id, sign := range state {
		if sign == '-' {
			erased++
			gone = append(gone, storetest.Fill(store.Record{Batch: id}, 3000))
		} else if sign == '+' {
			kept++
		}
	}
	s, _, err := Open(ctx, dir, quiet())
	must(t, err)
	_, err = s.CompactAll(ctx)
	must(t, errors.Join(err, s.Close()))
	if n := inPacks(t, dir, gone); n != 0 {
		t.Errorf("%d erased boxes lie in the packs", n)
	}
	if room := packRoom(t, dir); room > int64(kept)*2*3100+100_000 {
		t.Errorf("%d boxes stay, and packs take %d bytes", kept, room)
	}
	if erased < rounds {
		t.Fatalf("only %d boxes were erased", erased)
	}
	t.Logf("%d boxes, %d erased over %d kills", len(state), erased, rounds)
}

func killEraser(t *testing.T, dir string, after time.Duration, state map[store.ID]byte) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), eraserDir+"="+dir)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	armed := false
	for sc := bufio.NewScanner(pipe); sc.Scan(); {
		line := sc.Text()
		if len(line) == 33 { // the last line may be torn
			if raw, err := hex.DecodeString(line[1:]); err == nil {
				state[store.ID(raw)] = line[0]
			}
		}
		if !armed && len(line) > 0 && line[0] == '-' { // so that each round has erased something
			armed = true
			time.AfterFunc(after, func() {
				if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Error(err)
				}
			})
		}
	}
	if cmd.Wait() == nil {
		t.Fatal("the child ended by itself")
	}
}
