package ingest

// The collector's part of the flow, in the order of the code below and of commit.go:
//
//	| # | stage  | room                        | takes   | gives                                                  |
//	|---|--------|-----------------------------|---------|--------------------------------------------------------|
//	| 7 | ingest | collector/internal/ingest   | Box     | store.Record                                           |
//	|   |        | upload.go receive           | message | admitted bytes, or RETRY                               |
//	|   |        | ingest.go examine           | bytes   | envelope.Box, identity, signature, consent, or refusal |
//	| 8 | store  | collector/internal/store    | Records | durable Records, a leaf in the outbox, then the Ack    |
//	|   |        | commit.go run               | Records | groups of at most 256: sync, commit, answer             |

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Ingest is the Device service.
type Ingest struct {
	pb.UnimplementedDeviceServer
	store     keeper
	keys      Keys
	policy    *PolicyFile
	audit     *Audit
	log       *slog.Logger
	now       func() time.Time
	commit    *committer
	desk      *desk
	pulse     *pulse
	greeter   *greeter
	accounts  accounts
	listeners listeners
	silent    silent
	crowd     crowd
	memory    memory
	pieces    pieces
	erasing   erasing
	asking    erasing
	limit     atomic.Pointer[Limits]
	deaf      atomic.Bool // withdrawals that other collectors take may go unheard
	draining  chan struct{}
	drain     sync.Once
	streams   sync.WaitGroup
}

// deskLeast goroutines look at what comes, on however small a machine: one may wait for the index.
const deskLeast = 4

// keeper is what ingest needs of the store.
type keeper interface {
	Put(ctx context.Context, group []store.Record) ([]store.Outcome, error)
	Standing(ctx context.Context, device, consent store.ID) (store.Standing, error)
	PutConsent(ctx context.Context, c store.Consent) error
	Erase(ctx context.Context, e store.Erasure, sign store.SignErasure) ([]byte, error)
	PutErasureCode(ctx context.Context, subject store.ID, code [32]byte) error
	ErasureCode(ctx context.Context, code [32]byte) (store.ID, error)
	store.Mine
	OfferJoin(ctx context.Context, token [32]byte, subject store.ID, sealed []byte, expires time.Time) error
	Read(ctx context.Context, batch store.ID) (store.Record, error)
}

// Keys is what an Ingest signs with.
type Keys struct {
	Ledger    ed25519.PrivateKey // erasure records
	Authority *ca.Authority      // renewed certificates
}

// New starts an Ingest; Close ends it.
func New(s keeper, keys Keys, p *PolicyFile, audit *Audit, log *slog.Logger, now func() time.Time) *Ingest {
	in := &Ingest{
		store: s, keys: keys, policy: p, audit: audit, log: log, now: now, commit: newCommitter(s, log),
		draining: make(chan struct{}), desk: newDesk(max(deskLeast, runtime.GOMAXPROCS(0))), pulse: newPulse(), greeter: newGreeter(2 * runtime.GOMAXPROCS(0)),
	}
	in.SetLimits(DefaultLimits())
	in.pieces.memory, in.pieces.of = &in.memory, map[store.ID]*begun{}
	in.erasing.by, in.erasing.burst, in.erasing.every = map[string]*rate{}, eraseBurst, eraseEvery
	in.asking.by, in.asking.burst, in.asking.every = map[string]*rate{}, askBurst, askEvery
	in.accounts.of = map[store.ID]*account{}
	in.listeners.of = map[store.ID]map[*upload]bool{}
	in.silent.of = map[*callOff]struct{}{}
	p.watch(in.listeners.all)
	return in
}

// SetLimits makes l count from the next box on.
func (in *Ingest) SetLimits(l Limits) { in.limit.Store(&l) }

func (in *Ingest) limits() Limits { return *in.limit.Load() }

// ErrDraining says that the collector is about to stop.
var ErrDraining = errors.New("the collector is stopping: devices are told to come back")

// Ready tells whether boxes are taken and stored, and if not, why.
func (in *Ingest) Ready() error {
	if in.isDraining() {
		return ErrDraining
	}
	if in.deaf.Load() {
		return errors.New("the database does not tell what other collectors take, withdrawals among it: see the log; devices keep their boxes and try again")
	}
	if in.commit.failing.Load() {
		return errors.New("the last boxes could not be stored: see the log; devices keep theirs and try again")
	}
	return nil
}

// Drain ends upload streams once what they sent is answered; new ones are told to come back.
func (in *Ingest) Drain() {
	in.drain.Do(func() {
		close(in.draining)
		in.silent.end()
	})
}

func (in *Ingest) isDraining() bool {
	select {
	case <-in.draining:
		return true
	default:
		return false
	}
}

// Close drains and waits for the last group. The server must have been stopped before.
func (in *Ingest) Close() {
	in.Drain()
	in.streams.Wait()
	in.pieces.close()
	in.commit.close()
	in.desk.close()
}

