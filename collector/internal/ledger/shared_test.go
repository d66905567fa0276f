//go:build unix

package ledger

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// place is a Shared in memory. fault, if any, is asked before and after a part is added.
type place struct {
	mu    sync.Mutex
	parts [][]byte
	turn  time.Time
	fault func(added bool) error
}

func (p *place) AddPart(_ context.Context, n uint64, part []byte) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault != nil {
		if err := p.fault(false); err != nil {
			return false, err
		}
	}
	if n != uint64(len(p.parts)) {
		return false, nil
	}
	p.parts = append(p.parts, slices.Clone(part))
	if p.fault != nil {
		return true, p.fault(true)
	}
	return true, nil
}

func (p *place) Part(_ context.Context, n uint64) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n >= uint64(len(p.parts)) {
		return nil, nil
	}
	return p.parts[n], nil
}

func (p *place) Turn(_ context.Context, at time.Time) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	mine := at.After(p.turn)
	p.turn = at
	return mine, nil
}

// collectors are ledgers of one key and one store, each with a folder of its own.
func collectors(t *testing.T, shared Shared, n int) []*bench {
	t.Helper()
	out := []*bench{newBench(t)}
	out[0].log.SetShared(shared)
	for range n - 1 {
		b := &bench{dir: storetest.Memory(t), store: out[0].store}
		key, err := os.ReadFile(filepath.Join(out[0].dir, keyName))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(b.dir, keyName), key, 0o600))
		b.log = b.open(t, b.store)
		b.log.SetShared(shared)
		out = append(out, b)
	}
	return out
}

// same fails the test if the collectors' ledgers are not one, or if a leaf does not stand in it once.
func same(t *testing.T, all []*bench, leaves [][]byte) {
	t.Helper()
	var want []byte
	for _, b := range all {
		must(t, b.log.Follow(ctx))
		found := b.all(t)
		for _, leaf := range leaves {
			if found[string(leaf)] != 1 {
				t.Fatalf("a leaf stands %d times in the ledger", found[string(leaf)])
			}
		}
		signed, err := os.ReadFile(filepath.Join(b.log.path(), "checkpoint"))
		must(t, err)
		if want == nil {
			want = signed
		}
		if !bytes.Equal(want, signed) {
			t.Fatal("two collectors signed different pasts")
		}
	}
}

// TestSeveralCollectorsWriteOneLedger: all at once, and each leaf stands in it once.
func TestSeveralCollectorsWriteOneLedger(t *testing.T) {
	all := collectors(t, &place{}, 3)
	p := storetest.Enrol(t, all[0].store)
	leaves := all[0].put(t, p, 700)
	var wg sync.WaitGroup
	for _, b := range all {
		wg.Go(func() {
			for range 3 {
				if err := b.log.Lot(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	same(t, all, leaves)
	fresh := &bench{dir: storetest.Memory(t), store: all[0].store}
	fresh.log = New(fresh.dir, all[0].log.key, fresh.store, all[0].log.log, time.Now)
	fresh.log.SetShared(all[0].log.shared)
	must(t, fresh.log.Settle(ctx)) // a collector that comes later
	same(t, append(all, fresh), leaves)
}

// TestAChangeWithinATickIsShared: a file that kept its time and length while it changed is in the part; one that had long been there is not.
func TestAChangeWithinATickIsShared(t *testing.T) {
	l := &Log{dir: t.TempDir()}
	began := time.Now()
	put := func(name, text string, at time.Time) {
		path := filepath.Join(l.path(), name)
		must(t, os.MkdirAll(l.path(), 0o700))
		must(t, os.WriteFile(path, []byte(text), 0o600))
		must(t, os.Chtimes(path, at, at))
	}
	put("tile", "whole", began.Add(-time.Minute))
	put("checkpoint", "12", began)
	before, err := l.files()
	must(t, err)
	put("checkpoint", "13", began)
	part, err := l.written(before, began)
	must(t, err)
	if !bytes.Contains(part, []byte("13")) || bytes.Contains(part, []byte("whole")) {
		t.Error("the part is not what was written")
	}
}

// TestSharedLedgerSurvivesALostCollector: one dies before its part was added, or before it knew that it was. The other goes on, and so does the
// first one with what the other wrote.
func TestSharedLedgerSurvivesALostCollector(t *testing.T) {
	for _, added := range []bool{false, true} {
		shared := &place{}
		all := collectors(t, shared, 2)
		p := storetest.Enrol(t, all[0].store)
		leaves := all[0].put(t, p, 100)
		must(t, all[0].log.Lot(ctx))
		leaves = append(leaves, all[0].put(t, p, 100)...)
		shared.fault = func(after bool) error {
			if after == added {
				return errDied
			}
			return nil
		}
		if err := all[0].log.Lot(ctx); !errors.Is(err, errDied) {
			t.Fatal(err)
		}
		shared.fault = nil
		leaves = append(leaves, all[1].put(t, p, 50)...)
		must(t, all[1].log.Lot(ctx))
		all[0].log = all[0].open(t, all[0].store)
		all[0].log.SetShared(shared)
		must(t, all[0].log.Settle(ctx))
		must(t, all[0].log.Lot(ctx))
		same(t, all, leaves)
	}
}

// TestSharedLedgerThatIsLostIsNotBegunAnew: people saw another past.
func TestSharedLedgerThatIsLostIsNotBegunAnew(t *testing.T) {
	shared := &place{}
	all := collectors(t, shared, 1)
	all[0].put(t, storetest.Enrol(t, all[0].store), 10)
	must(t, all[0].log.Lot(ctx))
	lost := &bench{dir: storetest.Memory(t), store: all[0].store}
	lost.log = New(lost.dir, all[0].log.key, lost.store, all[0].log.log, time.Now)
	lost.log.SetShared(&place{})
	if err := lost.log.Lot(ctx); !errors.Is(err, ErrShort) {
		t.Fatal(err)
	}
}
