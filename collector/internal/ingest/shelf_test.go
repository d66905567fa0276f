package ingest

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
)

// eager fills the shelves' memory with noise as soon as a group is stored, as the next boxes will.
type eager struct{ keeper }

func (e eager) Put(ctx context.Context, g []store.Record) ([]store.Outcome, error) {
	out, err := e.keeper.Put(ctx, g)
	for _, r := range g {
		for _, part := range [][]byte{r.Head, r.Capsules, r.Payload} {
			for i := range part {
				part[i] = 0xee
			}
		}
	}
	return out, err
}

// TestSharedMemoryIsNobodys: while many boxes, good and refused, follow each other in the same memory, each is stored as it came, and each
// ack names its own box.
func TestSharedMemoryIsNobodys(t *testing.T) {
	r := newRig(t, func(k keeper) keeper { return eager{k} })
	key := newHPKE(t).PublicKey()
	var wg sync.WaitGroup
	for range 3 {
		d := r.device(key)
		must(t, d.consent(nil))
		good, bad := map[store.ID][]byte{}, map[store.ID]bool{}
		var send [][]byte
		for range 40 {
			b := d.box(3000)
			good[b.Header().Batch] = b.Bytes()
			torn := bytes.Clone(d.box(3000).Bytes())
			torn[len(torn)-1] ^= 1
			bad[store.ID(claimedID(torn))] = true
			send = append(send, b.Bytes(), torn)
		}
		wg.Go(func() { sendAll(t, d, send, good, bad) })
		wg.Go(func() { sendAll(t, d, slices.Clone(send), good, bad) }) // the same again: duplicates
		defer func() {
			for id, raw := range good {
				rec, err := r.store.Read(t.Context(), id)
				must(t, err)
				if !bytes.Equal(slices.Concat(rec.Head, rec.Capsules, rec.Payload), raw) {
					t.Errorf("box %x is not stored as it came", id[:2])
				}
			}
		}()
	}
	wg.Wait()
}

// sendAll sends boxes and checks that each is answered once, and as it should.
func sendAll(t *testing.T, d *party, boxes [][]byte, good map[store.ID][]byte, bad map[store.ID]bool) {
	stream, err := pb.NewDeviceClient(d.conn).Upload(t.Context())
	if err != nil {
		t.Error(err)
		return
	}
	for _, b := range boxes {
		if err := stream.Send(&pb.UploadRequest{Box: b, Salt: make([]byte, 32)}); err != nil {
			t.Error(err)
			return
		}
	}
	answered := map[store.ID]bool{}
	for range boxes {
		resp, err := stream.Recv()
		if err != nil {
			t.Error(err)
			return
		}
		id, o := envelope.ID(resp.GetAck().GetBatch()), resp.GetAck().GetOutcome()
		_, isGood := good[id]
		fits := isGood && (o == pb.Outcome_OUTCOME_STORED || o == pb.Outcome_OUTCOME_DUPLICATE) || bad[id] && o == pb.Outcome_OUTCOME_QUARANTINE
		if !fits || answered[id] {
			t.Errorf("box %x: %v, answered before: %v", id[:2], o, answered[id])
		}
		answered[id] = true
	}
	if err := stream.CloseSend(); err != nil {
		t.Error(err)
	}
}
