package ingest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// What an erasure may cost: each one moves a person's remaining keys, and nobody needs many.
const (
	eraseBurst = 20               // of one device, person or address
	eraseEvery = 30 * time.Second // one more
	eraseRetry = eraseEvery
	eraseKnown = 1 << 14 // callers that are told apart; more share what is left

	askBurst = 60 // lists and boxes given back
	askEvery = 5 * time.Second

	codesAtOnce = 16
)

// rate lets a burst pass and then one each while.
type rate struct{ full time.Time } // when it has its whole burst again

func (r *rate) take(now time.Time, burst int, every time.Duration) bool {
	if r.full.Before(now) {
		r.full = now
	}
	if r.full.Sub(now) > time.Duration(burst-1)*every {
		return false
	}
	r.full = r.full.Add(every)
	return true
}

// erasing bounds erasures, or other questions of a person, each caller apart, so that none uses up another's.
type erasing struct {
	burst int
	every time.Duration

	codes atomic.Int32 // tries of codes at this moment

	mu sync.Mutex // guards what follows
	by map[string]*rate
}

func (e *erasing) take(who string, now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.by[who] == nil {
		if len(e.by) >= eraseKnown {
			maps.DeleteFunc(e.by, func(_ string, r *rate) bool { return r.full.Before(now) }) // has its whole burst again
		}
		if len(e.by) >= eraseKnown {
			who = "others"
		}
		if e.by[who] == nil {
			e.by[who] = &rate{}
		}
	}
	return e.by[who].take(now, e.burst, e.every)
}

// addressOf is where a call comes from, as far as limits tell callers apart: an IPv6 network is one.
func addressOf(ctx context.Context) string {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return "nowhere"
	}
	at, err := netip.ParseAddrPort(p.Addr.String())
	if err != nil {
		return "nowhere"
	}
	ip := at.Addr().Unmap()
	if ip.Is6() {
		if net, err := ip.WithZone("").Prefix(64); err == nil {
			return net.String()
		}
	}
	return ip.String()
}

// Erase destroys boxes of the device's person, wherever of their devices they came from.
func (in *Ingest) Erase(ctx context.Context, req *pb.EraseRequest) (*pb.EraseResponse, error) {
	device, subject, err := in.person(ctx)
	if err != nil {
		return nil, err
	}
	e := store.Erasure{Subject: subject, All: req.GetAll(), At: in.now(), Salt: ledger.Salt(req.GetSalt())}
	if len(req.GetId()) != 16 || len(req.GetBatches()) > store.MaxErase || e.All == (len(req.GetBatches()) > 0) {
		return nil, in.malformed("an erasure has a random id of 16 bytes, and names up to 10000 boxes or all")
	}
	e.ID = store.ID(req.GetId())
	for _, b := range req.GetBatches() {
		if len(b) != 16 {
			return nil, in.malformed("a box's id has 16 bytes")
		}
		e.Batches = append(e.Batches, store.ID(b))
	}
	if !in.erasing.take(string(device[:]), in.now()) {
		in.audit.Count(Limited)
		return nil, retryLater("this device erases too often", eraseRetry)
	}
	return in.erase(ctx, e)
}

// rights is the service that needs no certificate but a code.
type rights struct {
	pb.UnimplementedRightsServer
	in *Ingest
}

// EraseByCode destroys everything of the code's person. A code has 256 random bits.
func (r rights) EraseByCode(ctx context.Context, req *pb.EraseByCodeRequest) (*pb.EraseResponse, error) {
	in := r.in
	if len(req.GetId()) != 16 {
		return nil, in.malformed("an erasure has a random id of 16 bytes")
	}
	subject, done, err := in.byCode(ctx, req.GetCode())
	if err != nil {
		return nil, err
	}
	defer done()
	return in.erase(ctx, store.Erasure{ID: store.ID(req.GetId()), Subject: subject, All: true, At: in.now(), Salt: ledger.Salt(req.GetSalt())})
}

