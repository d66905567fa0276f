package fleet

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// firstCredit is what may be in flight before the collector has said anything.
const firstCredit = 1 << 20

// flight is a box on its way.
type flight struct {
	size  int
	began time.Time
}

// drain sends the backlog on one stream, with as much in flight as the collector's credit allows, and takes the answers. What is not
// answered stays in the backlog.
func (d *device) drain(ctx context.Context, client pb.DeviceClient, lid bool) error {
	if len(d.backlog) == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := client.Upload(ctx)
	if err != nil {
		return err
	}
	flying := map[envelope.ID]flight{}
	defer func() { d.fleet.Tally.Unanswered.Add(int64(len(flying))) }()
	credit, load, next := uint64(firstCredit), 0, 0
	var later error // why no more is sent on this stream
	for len(flying) > 0 || later == nil && len(d.backlog) > 0 {
		for later == nil && next < len(d.backlog) && (len(flying) == 0 || uint64(load+d.backlog[next].size()) <= credit) {
			p := d.backlog[next]
			flying[p.batch] = flight{p.size(), time.Now()}
			if err := stream.Send(&pb.UploadRequest{Box: p.bytes()}); err != nil {
				if errors.Is(err, io.EOF) { // why stands in the status
					_, err = stream.Recv()
				}
				return early(err)
			}
			d.fleet.Tally.Sent.Add(1)
			load, next = load+p.size(), next+1
			if lid {
				return errLid
			}
		}
		resp, err := stream.Recv()
		if err != nil {
			return early(err)
		}
		credit = resp.GetCreditBytes()
		size, err := d.answer(resp.GetAck(), flying)
		load -= size
		switch {
		case errors.As(err, new(told)):
			later = err
		case err != nil:
			return err
		case size > 0:
			next--
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	if _, err := stream.Recv(); err != nil && !errors.Is(err, io.EOF) && later == nil {
		return err
	}
	return later
}

// early is why a stream ended before all was answered.
func early(err error) error {
	if errors.Is(err, io.EOF) {
		return status.Error(codes.Unavailable, "the collector ended the stream")
	}
	return err
}

// told is a temporary refusal that says when to come back.
type told struct{ after time.Duration }

func (t told) Error() string { return fmt.Sprintf("told to come back in %v", t.after) }

// answer acts on one ack and returns how much of what flew has landed.
func (d *device) answer(ack *pb.Ack, flying map[envelope.ID]flight) (int, error) {
	if len(ack.GetBatch()) != 16 {
		return 0, errors.New("an answer names no box")
	}
	id, t := envelope.ID(ack.GetBatch()), &d.fleet.Tally
	f, ok := flying[id]
	if !ok {
		return 0, errors.New("an answer to what was not sent")
	}
	delete(flying, id)
	t.Acks.add(time.Since(f.began))
	switch ack.GetOutcome() {
	case pb.Outcome_OUTCOME_STORED:
		t.Stored.Add(1)
	case pb.Outcome_OUTCOME_DUPLICATE:
		t.Duplicates.Add(1)
	case pb.Outcome_OUTCOME_RETRY:
		if ack.GetRetryAfterMs() == 0 {
			return f.size, errors.New("a box is refused for now, without a time")
		}
		t.Told.Add(1)
		return f.size, told{time.Duration(ack.GetRetryAfterMs()) * time.Millisecond}
	default:
		return f.size, fmt.Errorf("a good box is answered with %v", ack.GetOutcome())
	}
	t.Bytes.Add(int64(f.size))
	d.acked = append(d.acked, id)
	for i := range d.backlog {
		if d.backlog[i].batch == id {
			d.backlog = append(d.backlog[:i], d.backlog[i+1:]...)
			break
		}
	}
	return f.size, nil
}

// The device's own patience, in real time: a storm is not compressed, because the collector is not.
const (
	firstPause = 100 * time.Millisecond
	mostPause  = 5 * time.Second
)

// insist tries again until do is done, after the pause that the collector asks for, or one of its own that doubles. A final refusal, a
// closed lid and the end of ctx end it.
func (d *device) insist(ctx context.Context, do func() error) error {
	for n := 0; ; n++ {
		err := do()
		if err == nil || errors.Is(err, errLid) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause, ok := d.pause(err, n)
		if !ok {
			return err
		}
		d.turn++
		if mended := d.fleet.Network.mended(); mended != nil { // the system tells when the network is back
			select {
			case <-mended:
			case <-ctx.Done():
				return ctx.Err()
			}
			continue
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

// pause is how long to wait after the n-th failure; false: there is nothing to wait for.
func (d *device) pause(err error, n int) (time.Duration, bool) {
	var t told
	if errors.As(err, &t) {
		return d.spread(t.after), true
	}
	st, ok := status.FromError(err)
	if !ok {
		return 0, false
	}
	for _, detail := range st.Details() {
		switch info := detail.(type) {
		case *errdetails.RetryInfo:
			d.fleet.Tally.Told.Add(1)
			return d.spread(info.GetRetryDelay().AsDuration()), true
		case *errdetails.ErrorInfo: // final
			return 0, false
		}
	}
	d.fleet.Tally.Broken.Add(1)
	own := min(firstPause<<min(n, 10), mostPause)
	return own/2 + time.Duration(d.rng.Int64N(int64(own/2))), true
}

// spread lengthens a pause by up to a tenth, so that not all come back at once.
func (d *device) spread(pause time.Duration) time.Duration {
	return pause + time.Duration(d.rng.Int64N(int64(pause/10)+1))
}

func digest(header []byte) [32]byte { return sha256.Sum256(header) }
