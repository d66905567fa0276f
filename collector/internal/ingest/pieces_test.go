package ingest

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/codes"
)

// bringing is one call of PutPieces, and what the collector said that it has.
type bringing struct {
	t      *testing.T
	stream pb.Device_PutPiecesClient
	have   int
	end    context.CancelFunc
}

func (p *party) bring(raw []byte) *bringing {
	p.rig.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	p.rig.t.Cleanup(cancel)
	stream, err := pb.NewDeviceClient(p.conn).PutPieces(ctx)
	must(p.rig.t, err)
	must(p.rig.t, stream.Send(&pb.PutPiecesRequest{Header: raw[:envelope.HeaderSize], Size: uint32(len(raw))}))
	res, err := stream.Recv()
	must(p.rig.t, err)
	return &bringing{p.rig.t, stream, int(res.GetHave()), cancel}
}

// add sends bytes in pieces of 1,000.
func (b *bringing) add(raw []byte) {
	b.t.Helper()
	for len(raw) > 0 {
		n := min(1000, len(raw))
		must(b.t, b.stream.Send(&pb.PutPiecesRequest{Piece: raw[:n]}))
		raw = raw[n:]
	}
}

// all waits until the collector says that it has everything.
func (b *bringing) all(size int) {
	b.t.Helper()
	res, err := b.stream.Recv()
	must(b.t, err)
	if int(res.GetHave()) != size {
		b.t.Fatalf("the collector has %d bytes of %d", res.GetHave(), size)
	}
}

// held is how many bytes of boxes that are not whole lie in memory.
func (r *rig) held() int64 {
	r.ingest.pieces.mu.Lock()
	defer r.ingest.pieces.mu.Unlock()
	return r.ingest.pieces.bytes
}

// inPieces asks for a box of which only the header is sent.
func (p *party) inPieces(head []byte) pb.Outcome {
	p.rig.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream, err := pb.NewDeviceClient(p.conn).Upload(ctx)
	must(p.rig.t, err)
	must(p.rig.t, stream.Send(&pb.UploadRequest{Box: head, InPieces: true}))
	res, err := stream.Recv()
	must(p.rig.t, err)
	must(p.rig.t, stream.CloseSend())
	if !bytes.Equal(res.GetAck().GetBatch(), claimedID(head)) {
		p.rig.t.Fatal("another box was answered")
	}
	return res.GetAck().GetOutcome()
}

// TestI14PiecesMakeABox: a box whose line broke twice goes on where it was, counts only once it is whole, and is stored as it was sealed.
func TestI14PiecesMakeABox(t *testing.T) {
	r := newRig(t, nil)
	d := r.device(newHPKE(t).PublicKey())
	must(t, d.consent(nil))
	box := d.box(60_000)
	raw := box.Bytes()
	first := d.bring(raw)
	if first.have != envelope.HeaderSize {
		t.Fatalf("the collector has %d bytes of a new box", first.have)
	}
	first.add(raw[first.have:20_331])
	eventually(t, "the first pieces", func() bool { return r.held() == 20_331 })
	if got := d.inPieces(raw[:envelope.HeaderSize]); got != pb.Outcome_OUTCOME_RETRY {
		t.Fatalf("a part of a box: %v", got)
	}
	first.end()
	second := d.bring(raw)
	if second.have != 20_331 {
		t.Fatalf("the collector has %d bytes after a break, not 20,331", second.have)
	}
	second.add(raw[second.have:40_000])
	eventually(t, "more pieces", func() bool { return r.held() == 40_000 })
	third := d.bring(raw) // the line of the second is dead, and nobody knows
	if _, err := second.stream.Recv(); codeOf(err) != codes.Aborted {
		t.Fatalf("two calls bring one box: %v", err)
	}
	third.add(raw[third.have:])
	third.all(len(raw))
	if got := d.inPieces(raw[:envelope.HeaderSize]); got != pb.Outcome_OUTCOME_STORED {
		t.Fatalf("a box in pieces: %v", got)
	}
	rec, err := r.store.Read(t.Context(), box.Header().Batch)
	must(t, err)
	if head, capsules, payload := box.Parts(); !bytes.Equal(rec.Head, head) || !bytes.Equal(rec.Capsules, capsules) || !bytes.Equal(rec.Payload, payload) {
		t.Fatal("another box is stored than was sealed")
	}
	eventually(t, "nothing to be held any more", func() bool { return r.held() == 0 && r.ingest.memory.used.Load() == 0 })
	d.want(pb.Outcome_OUTCOME_DUPLICATE, raw)
}

// TestPiecesOfAnotherBox: pieces that are not the box that its header names are no box, and no reason to set the right one aside.
func TestPiecesOfAnotherBox(t *testing.T) {
	r := newRig(t, nil)
	d, other := r.device(newHPKE(t).PublicKey()), r.device(newHPKE(t).PublicKey())
	must(t, d.consent(nil))
	box := d.box(10_000)
	raw := box.Bytes()
	wrong := bytes.Clone(raw)
	wrong[len(wrong)-1] ^= 1
	b := d.bring(wrong)
	b.add(wrong[b.have:])
	b.all(len(wrong))
	before := r.digest()
	if got := d.inPieces(raw[:envelope.HeaderSize]); got != pb.Outcome_OUTCOME_RETRY || r.digest() != before {
		t.Fatalf("other bytes than the header names: %v", got)
	}
	if r.held() != 0 {
		t.Fatal("wrong bytes are held")
	}
	for name, req := range map[string]*pb.PutPiecesRequest{
		"another device's": {Header: other.box(10).Bytes()[:envelope.HeaderSize], Size: 10_000},
		"a short header":   {Header: raw[:100], Size: 10_000},
		"a long header":    {Header: raw[:envelope.HeaderSize+1], Size: 10_000},
		"no box":           {Header: raw[:envelope.HeaderSize], Size: envelope.HeaderSize},
		"too large":        {Header: raw[:envelope.HeaderSize], Size: envelope.MaxSize + 1},
		"nothing":          {},
	} {
		stream, err := pb.NewDeviceClient(d.conn).PutPieces(t.Context())
		must(t, err)
		must(t, stream.Send(req))
		if _, err := stream.Recv(); codeOf(err) != codes.InvalidArgument || r.held() != 0 {
			t.Errorf("%s: %v, %d bytes held", name, err, r.held())
		}
	}
	for name, piece := range map[string][]byte{"beyond the end": raw, "of nothing": nil} {
		b := d.bring(raw)
		must(t, b.stream.Send(&pb.PutPiecesRequest{Piece: piece}))
		if _, err := b.stream.Recv(); codeOf(err) != codes.InvalidArgument {
			t.Errorf("a piece %s: %v", name, err)
		}
	}
	d.want(pb.Outcome_OUTCOME_STORED, raw)
}

