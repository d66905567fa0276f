package ingest

import (
	"context"
	"errors"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	minePage  = 500              // boxes in one answer
	offerMost = 1 << 10          // bytes that one device leaves for another
	offerLife = 10 * time.Minute // that a code on a screen counts
)

// Mine lists what is held of the device's person.
func (in *Ingest) Mine(_ *pb.MineRequest, stream pb.Device_MineServer) error {
	subject, err := in.asker(stream.Context())
	if err != nil {
		return err
	}
	return in.mine(stream.Context(), subject, stream.Send)
}

// Fetch gives boxes of the device's person back.
func (in *Ingest) Fetch(req *pb.FetchRequest, stream pb.Device_FetchServer) error {
	subject, err := in.asker(stream.Context())
	if err != nil {
		return err
	}
	return in.fetch(stream.Context(), subject, req.GetBatches(), stream.Send)
}

// OfferJoin keeps what another device of the person needs. What it is, the collector cannot read.
func (in *Ingest) OfferJoin(ctx context.Context, req *pb.OfferJoinRequest) (*pb.OfferJoinResponse, error) {
	subject, err := in.asker(ctx)
	if err != nil {
		return nil, err
	}
	if len(req.GetTokenSha256()) != 32 || len(req.GetSealed()) == 0 || len(req.GetSealed()) > offerMost {
		return nil, in.malformed("an offer is the hash of a token and up to 1 KiB")
	}
	err = in.store.OfferJoin(ctx, [32]byte(req.GetTokenSha256()), subject, req.GetSealed(), in.now().Add(offerLife))
	if errors.Is(err, store.ErrExists) {
		return nil, in.malformed("draw another code")
	}
	if err != nil {
		return nil, in.trouble(err)
	}
	return &pb.OfferJoinResponse{}, nil
}

// asker is the person of the certificate, who has not asked too often.
func (in *Ingest) asker(ctx context.Context) (store.ID, error) {
	device, subject, err := in.person(ctx)
	if err != nil {
		return subject, err
	}
	if !in.asking.take(string(device[:]), in.now()) {
		in.audit.Count(Limited)
		return subject, retryLater("this device asks too often", eraseRetry)
	}
	return subject, nil
}

// MineByCode is Mine for the code's person.
func (r rights) MineByCode(req *pb.MineRequest, stream pb.Rights_MineByCodeServer) error {
	subject, done, err := r.in.byCode(stream.Context(), req.GetCode())
	if err != nil {
		return err
	}
	defer done()
	return r.in.mine(stream.Context(), subject, stream.Send)
}

// FetchByCode is Fetch for the code's person.
func (r rights) FetchByCode(req *pb.FetchRequest, stream pb.Rights_FetchByCodeServer) error {
	subject, done, err := r.in.byCode(stream.Context(), req.GetCode())
	if err != nil {
		return err
	}
	defer done()
	return r.in.fetch(stream.Context(), subject, req.GetBatches(), stream.Send)
}

// byCode is the person of an erasure code. A wrong code, and one that never was, get the same answer after the same work; each address has
// few tries, and nobody can use up another's. done ends the try.
func (in *Ingest) byCode(ctx context.Context, code []byte) (subject store.ID, done func(), err error) {
	if len(code) != 32 {
		return subject, nil, in.malformed("an erasure code is needed")
	}
	done = func() { in.erasing.codes.Add(-1) }
	if in.erasing.codes.Add(1) > codesAtOnce || !in.erasing.take(addressOf(ctx), in.now()) {
		done()
		in.audit.Count(Limited)
		return subject, nil, retryLater("too many codes were tried", eraseRetry)
	}
	subject, err = in.store.ErasureCode(ctx, erasure.Hash([32]byte(code)))
	if err == nil {
		return subject, done, nil
	}
	done()
	if errors.Is(err, store.ErrNotFound) {
		in.audit.Count(BadCode)
		return subject, nil, status.Error(codes.PermissionDenied, "no such code")
	}
	return subject, nil, in.trouble(err)
}

func (in *Ingest) mine(ctx context.Context, subject store.ID, send func(*pb.MineResponse) error) error {
	p, err := in.store.Papers(ctx, subject)
	if err != nil {
		return in.trouble(err)
	}
	page := &pb.MineResponse{}
	for _, list := range []struct {
		from [][]byte
		to   *[]*pb.Signed
	}{{p.Consents, &page.Consents}, {p.Erasures, &page.Erasures}} {
		for _, b := range list.from {
			var signed pb.Signed
			if err := proto.Unmarshal(b, &signed); err != nil {
				in.log.Error("a signed paper in the index is damaged and was left out", "error", err)
				continue
			}
			*list.to = append(*list.to, &signed)
			if len(page.Consents)+len(page.Erasures) == minePage {
				if err := send(page); err != nil {
					return err
				}
				*page = pb.MineResponse{}
			}
		}
	}
	for _, r := range p.Reads {
		page.Reads = append(page.Reads, &pb.PersonRead{Export: r.Export[:], Boxes: r.Boxes})
	}
	for h, err := range in.store.Holdings(ctx, subject) {
		if err != nil {
			return in.trouble(err)
		}
		page.Boxes = append(page.Boxes, &pb.Holding{Batch: h.Batch[:], Device: h.Device[:], Sequence: h.Sequence, Digest: h.Digest[:], Hour: h.Received.Unix()})
		if len(page.Boxes) == minePage {
			if err := send(page); err != nil {
				return err
			}
			page = &pb.MineResponse{}
		}
	}
	return send(page)
}

func (in *Ingest) fetch(ctx context.Context, subject store.ID, named [][]byte, send func(*pb.FetchResponse) error) error {
	if len(named) > store.MaxErase {
		return in.malformed("at most 10000 boxes are named at once")
	}
	for _, raw := range named {
		if len(raw) != 16 {
			return in.malformed("a box's id has 16 bytes")
		}
		if err := in.giveBack(ctx, subject, store.ID(raw), send); err != nil {
			return err
		}
	}
	if len(named) > 0 {
		return nil
	}
	for h, err := range in.store.Holdings(ctx, subject) {
		if err != nil {
			return in.trouble(err)
		}
		if err := in.giveBack(ctx, subject, h.Batch, send); err != nil {
			return err
		}
	}
	return nil
}

// giveBack sends one box, if it is the person's and there is one. One that is damaged is left out: its person sees that it is missing.
func (in *Ingest) giveBack(ctx context.Context, subject, batch store.ID, send func(*pb.FetchResponse) error) error {
	rec, err := in.store.Read(ctx, batch)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrDamaged) || err == nil && rec.Subject != subject {
		return nil
	}
	if err != nil {
		return in.trouble(err)
	}
	key, err := in.store.SigningKey(ctx, rec.Device)
	if err != nil {
		return in.trouble(err)
	}
	whole := make([]byte, 0, rec.Size())
	whole = append(append(append(whole, rec.Head...), rec.Capsules...), rec.Payload...)
	return send(&pb.FetchResponse{Box: whole, SigningKey: key})
}
