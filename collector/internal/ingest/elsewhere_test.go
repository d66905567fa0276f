package ingest

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/pb"
)

// elsewhere is another collector over the rig's store, which tells the rig's nothing.
func (r *rig) elsewhere() *Ingest {
	r.t.Helper()
	in := New(r.keep, r.ingest.keys, OpenPolicy(filepath.Join(r.dir, "none"), nil, r.ingest.log, time.Now), r.audit, r.ingest.log, time.Now)
	r.t.Cleanup(in.Close)
	return in
}

// withdrawAt withdraws the device's consent at another collector.
func (d *party) withdrawAt(in *Ingest) {
	d.rig.t.Helper()
	ctx := context.WithValue(context.Background(), identityKey{}, ca.Identity{Role: store.DeviceRole, ID: d.id})
	_, err := in.PutConsent(ctx, &pb.PutConsentRequest{Stub: d.stub(withWord)})
	must(d.rig.t, err)
}

// insist sends boxes until one is not put off.
func (d *party) insist(l *line) pb.Outcome {
	d.rig.t.Helper()
	for { // the stream's context ends it
		if got := l.send(d.box(10), nil); got != pb.Outcome_OUTCOME_RETRY {
			return got
		}
	}
}

// TestI06WithdrawalTakenElsewhere: a withdrawal that another collector took shuts the open streams of the person's other devices as soon as
// this one is told, and one that it could not be told of as soon as it hears again. Nobody else waits for longer than it takes to look.
func TestI06WithdrawalTakenElsewhere(t *testing.T) {
	r := newRig(t, nil)
	in := r.elsewhere()
	key := newHPKE(t).PublicKey()
	a, x, other := r.device(key), r.device(key), r.device(key)
	b, y := a.another(), x.another()
	const stored, retry = pb.Outcome_OUTCOME_STORED, pb.Outcome_OUTCOME_RETRY
	lines := map[*party]*line{}
	for _, d := range []*party{a, b, x, y, other} {
		must(t, d.consent(nil))
		lines[d] = d.open()
		if got := lines[d].send(d.box(10), make([]byte, markSize)); got != stored {
			t.Fatal(got)
		}
	}
	hears := func(d *party, taken int) {
		t.Helper()
		before := r.digest()
		for range taken {
			if got := lines[d].send(d.box(10), nil); got != retry {
				t.Errorf("after the withdrawal: %v", got)
			}
		}
		if lines[d].await(2); len(lines[d].news[1].GetWithdrawn()) != 1 || r.digest() != before {
			t.Errorf("the device heard %v", lines[d].news[1])
		}
	}
	a.withdrawAt(in)
	if got := lines[b].send(b.box(10), nil); got != stored {
		t.Fatalf("the control, before anybody is told: %v", got)
	}
	r.ingest.Withdrew(a.subject)
	hears(b, 2)
	if got := lines[other].send(other.box(10), nil); got != stored {
		t.Errorf("another person: %v", got)
	}
	if got := a.insist(lines[a]); got != pb.Outcome_OUTCOME_WITHDRAWN {
		t.Errorf("the device that withdrew: %v", got)
	}

	r.ingest.Deaf()
	if got := lines[other].send(other.box(10), nil); got != retry || r.ingest.Ready() == nil {
		t.Errorf("while withdrawals may go unheard: %v, ready %v", got, r.ingest.Ready())
	}
	x.withdrawAt(in)
	r.ingest.Hears()
	hears(y, 2)
	if got := other.insist(lines[other]); got != stored || r.ingest.Ready() != nil {
		t.Errorf("another person, after it was looked: %v, ready %v", got, r.ingest.Ready())
	}
	if len(lines[other].news) != 1 {
		t.Errorf("another person heard %d news", len(lines[other].news))
	}
	for _, l := range lines {
		l.close()
	}
}

// unasked is a store that cannot be asked for withdrawals while it is broken.
type unasked struct {
	keeper
	broken atomic.Bool
}

func (k *unasked) Withdrawn(ctx context.Context, subject, but store.ID, most int) ([][]byte, error) {
	if k.broken.Load() {
		return nil, errors.New("broken")
	}
	return k.keeper.Withdrawn(ctx, subject, but, most)
}

// TestI04WithdrawalsThatCannotBeLookedUp end the stream: what is not known is no.
func TestI04WithdrawalsThatCannotBeLookedUp(t *testing.T) {
	var k *unasked
	r := newRig(t, func(s keeper) keeper { k = &unasked{keeper: s}; return k })
	d := r.device(newHPKE(t).PublicKey())
	must(t, d.consent(nil))
	l := d.open()
	if got := l.send(d.box(10), make([]byte, markSize)); got != pb.Outcome_OUTCOME_STORED {
		t.Fatal(got)
	}
	l.await(1)
	k.broken.Store(true)
	r.ingest.Withdrew(d.subject)
	if r, err := l.stream.Recv(); err == nil {
		t.Fatalf("the stream goes on: %v", r)
	}
}
