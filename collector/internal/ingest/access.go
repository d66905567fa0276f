package ingest

import (
	"context"
	"log/slog"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// anyone is the role of a method that needs no certificate.
const anyone store.Role = ""

// methods is every method there is, and who may call it. What does not stand here is denied.
var methods = map[string]store.Role{
	pb.Enrolment_Enrol_FullMethodName:       anyone,
	pb.Enrolment_Join_FullMethodName:        anyone,
	pb.Rights_EraseByCode_FullMethodName:    anyone,
	pb.Rights_MineByCode_FullMethodName:     anyone,
	pb.Rights_FetchByCode_FullMethodName:    anyone,
	pb.Ledger_Checkpoint_FullMethodName:     anyone,
	pb.Ledger_Tile_FullMethodName:           anyone,
	pb.Ledger_Bundle_FullMethodName:         anyone,
	pb.Ledger_Find_FullMethodName:           anyone,
	pb.Ledger_Readable_FullMethodName:       anyone,
	pb.Device_Upload_FullMethodName:         store.DeviceRole,
	pb.Device_PutPieces_FullMethodName:      store.DeviceRole,
	pb.Device_PutConsent_FullMethodName:     store.DeviceRole,
	pb.Device_GetPolicy_FullMethodName:      store.DeviceRole,
	pb.Device_Erase_FullMethodName:          store.DeviceRole,
	pb.Device_PutErasureCode_FullMethodName: store.DeviceRole,
	pb.Device_Renew_FullMethodName:          store.DeviceRole,
	pb.Device_OfferJoin_FullMethodName:      store.DeviceRole,
	pb.Device_Mine_FullMethodName:           store.DeviceRole,
	pb.Device_Fetch_FullMethodName:          store.DeviceRole,
	pb.Custodian_Plan_FullMethodName:        store.CustodianRole,
	pb.Custodian_Release_FullMethodName:     store.CustodianRole,
}

// active is what access control needs of the store.
type active interface {
	Active(ctx context.Context, role store.Role, id store.ID) (bool, error)
}

type door struct {
	store active
	desk  *desk
	pulse *pulse
	audit *Audit
	log   *slog.Logger
	now   func() time.Time
	calls erasing // of each certificate; boxes are counted apart
}

// What one certificate may ask for, whatever it asks: an agent makes a handful of calls a day.
const (
	callBurst = 240
	callEvery = 250 * time.Millisecond
)

type identityKey struct{}

// Who is the identity that the caller's certificate gave, if the method asks for one.
func Who(ctx context.Context) (ca.Identity, bool) {
	who, ok := ctx.Value(identityKey{}).(ca.Identity)
	return who, ok
}

// admit lets a call in, or says why not. It is asked on each call, so that a revocation counts at once.
func (d *door) admit(ctx context.Context, method string) (context.Context, error) {
	d.pulse.beat()
	need, ok := methods[method]
	if !ok {
		d.audit.Count(WrongRole)
		return nil, status.Error(codes.Unimplemented, "no such method")
	}
	if need == anyone {
		return ctx, nil
	}
	who, ok := d.identity(ctx)
	if !ok {
		d.audit.Count(WrongRole)
		return nil, status.Error(codes.Unauthenticated, "this needs a certificate of this collector: enrol first")
	}
	if who.Role != need {
		d.audit.Count(WrongRole)
		return nil, status.Errorf(codes.PermissionDenied, "a %s's certificate may not do this", who.Role)
	}
	var live bool
	var err error
	d.desk.do(func() { live, err = d.store.Active(ctx, who.Role, who.ID) })
	if err != nil && ctx.Err() != nil { // the caller is gone, and the store is well
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if err != nil {
		d.log.Error("the store cannot be asked", "error", err)
		return nil, retryLater("the collector cannot use its store now", troubleRetry)
	}
	if !live {
		d.audit.Count(Revoked)
		return nil, status.Error(codes.Unauthenticated, "the certificate was revoked: enrol again")
	}
	return context.WithValue(ctx, identityKey{}, who), nil
}

func (d *door) identity(ctx context.Context) (ca.Identity, bool) {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return ca.Identity{}, false
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.VerifiedChains) == 0 || len(info.State.PeerCertificates) == 0 {
		return ca.Identity{}, false
	}
	cert := info.State.PeerCertificates[0]
	if d.now().After(cert.NotAfter) { // it may have ended since the connection was made
		return ca.Identity{}, false
	}
	return ca.IdentityOf(cert)
}

func (d *door) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	defer d.answered(info.FullMethod, &err)
	if ctx, err = d.admit(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	if who, ok := Who(ctx); ok && !d.calls.take(string(who.ID[:]), d.now()) {
		d.audit.Count(Limited)
		return nil, retryLater("this certificate asks too often", eraseRetry)
	}
	return next(ctx, req)
}

func (d *door) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer d.answered(info.FullMethod, &err)
	ctx, err := d.admit(ss.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	return next(srv, &admitted{ss, ctx})
}

// answered turns a programming error into a refusal, whose text could hold what a client sent and is not written down, and sees to
// it that every refusal says what to do.
func (d *door) answered(method string, err *error) {
	if r := recover(); r != nil {
		d.log.Error("a call failed inside", "method", method)
		*err = status.Error(codes.Internal, "the collector failed inside")
	}
	*err = dress(*err)
}

// unknown answers a method that is not served at all.
func (d *door) unknown(_ any, ss grpc.ServerStream) error {
	return status.Error(codes.Unimplemented, "no such method")
}

type admitted struct {
	grpc.ServerStream
	ctx context.Context
}

func (a *admitted) Context() context.Context { return a.ctx }
