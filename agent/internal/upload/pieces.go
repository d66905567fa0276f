package upload

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
)

// On a line that breaks before a box is through, the box goes in pieces: the collector keeps what came, and the next connection goes on
// behind it. A line that is well never comes here.

const (
	cutsBefore = 2        // connections that broke under a box, after which boxes go in pieces
	pieceSize  = 4 << 10  // what a break costs at the most
	slabSize   = 32 << 10 // is counted at once in the budget of the day, which is written down each time
)

// came is how much of a box the collector was last found to have.
type came struct {
	batch envelope.ID
	have  int
}

// inPieces tells whether the line is so bad that boxes go in pieces.
func (d *drain) inPieces() bool { return d.u.cuts >= cutsBefore && !d.u.plain }

// noteCut counts a connection that broke while a box was under way. A collector that says when to come back has not broken.
func (d *drain) noteCut(err error) {
	st := status.Convert(err)
	switch st.Code() {
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded:
		if len(d.flying) > 0 && retryInfo(st) == 0 {
			d.u.cuts++
		}
	}
}

// arrived notes that a box is through: one that went over one connection shows that the line is well again.
func (u *Uploader) arrived(atOnce bool) {
	u.moved = true
	if atOnce {
		u.cuts = 0
	}
}

// bring sends what the collector lacks of a box, and returns once it has all. ok is false if it may not leave now, or something else goes
// first: a withdrawal does not wait for a box that takes minutes.
func (d *drain) bring(box envelope.Box) (ok bool, err error) {
	ctx, cancel := context.WithCancel(d.ctx)
	defer cancel()
	stream, err := d.client.PutPieces(ctx)
	if err != nil {
		return false, err
	}
	raw := box.Bytes()
	have, err := d.exchange(stream, &pb.PutPiecesRequest{Header: raw[:envelope.HeaderSize], Size: uint32(len(raw))})
	if err != nil {
		return false, err
	}
	if have < envelope.HeaderSize || have > len(raw) {
		return false, failure{words: wordsRefused}
	}
	d.atOnce = have == envelope.HeaderSize
	d.u.foundAt(came{box.Header().Batch, have})
	for have < len(raw) {
		slab := raw[have:min(have+slabSize, len(raw))]
		if ok, err := d.take(int64(len(slab))); err != nil || !ok {
			return false, err
		}
		for len(slab) > 0 {
			if d.u.opt.Wait() != "" || d.u.mustTell() || d.u.mustErase() {
				return false, nil
			}
			n := min(pieceSize, len(slab))
			if err := stream.Send(&pb.PutPiecesRequest{Piece: slab[:n]}); err != nil {
				return false, reasonOf(stream, err)
			}
			d.alive()
			slab, have = slab[n:], have+n
		}
	}
	res, err := stream.Recv()
	if err == nil && int(res.GetHave()) != len(raw) {
		err = failure{words: wordsRefused}
	}
	d.alive()
	return err == nil, err
}

// exchange sends one request and takes its answer.
func (d *drain) exchange(stream pb.Device_PutPiecesClient, req *pb.PutPiecesRequest) (have int, err error) {
	if err := stream.Send(req); err != nil {
		return 0, reasonOf(stream, err)
	}
	res, err := stream.Recv()
	d.alive()
	return int(res.GetHave()), err
}

// reasonOf is why a stream takes nothing more: it stands in the status, which Recv gives.
func reasonOf(stream pb.Device_PutPiecesClient, err error) error {
	if errors.Is(err, io.EOF) {
		_, err = stream.Recv()
	}
	return err
}

// foundAt notes how much of a box is there. More than the last time is progress, and no reason to wait longer and longer.
func (u *Uploader) foundAt(now came) {
	if now.batch == u.came.batch && now.have > u.came.have {
		u.moved = true
	}
	u.came = now
}