func (in *Ingest) erase(ctx context.Context, e store.Erasure) (*pb.EraseResponse, error) {
	defer in.pieces.forget(e.Subject)
	record, err := in.store.Erase(ctx, e, SignErasure(in.keys.Ledger))
	switch {
	case errors.Is(err, store.ErrForeign):
		in.audit.Count(Foreign)
		return nil, status.Error(codes.InvalidArgument, "a box that was named is not this person's: nothing was erased")
	case errors.Is(err, store.ErrExists):
		in.audit.Count(Conflict)
		return nil, status.Error(codes.InvalidArgument, "this erasure's id names another one: draw a fresh one")
	case errors.Is(err, store.ErrLimit):
		in.audit.Count(Limited)
		return nil, status.Error(codes.FailedPrecondition, "too many boxes were named that never came: erase all instead")
	case err != nil:
		return nil, in.trouble(err)
	}
	var signed pb.Signed
	if err := proto.Unmarshal(record, &signed); err != nil {
		return nil, in.trouble(fmt.Errorf("read an erasure's record: %w", err))
	}
	return &pb.EraseResponse{Record: &signed, LedgerKey: in.keys.Ledger.Public().(ed25519.PublicKey)}, nil
}

// SignErasure makes the records and leaves of erasures with the ledger's key.
func SignErasure(key ed25519.PrivateKey) store.SignErasure {
	return func(e store.Erased) ([]byte, store.Leaf, error) {
		signed, err := erasure.Sign(&pb.ErasureRecord{
			Id: e.Erasure.ID[:], Subject: e.Erasure.Subject[:], All: e.Erasure.All, Boxes: e.Boxes, Bytes: e.Bytes, Released: e.Released,
			BatchesSha256: e.Digest[:], AskedAt: e.Erasure.At.Unix(), DestroyedAt: e.Destroyed.Unix(), ReplacedAt: e.Replaced.Unix(),
		}, key)
		if err != nil {
			return nil, store.Leaf{}, err
		}
		record, err := proto.MarshalOptions{Deterministic: true}.Marshal(signed)
		return record, ledger.Erasure(e.Erasure, record), err
	}
}

// PutErasureCode registers the hash of the person's erasure code. Every device calls it at each check-in.
func (in *Ingest) PutErasureCode(ctx context.Context, req *pb.PutErasureCodeRequest) (*pb.PutErasureCodeResponse, error) {
	_, subject, err := in.person(ctx)
	if err != nil {
		return nil, err
	}
	if len(req.GetCodeSha256()) != 32 {
		return nil, in.malformed("the hash of a code has 32 bytes")
	}
	err = in.store.PutErasureCode(ctx, subject, [32]byte(req.GetCodeSha256()))
	if errors.Is(err, store.ErrExists) {
		in.audit.Count(Conflict)
		return nil, status.Error(codes.InvalidArgument, "draw another code")
	}
	if err != nil {
		return nil, in.trouble(err)
	}
	return &pb.PutErasureCodeResponse{}, nil
}

// Renew gives the caller's own device a new certificate. That the old one counts was checked at the door.
func (in *Ingest) Renew(ctx context.Context, req *pb.RenewRequest) (*pb.RenewResponse, error) {
	device, err := deviceOf(ctx)
	if err != nil {
		return nil, err
	}
	if len(req.GetCsr()) > 8<<10 {
		return nil, in.malformed(ca.ErrRequest.Error())
	}
	key, err := ca.CheckRequest(req.GetCsr())
	if err != nil {
		return nil, in.malformed(err.Error())
	}
	der, err := in.keys.Authority.Issue(key, ca.Identity{Role: store.DeviceRole, ID: device})
	if err != nil {
		return nil, in.trouble(err)
	}
	return &pb.RenewResponse{Certificate: der}, nil
}

// person is the device of the certificate and whose it is.
func (in *Ingest) person(ctx context.Context) (device, subject store.ID, err error) {
	if device, err = deviceOf(ctx); err != nil {
		return device, subject, err
	}
	st, err := in.store.Standing(ctx, device, store.ID{})
	if err != nil {
		return device, subject, in.trouble(err)
	}
	if !st.Enrolled {
		return device, subject, status.Error(codes.Unauthenticated, "the certificate was revoked: enrol again")
	}
	return device, st.Subject, nil
}

func (in *Ingest) malformed(text string) error {
	in.audit.Count(Malformed)
	return status.Error(codes.InvalidArgument, text)
}
