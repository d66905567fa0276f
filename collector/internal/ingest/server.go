package ingest

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// Limits of the server; grpc's defaults suit trusted clients.
const (
	maxMessage     = envelope.MaxSize + 4<<10
	maxStreams     = 16 // per connection
	maxHeader      = 16 << 10
	handshakeTime  = 10 * time.Second
	pingEvery      = 30 * time.Second // clients that ping more often are cut off
	connectionIdle = 5 * time.Minute
	connectionAge  = 30 * time.Minute
	connectionEnd  = 2 * time.Minute
	drainTime      = 10 * time.Second
	streamWindow   = 768 << 10 // bytes that a peer may send before they are read: two boxes and more, so that it need not wait between them
	lineWindow     = 1 << 20   // the same over all streams of a connection: one stream leaves room for a call beside it
)

// Services is what the server serves; which of them a caller may use is said by its certificate.
type Services struct {
	Device    *Ingest
	Enrolment *Enrolment
	Custodian pb.CustodianServer
	Ledger    pb.LedgerServer
}

// NewServer makes the gRPC server. No reflection, no compressor: nothing is served that methods does not name. There is no read buffer,
// which each connection would keep also while it is idle: TLS has one already. Windows are fixed: to measure them takes a ping for every few
// frames, and lets a peer make them long. Names of headers are not remembered: a device sends them once or twice.
func NewServer(t *tls.Config, s Services, store active, audit *Audit, log *slog.Logger, now func() time.Time) *grpc.Server {
	d := &door{store: store, desk: s.Device.desk, pulse: s.Device.pulse, audit: audit, log: log, now: now}
	d.calls.by, d.calls.burst, d.calls.every = map[string]*rate{}, callBurst, callEvery
	srv := grpc.NewServer(
		grpc.Creds(s.Device.greeter.credentials(t)), grpc.InTapHandle(tapStreams),
		grpc.UnaryInterceptor(d.unary), grpc.StreamInterceptor(d.stream), grpc.UnknownServiceHandler(d.unknown),
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage+4<<10),
		grpc.MaxConcurrentStreams(maxStreams), grpc.MaxHeaderListSize(maxHeader), grpc.ConnectionTimeout(handshakeTime),
		grpc.ReadBufferSize(0), grpc.ForceServerCodecV2(newCodec()),
		grpc.InitialWindowSize(streamWindow), grpc.InitialConnWindowSize(lineWindow), grpc.HeaderTableSize(0),
		experimental.BufferPool(&frames{}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingEvery}),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: connectionIdle, MaxConnectionAge: connectionAge, MaxConnectionAgeGrace: connectionEnd,
			Time: 2 * time.Minute, Timeout: 20 * time.Second,
		}),
	)
	pb.RegisterEnrolmentServer(srv, s.Enrolment)
	pb.RegisterDeviceServer(srv, s.Device)
	pb.RegisterRightsServer(srv, rights{in: s.Device})
	pb.RegisterCustodianServer(srv, s.Custodian)
	pb.RegisterLedgerServer(srv, s.Ledger)
	return srv
}

// Stop lets every stream be answered, for a while, and then ends the server.
func Stop(srv *grpc.Server, in *Ingest) {
	in.Drain()
	late := time.AfterFunc(drainTime, srv.Stop)
	defer late.Stop()
	srv.GracefulStop()
}

// Enrolment is the service that needs no certificate.
type Enrolment struct {
	pb.UnimplementedEnrolmentServer
	Enroller *ca.Enroller
	Policy   *PolicyFile
	Audit    *Audit
	Log      *slog.Logger
	running  atomic.Int32
}

// maxEnrolments run at once: whoever has no certificate gets a small share of the machine.
const maxEnrolments = 16

// Enrol trades a single-use invitation for a certificate.
func (e *Enrolment) Enrol(ctx context.Context, req *pb.EnrolRequest) (*pb.EnrolResponse, error) {
	a, err := e.enter(req)
	defer e.running.Add(-1)
	if err != nil {
		return nil, err
	}
	got, err := e.Enroller.Enrol(ctx, a)
	if err != nil {
		return nil, e.refuse(err)
	}
	return e.answer(got), nil
}

// Join is Enrol for another device of a person.
func (e *Enrolment) Join(ctx context.Context, req *pb.EnrolRequest) (*pb.JoinResponse, error) {
	a, err := e.enter(req)
	defer e.running.Add(-1)
	if err != nil {
		return nil, err
	}
	got, sealed, err := e.Enroller.Join(ctx, a)
	if err != nil {
		return nil, e.refuse(err)
	}
	return &pb.JoinResponse{Enrolled: e.answer(got), Sealed: sealed}, nil
}

// enter counts one that enrols; the caller counts it out.
func (e *Enrolment) enter(req *pb.EnrolRequest) (ca.Application, error) {
	if e.running.Add(1) > maxEnrolments {
		e.Audit.Count(Limited)
		return ca.Application{}, retryLater("too many enrol at once", busyRetry)
	}
	if len(req.GetToken()) > 128 || len(req.GetCsr()) > 8<<10 {
		return ca.Application{}, e.refuse(ca.ErrApplication)
	}
	return ca.Application{
		Token: req.GetToken(), CSR: req.GetCsr(), SigningKey: req.GetSigningKey(), Name: req.GetName(), Recipient: req.GetRecipientKey(),
	}, nil
}

func (e *Enrolment) answer(got ca.Enrolled) *pb.EnrolResponse {
	resp := &pb.EnrolResponse{
		Certificate: got.Certificate, Ca: e.Enroller.Authority.Certificate().Raw, Device: got.Who.ID[:],
		VaultKey: got.VaultKey, PolicyKey: e.Policy.Key(), Policy: e.Policy.Current(),
	}
	if got.VaultKey != nil {
		resp.Subject = got.Subject[:]
	}
	return resp
}

func (e *Enrolment) refuse(err error) error {
	switch {
	case errors.Is(err, ca.ErrToken):
		e.Audit.Count(BadToken)
		return status.Error(codes.PermissionDenied, err.Error())
	case errors.Is(err, ca.ErrName):
		e.Audit.Count(Malformed)
		return status.Error(codes.FailedPrecondition, err.Error())
	case errors.Is(err, ca.ErrRequest), errors.Is(err, ca.ErrApplication):
		e.Audit.Count(Malformed)
		return status.Error(codes.InvalidArgument, err.Error())
	}
	e.Log.Error("nobody can be enrolled", "error", err)
	return retryLater("the collector cannot enrol anybody now", troubleRetry)
}
