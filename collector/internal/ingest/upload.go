package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	streamBoxes  = 64 // boxes in flight per stream
	busyRetry    = 2 * time.Second
	troubleRetry = 10 * time.Second
	drainRetry   = 2 * time.Second
)

// upload is one running stream.
type upload struct {
	in     *Ingest
	stream pb.Device_UploadServer
	device store.ID
	who    store.Standing // of the device, once begun; only receive's goroutine writes it
	acct   *account
	slots  chan struct{}           // one per box in flight: taken by receive, given back when its ack was sent
	acks   chan *pb.UploadResponse // has room for every slot, so that nobody waits for a slow device
	ended  chan end

	shut      atomic.Bool                 // its device has not heard of a withdrawal: no box is taken
	withdrawn atomic.Pointer[withdrawals] // there were when the stream began
	doubts    atomic.Int64                // how often there may have been another one,
	settled   atomic.Int64                // and after how many of them it was looked: no box is taken in between
	listens   atomic.Bool                 // its device says what it heard
	told      atomic.Pointer[[]byte]      // the mark of what it heard or was told
	stirred   chan struct{}               // there may be news
	pieced    atomic.Bool                 // a box of it came in pieces
}

// end is how receiving ended and how many acks are due in all.
type end struct {
	err   error
	boxes int
}

// Upload answers every box that it receives. It ends when the device does, when the certificate no longer counts, or at drain. Until the first
// box has come it holds next to nothing.
func (in *Ingest) Upload(stream pb.Device_UploadServer) error {
	device, err := deviceOf(stream.Context())
	if err != nil {
		return err
	}
	acct, ok := in.accounts.enter(device)
	if !ok {
		in.audit.Count(Limited)
		return retryLater("this device has too many streams open", busyRetry)
	}
	defer in.accounts.leave(device)
	in.crowd.enter()
	defer in.crowd.leave()
	in.streams.Add(1)
	first, err := in.silent.first(stream, in.draining)
	if err != nil {
		in.streams.Done()
		return in.ending(err)
	}
	u := &upload{in: in, stream: stream, device: device, acct: acct, slots: make(chan struct{}, streamBoxes),
		acks: make(chan *pb.UploadResponse, streamBoxes), ended: make(chan end, 1), stirred: make(chan struct{}, 1)}
	go u.receive(first) // ends with the stream, whose context dies when this function returns
	return u.answer()
}

// receive takes boxes until the stream ends. At most streamBoxes and the device's share of bytes are in flight.
func (u *upload) receive(req *pb.UploadRequest) {
	defer u.in.streams.Done()
	defer u.in.listeners.leave(u)
	var err error
	u.in.desk.do(func() { err = u.begin(req.GetHeard()) })
	for n := 0; ; n++ {
		if err == nil {
			select {
			case u.slots <- struct{}{}:
			case <-u.stream.Context().Done():
				err = u.stream.Context().Err()
			}
		}
		if err != nil || u.in.isDraining() {
			u.ended <- end{err, n}
			return
		}
		if box, ok := u.whole(req); ok {
			u.take(box, req.GetSalt())
		}
		req, err = u.stream.Recv()
	}
}