// examine turns the bytes that the stream's device sent into a record, or says why not. It stores nothing. A device's key and
// person never change, so they are asked for once; that it is still enrolled and its consent stands is judged as the box is stored.
func (in *Ingest) examine(u *upload, raw, salt []byte) (store.Record, pb.Outcome) {
	box, err := envelope.Parse(raw)
	if err != nil {
		in.audit.Count(Malformed)
		return store.Record{}, pb.Outcome_OUTCOME_QUARANTINE
	}
	h := box.Header()
	if !u.who.Enrolled {
		if u.who, err = in.store.Standing(u.stream.Context(), u.device, store.ID{}); err != nil {
			if u.stream.Context().Err() == nil { // else the device is gone, and the store is well
				in.log.Error("the store cannot be asked", "error", err)
			}
			return store.Record{}, pb.Outcome_OUTCOME_RETRY
		}
	}
	switch {
	case !u.who.Enrolled:
		in.audit.Count(Revoked)
		return store.Record{}, pb.Outcome_OUTCOME_RE_ENROL
	case h.Device != u.device || h.Subject != u.who.Subject:
		in.audit.Count(Foreign)
		return store.Record{}, pb.Outcome_OUTCOME_QUARANTINE
	case box.Verify(ed25519.PublicKey(u.who.SigningKey)) != nil:
		in.audit.Count(Forged)
		return store.Record{}, pb.Outcome_OUTCOME_QUARANTINE
	}
	r := record(box, salt, in.now())
	if s, ok := in.store.(interface{ Prepare(*store.Record) }); ok {
		s.Prepare(&r)
	}
	return r, pb.Outcome_OUTCOME_UNSPECIFIED
}

func record(box envelope.Box, salt []byte, now time.Time) store.Record {
	h := box.Header()
	r := store.Record{
		Batch: h.Batch, Subject: h.Subject, Device: h.Device, Consent: h.Consent, Policy: h.Policy, Purpose: h.Purpose,
		Sequence: h.Sequence, Digest: box.Digest(), Bucket: h.Bucket, Received: now, Leaf: ledger.Batch(h.Subject, salt, box.Digest()),
	}
	r.Head, r.Capsules, r.Payload = box.Parts()
	for _, c := range box.Capsules() {
		if c.Role == envelope.Custodian {
			r.Recipients = append(r.Recipients, c.Key)
		}
	}
	return r
}

// outcome is what the device is told of what the store did.
func (in *Ingest) outcome(o store.Outcome) pb.Outcome {
	switch o {
	case store.Stored:
		return pb.Outcome_OUTCOME_STORED
	case store.Duplicate:
		return pb.Outcome_OUTCOME_DUPLICATE
	case store.NoConsent:
		return pb.Outcome_OUTCOME_SEND_CONSENT
	case store.Withdrawn:
		return pb.Outcome_OUTCOME_WITHDRAWN
	case store.WasErased:
		return pb.Outcome_OUTCOME_ERASED
	case store.UnknownDevice:
		in.audit.Count(Revoked)
		return pb.Outcome_OUTCOME_RE_ENROL
	case store.Conflict:
		in.audit.Count(Conflict)
		return pb.Outcome_OUTCOME_QUARANTINE
	case store.Mismatch:
		in.audit.Count(Mismatch)
		return pb.Outcome_OUTCOME_QUARANTINE
	}
	return pb.Outcome_OUTCOME_RETRY
}

// PutConsent stores a consent stub or a withdrawal. From its answer on, nothing under a withdrawn consent is taken or released.
func (in *Ingest) PutConsent(ctx context.Context, req *pb.PutConsentRequest) (*pb.PutConsentResponse, error) {
	device, err := deviceOf(ctx)
	if err != nil {
		return nil, err
	}
	signed, err := proto.MarshalOptions{Deterministic: true}.Marshal(req.GetStub())
	if err != nil || len(signed) > policy.MaxStub {
		return nil, status.Error(codes.InvalidArgument, "the consent stub is too long")
	}
	st, err := in.store.Standing(ctx, device, store.ID{})
	if err != nil {
		return nil, in.trouble(err)
	}
	stub, err := policy.ParseStub(signed, ed25519.PublicKey(st.SigningKey))
	if err != nil {
		in.audit.Count(Forged)
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	err = in.store.PutConsent(ctx, store.Consent{
		ID: store.ID(stub.GetId()), Device: device, Policy: [32]byte(stub.GetPolicySha256()), Purpose: stub.GetPurposeId(),
		Expires: time.Unix(stub.GetExpiresAt(), 0), Commitment: stub.GetCommitment(), Withdrawn: stub.GetWithdrawn(),
		Signed: signed, Leaf: ledger.Consent(st.Subject, req.GetSalt(), signed),
	})
	switch {
	case errors.Is(err, store.ErrExists):
		in.audit.Count(Conflict)
		return nil, status.Error(codes.FailedPrecondition, "this consent id is known with other facts: give consent anew")
	case errors.Is(err, store.ErrLimit):
		return nil, status.Errorf(codes.FailedPrecondition, "this device has %d consents already: enrol anew", store.MaxConsents)
	case err != nil:
		return nil, in.trouble(err)
	}
	if stub.GetWithdrawn() {
		in.pieces.forget(st.Subject)
	}
	if stub.GetWithdrawn() && len(stub.GetWord()) > 0 {
		in.listeners.withdrew(st.Subject, device)
	}
	return &pb.PutConsentResponse{}, nil
}

// GetPolicy returns the newest signed policy, and what else there is to know.
func (in *Ingest) GetPolicy(ctx context.Context, _ *pb.GetPolicyRequest) (*pb.GetPolicyResponse, error) {
	device, subject, err := in.person(ctx)
	if err != nil {
		return nil, err
	}
	news, _, err := in.newsFor(ctx, subject, device)
	if err != nil {
		return nil, in.trouble(err)
	}
	signed := news.GetPolicy()
	news.Policy = nil
	return &pb.GetPolicyResponse{Policy: signed, News: news}, nil
}

// trouble is a temporary refusal; its cause stays in the log. A caller that went away is no trouble of the store.
func (in *Ingest) trouble(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return status.FromContextError(err).Err()
	}
	in.log.Error("the store cannot be used", "error", err)
	return retryLater("the collector cannot use its store now", troubleRetry)
}
