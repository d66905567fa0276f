package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"sync"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A line that breaks every minute and carries 1 KB/s never brings a box of 64 KiB whole. So a device may bring one in pieces: what came stays
// in memory, and the next connection goes on behind it. It is known by the box's header, which names all its bytes by their hashes, and is a box
// only once they are all there and are those. Nothing is acknowledged or kept on a disk, and losing it costs the device the time to send it anew.

const (
	piecesKept  = time.Hour // after the last piece
	piecesShare = 4         // of the memory for boxes, that beginnings of boxes may take: one in so many parts
)

// pieces are the beginnings of boxes of all devices, at most one of each.
type pieces struct {
	memory *memory

	mu    sync.Mutex // guards what follows, and every begun
	of    map[store.ID]*begun
	bytes int64
	turns uint64
}

// begun is what came of a box.
type begun struct {
	subject store.ID
	raw     []byte // header first
	size    int
	turn    uint64        // when the last piece came, in the order of all
	over    chan struct{} // closed when another call goes on, or it is forgotten
	fades   *time.Timer
}

func (b *begun) isOf(head []byte) bool { return bytes.Equal(b.raw[:envelope.HeaderSize], head) }

// begin is the beginning of the box with this header, which the caller alone may add to from now on; nil if there is no room.
func (p *pieces) begin(device, subject store.ID, head []byte, size int, l Limits) (b *begun, have int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.of[device]
	if old == nil || !old.isOf(head) || old.size != size {
		p.remove(device)
		if !p.room(device, int64(len(head)), l) {
			return nil, 0
		}
		old = &begun{subject: subject, raw: bytes.Clone(head), size: size, over: make(chan struct{})}
	}
	close(old.over)
	fresh := *old
	fresh.over = make(chan struct{})
	p.keep(device, &fresh)
	return &fresh, len(fresh.raw)
}

// add appends a piece; false if b is not the caller's any more, or there is no room.
func (p *pieces) add(device store.ID, b *begun, piece []byte, l Limits) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[device] != b || len(piece) > b.size-len(b.raw) || !p.room(device, int64(len(piece)), l) {
		return false
	}
	b.raw = append(b.raw, piece...)
	p.keep(device, b)
	return true
}

// keep notes that b was touched; it is forgotten some time after the last touch.
func (p *pieces) keep(device store.ID, b *begun) {
	if b.fades != nil {
		b.fades.Stop()
	}
	p.turns++
	b.turn = p.turns
	b.fades = time.AfterFunc(piecesKept, func() { p.fade(device, b) })
	p.of[device] = b
}

func (p *pieces) fade(device store.ID, b *begun) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[device] == b {
		p.remove(device)
	}
}

// room counts n bytes more, for which what was touched longest ago gives way; false if there is no room even so.
func (p *pieces) room(device store.ID, n int64, l Limits) bool {
	for p.bytes+n > l.MemoryMiB<<20/piecesShare {
		oldest, at := store.ID{}, uint64(math.MaxUint64)
		for id, b := range p.of {
			if id != device && b.turn < at {
				oldest, at = id, b.turn
			}
		}
		if at == math.MaxUint64 {
			return false
		}
		p.remove(oldest)
	}
	if !p.memory.take(n, l) {
		return false
	}
	p.bytes += n
	return true
}

// remove forgets the beginning of a device's box, if there is one. p.mu is held.
func (p *pieces) remove(device store.ID) {
	b := p.of[device]
	if b == nil {
		return
	}
	b.fades.Stop()
	close(b.over)
	p.bytes -= int64(len(b.raw))
	p.memory.free(int64(len(b.raw)))
	delete(p.of, device)
}

// whole is a copy of the box with this header, nil unless all of it is there. If its bytes are others than the header says, it is forgotten.
func (p *pieces) whole(device store.ID, head []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.of[device]
	if b == nil || len(head) != envelope.HeaderSize || !b.isOf(head) || len(b.raw) != b.size {
		return nil
	}
	raw := append(fromShelf(b.size)[:0], b.raw...)
	if _, err := envelope.Parse(raw); err != nil {
		p.remove(device)
		return nil
	}
	return raw
}

// drop forgets the box of this id: it was answered for good.
func (p *pieces) drop(device store.ID, batch []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b := p.of[device]; b != nil && bytes.Equal(claimedID(b.raw), batch) {
		p.remove(device)
	}
}

// forget destroys what came of any box of a person: they withdrew, or took boxes back.
func (p *pieces) forget(subject store.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for device, b := range p.of {
		if b.subject == subject {
			p.remove(device)
		}
	}
}

// close forgets all.
func (p *pieces) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for device := range p.of {
		p.remove(device)
	}
}

// PutPieces takes pieces of one box. A second call of a device ends the first, whose line may be dead.
func (in *Ingest) PutPieces(stream pb.Device_PutPiecesServer) error {
	ctx := stream.Context()
	device, subject, err := in.person(ctx)
	if err != nil {
		return err
	}
	req, err := stream.Recv()
	if err != nil {
		return err
	}
	size, head := req.GetSize(), req.GetHeader()
	h, err := envelope.PeekHeader(head)
	if err != nil || len(head) != envelope.HeaderSize || h.Device != device || h.Subject != subject || size <= envelope.HeaderSize || size > envelope.MaxSize {
		return in.malformed("pieces begin with the header of a box of this device, and its size")
	}
	b, have := in.pieces.begin(device, subject, head, int(size), in.limits())
	if b == nil {
		return retryLater("the collector is short of memory", busyRetry)
	}
	if err := stream.Send(&pb.PutPiecesResponse{Have: uint32(have)}); err != nil {
		return err
	}
	done := make(chan error, 1)
	in.streams.Go(func() { done <- in.gather(stream, device, b, int(size)-have) }) // ends with the stream, whose context dies when this function returns
	select {
	case err = <-done:
	case <-b.over:
		err = status.Error(codes.Aborted, "another call goes on with it, or it was taken back")
	case <-in.draining:
		err = retryLater("the collector restarts", drainRetry)
	}
	if err != nil {
		return err
	}
	return stream.Send(&pb.PutPiecesResponse{Have: size})
}

// gather adds pieces until none is left to come.
func (in *Ingest) gather(stream pb.Device_PutPiecesServer, device store.ID, b *begun, left int) error {
	acct := in.accounts.at(device)
	for left > 0 {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return status.FromContextError(context.Canceled).Err()
		}
		if err != nil {
			return err
		}
		in.pulse.beat()
		piece := req.GetPiece()
		if len(piece) == 0 || len(piece) > left {
			return in.malformed("a piece holds bytes of the box, and none beyond its end")
		}
		if wait, ok := acct.spend(0, int64(len(piece)), in.now(), in.limits()); !ok {
			in.audit.Count(Limited)
			return retryLater("this device has sent too much today", wait)
		}
		if !in.pieces.add(device, b, piece, in.limits()) {
			return retryLater("the collector is short of memory, or another call goes on with it", busyRetry)
		}
		left -= len(piece)
	}
	return nil
}

// whole is the box of a request. One that came in pieces and is not there any more is to be sent anew.
func (u *upload) whole(req *pb.UploadRequest) ([]byte, bool) {
	if !req.GetInPieces() {
		return req.GetBox(), true
	}
	u.pieced.Store(true)
	if raw := u.in.pieces.whole(u.device, req.GetBox()); raw != nil {
		return raw, true
	}
	u.ack(bytes.Clone(claimedID(req.GetBox())), pb.Outcome_OUTCOME_RETRY, busyRetry)
	return nil, false
}