// take sees to it that exactly one ack is made for the box, and that its memory is given back once nobody looks at it.
func (u *upload) take(raw, salt []byte) {
	u.in.pulse.beat()
	ctx, size := u.stream.Context(), int64(len(raw))
	refuse := func(o pb.Outcome, wait time.Duration) {
		id := bytes.Clone(claimedID(raw))
		toShelf(raw)
		u.ack(id, o, wait)
	}
	if len(raw) > envelope.MaxSize {
		u.in.audit.Count(Malformed)
		refuse(pb.Outcome_OUTCOME_QUARANTINE, 0)
		return
	}
	if !u.open() {
		refuse(pb.Outcome_OUTCOME_RETRY, busyRetry)
		return
	}
	if wait, ok := u.acct.spend(1, size, u.in.now(), u.in.limits()); !ok {
		u.in.audit.Count(Limited)
		refuse(pb.Outcome_OUTCOME_RETRY, wait)
		return
	}
	if u.acct.bytes.Acquire(ctx, size) != nil { // waits: a device gets its share and no more
		refuse(pb.Outcome_OUTCOME_RETRY, busyRetry)
		return
	}
	if !u.in.memory.take(size, u.in.limits()) {
		u.acct.bytes.Release(size)
		refuse(pb.Outcome_OUTCOME_RETRY, busyRetry)
		return
	}
	free := func() { u.in.memory.free(size); u.acct.bytes.Release(size) }
	var rec store.Record
	var refused pb.Outcome
	u.in.desk.do(func() { rec, refused = u.in.examine(u, raw, salt) })
	if refused != pb.Outcome_OUTCOME_UNSPECIFIED {
		free()
		refuse(refused, troubleRetry)
		return
	}
	err := u.in.commit.submit(ctx, job{rec, func(o store.Outcome) {
		free()
		toShelf(raw)
		u.ack(rec.Batch[:], u.in.outcome(o), troubleRetry)
	}})
	if err != nil {
		free()
		refuse(pb.Outcome_OUTCOME_RETRY, busyRetry)
	}
}

// ack queues one answer. It never blocks: the box holds a slot, and acks has room for each.
func (u *upload) ack(batch []byte, o pb.Outcome, wait time.Duration) {
	a := &pb.Ack{Batch: batch, Outcome: o}
	switch o {
	case pb.Outcome_OUTCOME_RETRY:
		a.RetryAfterMs = uint32(wait.Milliseconds())
	case pb.Outcome_OUTCOME_SEND_CONSENT:
	default:
		if u.pieced.Load() {
			u.in.pieces.drop(u.device, batch)
		}
	}
	u.acks <- &pb.UploadResponse{Ack: a}
}

// answer sends acks until every received box has its own and the device is done, or the collector drains.
func (u *upload) answer() error {
	sent, due := 0, -1
	var final error
	for due < 0 || sent < due {
		select {
		case r := <-u.acks:
			if err := u.tellFirst(); err != nil {
				return err
			}
			r.CreditBytes = u.in.credit()
			if err := u.stream.Send(r); err != nil {
				return err
			}
			sent++
			<-u.slots
		case <-u.stirred:
			if err := u.tell(); err != nil {
				return err
			}
		case e := <-u.ended:
			due, final = e.boxes, u.in.ending(e.err)
		case <-u.in.draining:
			return u.flush()
		}
	}
	return final
}

// ending is what a device is told whose stream ended with err; nil: a drain ended it.
func (in *Ingest) ending(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case in.isDraining():
		return retryLater("the collector restarts", drainRetry)
	}
	return err
}

// credit is how many bytes one stream may have in flight: its share, or a single box while the collector is short of memory.
func (in *Ingest) credit() uint64 {
	if in.memory.used.Load() < in.limits().MemoryMiB<<20/2 {
		return deviceBytes / deviceStreams
	}
	return envelope.MaxSize
}

// flush sends the acks of all boxes that are in flight at drain and tells the device to come back.
func (u *upload) flush() error {
	deadline := time.NewTimer(flushTime)
	defer deadline.Stop()
	for len(u.slots) > 0 {
		select {
		case r := <-u.acks:
			r.CreditBytes = u.in.credit()
			if err := u.stream.Send(r); err != nil {
				return err
			}
			<-u.slots
		case <-deadline.C:
			return retryLater("the collector restarts", drainRetry)
		}
	}
	return retryLater("the collector restarts", drainRetry)
}

// flushTime bounds how long a stream may take to be answered at drain.
const flushTime = 5 * time.Second

// claimedID is the batch id as the bytes claim it, good for nothing but to tell the device which box is meant.
func claimedID(raw []byte) []byte {
	if len(raw) < envelope.HeaderSize {
		return nil
	}
	return raw[2:18]
}

// deviceOf is the device of the certificate.
func deviceOf(ctx context.Context) (store.ID, error) {
	who, ok := Who(ctx)
	if !ok || who.Role != store.DeviceRole {
		return store.ID{}, status.Error(codes.PermissionDenied, "only an enrolled device may do this")
	}
	return who.ID, nil
}
