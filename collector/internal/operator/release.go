package operator

import (
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"log/slog"
	"time"

	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Custodian is the service for holders of export keys.
type Custodian struct {
	pb.UnimplementedCustodianServer
	Store   exports
	Vault   halves
	Ledger  publisher
	Who     func(context.Context) (store.ID, bool) // the custodian of the caller's certificate
	Purpose func(id string) string                 // what the policy says of a purpose, "" if it names another
	Log     *slog.Logger
	Now     func() time.Time
}

// exports is what a release needs of the store.
type exports interface {
	Custodian(ctx context.Context, id store.ID) (store.Custodian, error)
	Foresee(ctx context.Context, q store.Query, now time.Time, least int) (store.Plan, error)
	BeginExport(ctx context.Context, e store.Export, leaf func(store.Plan) store.Leaf) (store.Plan, error)
	Released(ctx context.Context, export store.ID) iter.Seq2[store.Release, error]
	Read(ctx context.Context, batch store.ID) (store.Record, error)
}

// halves opens the collector's half of one box and seals it to a custodian.
type halves interface {
	Release(ctx context.Context, b envelope.Box, export store.ID, recipient []byte) ([]byte, error)
}

// publisher puts the leaves of exports into the ledger.
type publisher interface {
	// Publish says where the leaf with this body stands, once a signed checkpoint covers it.
	Publish(ctx context.Context, body []byte) (uint64, error)
}

// Plan says what an export would hold, before anything is released. Whoever asks leaves no leaf in the ledger, so it tells less than the
// leaf of a release: of days that are over and had boxes of Floor people, tens and whole MiB of each, so that the plans of two windows
// subtracted tell of no other day; and nothing of what was withdrawn.
func (c *Custodian) Plan(ctx context.Context, req *pb.PlanRequest) (*pb.PlanResponse, error) {
	who, err := c.caller(ctx)
	if err != nil {
		return nil, err
	}
	q, err := query(req.GetPurposeId(), req.GetSince(), req.GetUntil(), who)
	if err != nil {
		return nil, err
	}
	p, err := c.Store.Foresee(ctx, q, c.Now(), Floor)
	if err != nil {
		return nil, c.trouble(err)
	}
	return &pb.PlanResponse{Boxes: p.Boxes, Bytes: p.Bytes, PurposeText: c.Purpose(q.Purpose)}, nil
}

// Release writes the export, its map and its leaf down in one transaction, puts the leaf into the ledger and says where it stands, and
// only then streams boxes and halves. Without a ledger nothing is released.
func (c *Custodian) Release(req *pb.ReleaseRequest, stream pb.Custodian_ReleaseServer) error {
	ctx := stream.Context()
	who, err := c.caller(ctx)
	if err != nil {
		return err
	}
	q, err := query(req.GetPurposeId(), req.GetSince(), req.GetUntil(), who)
	if err != nil {
		return err
	}
	if len(req.GetExport()) != 16 {
		return status.Error(codes.InvalidArgument, "an export id is 16 random bytes")
	}
	e := store.Export{ID: store.ID(req.GetExport()), Custodian: who.ID, Query: q, At: c.Now()}
	leaf, err := c.begin(ctx, e, who.Name)
	if err != nil {
		return err
	}
	place, err := c.Ledger.Publish(ctx, leaf)
	if err != nil {
		c.Log.Error("the ledger cannot be written: nothing is released", "error", err)
		return status.Error(codes.Unavailable, "the collector cannot write its ledger now, and releases nothing without it: try again later")
	}
	if err := stream.Send(&pb.ReleaseResponse{Leaf: leaf, Position: place}); err != nil {
		return err
	}
	for r, err := range c.Store.Released(ctx, e.ID) {
		if err != nil {
			return c.trouble(err)
		}
		if _, err := c.caller(ctx); err != nil { // a release may take hours, and whoever is revoked meanwhile gets no more
			return err
		}
		if err := c.send(stream, e.ID, r, who.Recipient); err != nil {
			return err
		}
	}
	return nil
}

func (c *Custodian) begin(ctx context.Context, e store.Export, name string) (body []byte, err error) {
	var bad error
	_, err = c.Store.BeginExport(ctx, e, func(p store.Plan) store.Leaf {
		leaf, err := ledger.Export(e, name, p)
		bad, body = err, leaf.Body
		return leaf
	})
	switch {
	case errors.Is(err, store.ErrExists):
		return nil, status.Error(codes.AlreadyExists, "this export id was used: draw a fresh one")
	case err != nil || bad != nil:
		return nil, c.trouble(errors.Join(err, bad))
	}
	c.Log.Info("an export was written down and begins", "purpose", e.Query.Purpose)
	return body, nil
}

// send releases one box. One that is damaged or that no key opens is left out and counted in the log, its neighbours go on.
func (c *Custodian) send(stream pb.Custodian_ReleaseServer, export store.ID, r store.Release, recipient []byte) error {
	rec, err := c.Store.Read(stream.Context(), r.Batch)
	if errors.Is(err, store.ErrNotFound) {
		return nil // taken back at this moment, which is nobody's business
	}
	if errors.Is(err, store.ErrDamaged) {
		c.Log.Error("a box is damaged and was left out of an export", "error", err)
		return nil
	}
	if err != nil {
		return c.trouble(err)
	}
	whole := make([]byte, 0, rec.Size())
	whole = append(append(append(whole, rec.Head...), rec.Capsules...), rec.Payload...)
	box, err := envelope.Parse(whole)
	if err != nil {
		c.Log.Error("a box is damaged and was left out of an export", "error", err)
		return nil
	}
	half, err := c.Vault.Release(stream.Context(), box, export, recipient)
	if err != nil {
		c.Log.Error("a box's half cannot be opened and it was left out of an export", "error", err)
		return nil
	}
	return stream.Send(&pb.ReleaseResponse{Box: whole, Half: half, SigningKey: r.SigningKey, Pseudonym: r.Pseudonym[:]})
}

func (c *Custodian) caller(ctx context.Context) (store.Custodian, error) {
	id, ok := c.Who(ctx)
	if !ok {
		return store.Custodian{}, status.Error(codes.PermissionDenied, "only an enrolled custodian may do this")
	}
	who, err := c.Store.Custodian(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return store.Custodian{}, status.Error(codes.Unauthenticated, "the certificate was revoked: enrol again")
	}
	if err != nil {
		return store.Custodian{}, c.trouble(err)
	}
	return who, nil
}

// day is in seconds.
const day = 24 * 60 * 60

func query(purpose string, since, until int64, who store.Custodian) (store.Query, error) {
	q := store.Query{Purpose: purpose, Recipient: sha256.Sum256(who.Recipient)}
	if !purposeShape(purpose) {
		return q, status.Error(codes.InvalidArgument, "an export names its purpose: 1 to 64 of a-z, 0-9 and '-'")
	}
	if since < 0 || until < 0 || until != 0 && until <= since {
		return q, status.Error(codes.InvalidArgument, "the export's window ends before it begins")
	}
	if since%day != 0 || until%day != 0 {
		return q, status.Error(codes.InvalidArgument, "the export's window is whole days of UTC: at which hour somebody works is nobody's business")
	}
	if since != 0 {
		q.Since = time.Unix(since, 0)
	}
	if until != 0 {
		q.Until = time.Unix(until, 0)
	}
	return q, nil
}

func purposeShape(s string) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= envelope.MaxPurpose
}

func (c *Custodian) trouble(err error) error {
	c.Log.Error("an export cannot go on", "error", err)
	return status.Error(codes.Unavailable, "the collector cannot use its store now: try again later")
}