// TestI21PiecesAreErased: what came of a box is destroyed at once when its person takes boxes back, by whatever way, or withdraws; whoever
// brings it is told, and others' stays.
func TestI21PiecesAreErased(t *testing.T) {
	for name, take := range map[string]func(r *rig, d *party){
		"one box":                       func(r *rig, d *party) { _, err := d.erase(newID(), false, newID()); must(r.t, err) },
		"all":                           func(r *rig, d *party) { _, err := d.erase(newID(), true); must(r.t, err) },
		"withdraw":                      func(r *rig, d *party) { must(r.t, d.consent(withdrawn)) },
		"withdraw at another collector": func(r *rig, d *party) { r.ingest.Withdrew(d.subject) },
		"by code": func(r *rig, d *party) {
			code := erasure.NewCode()
			hash := erasure.Hash(code)
			must(r.t, putCode(d, hash[:]))
			must(r.t, byCode(r, code[:]))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			d, other := r.device(newHPKE(t).PublicKey()), r.device(newHPKE(t).PublicKey())
			must(t, d.consent(nil))
			raw, theirs := d.box(10_000).Bytes(), other.box(10_000).Bytes()
			b := d.bring(raw)
			b.add(raw[b.have:5000])
			other.bring(theirs)
			eventually(t, "pieces", func() bool { return r.held() == 5000+envelope.HeaderSize })
			take(r, d)
			if r.held() != envelope.HeaderSize || r.ingest.memory.used.Load() != envelope.HeaderSize {
				t.Fatalf("%d bytes are still held", r.held())
			}
			if _, err := b.stream.Recv(); codeOf(err) != codes.Aborted {
				t.Errorf("who brings it is told: %v", err)
			}
		})
	}
}

// TestI18PiecesAreBounded: each device has one box in pieces, all together have their share of the memory, what was touched longest ago gives
// way, and the day's budget counts pieces.
func TestI18PiecesAreBounded(t *testing.T) {
	var m memory
	p := pieces{memory: &m, of: map[store.ID]*begun{}}
	l := Limits{MemoryMiB: 1}
	head := func(n byte) []byte { return bytes.Repeat([]byte{n}, envelope.HeaderSize) }
	const most = 1 << 20 / piecesShare
	fill := func(n byte, size int) bool {
		b, have := p.begin(store.ID{n}, store.ID{n}, head(n), size, l)
		return b != nil && p.add(store.ID{n}, b, make([]byte, size-have-1), l)
	}
	for n := range byte(10) {
		if !fill(n, 100_000) || p.bytes > most || m.used.Load() != p.bytes {
			t.Fatalf("device %d: %d bytes, %d counted", n, p.bytes, m.used.Load())
		}
	}
	if len(p.of) != 2 || p.of[store.ID{9}] == nil || p.of[store.ID{8}] == nil {
		t.Fatalf("%d devices have pieces; those of the oldest should have given way", len(p.of))
	}
	if fill(10, most+2) || p.bytes > most {
		t.Fatalf("one device has more than all may: %d bytes", p.bytes)
	}
	b, _ := p.begin(store.ID{9}, store.ID{9}, head(99), 5000, l) // another box
	if p.of[store.ID{9}] != b || len(b.raw) != envelope.HeaderSize {
		t.Fatal("a device has two boxes in pieces")
	}
	m.used.Store(1 << 20) // boxes in flight have it all
	if p.add(store.ID{9}, b, []byte{1}, l) {
		t.Fatal("pieces take more than there is")
	}
	p.close()
	a := &account{}
	if _, ok := a.spend(0, 17<<20, time.Now(), Limits{DayMiB: 16, DayBoxes: 1}); ok {
		t.Fatal("pieces do not count in the day's budget")
	}
}

// TestPiecesFade: what nobody goes on with is forgotten an hour after its last piece.
func TestPiecesFade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pieces{memory: new(memory), of: map[store.ID]*begun{}}
		l := DefaultLimits()
		b, _ := p.begin(store.ID{1}, store.ID{1}, make([]byte, envelope.HeaderSize), 5000, l)
		time.Sleep(piecesKept - time.Second)
		if !p.add(store.ID{1}, b, []byte{1}, l) {
			t.Fatal("forgotten too soon")
		}
		time.Sleep(piecesKept - time.Second)
		p.mu.Lock()
		kept := len(p.of)
		p.mu.Unlock()
		if kept != 1 {
			t.Fatal("forgotten too soon after the last piece")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(p.of) != 0 || p.bytes != 0 || p.memory.used.Load() != 0 {
			t.Fatal("never forgotten")
		}
	})
}
