package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
	"github.com/byleave/byleave/proto/tlog"
)

const (
	// mineLimit bounds how long a collector may take to list or give back what it holds of one person,
	mineLimit = 30 * time.Minute
	// mineMost how many things it may list: a box a minute makes that many in eight years of work,
	mineMost = 1 << 20
	// and mineBytes what they may take on the line. Without both a list that never ends would fill this computer's memory.
	mineBytes = 256 << 20
)

var errEndless = errors.New("the collector lists more than one person can have recorded, so its list is not believed; tell the operator")

// Line is a connection on which a person asks for what is theirs: with their device's certificate, or with a receipt from any machine.
// Its errors are sentences for the person.
type Line struct {
	conn   *grpc.ClientConn
	server *pin.Server
	addr   string
	code   []byte // of the receipt; nil: the certificate says who asks
}

// Open prepares a line of a device; it connects with the first question.
func Open(id keystore.Identity) (*Line, error) {
	server := pin.ByCertificate(id.CA)
	conn, err := dial(id.Collector, server, new(lifeline), id.TLS)
	if err != nil {
		return nil, err
	}
	return &Line{conn: conn, server: server, addr: id.Collector}, nil
}

// OpenByReceipt prepares a line from any machine.
func OpenByReceipt(r erasure.Receipt) (*Line, error) {
	server := pin.ByFingerprint(r.CA)
	conn, err := dial(r.Collector, server, new(lifeline))
	if err != nil {
		return nil, err
	}
	return &Line{conn: conn, server: server, addr: r.Collector, code: r.Code[:]}, nil
}

// Close ends the connection.
func (l *Line) Close() error { return l.conn.Close() }

// Ledger is the collector's public ledger. What goes wrong with it is to be put into words by Explain.
func (l *Line) Ledger() tlog.Remote { return tlog.NewRemote(l.conn) }

// Explain puts what gRPC says into words; other errors stay as they are.
func (l *Line) Explain(err error) error {
	st, remote := status.FromError(err)
	switch {
	case err == nil || !remote:
		return err
	case l.server.Refused():
		return errors.New(wrongServer(l.addr))
	case st.Code() == codes.PermissionDenied && l.code != nil:
		return errors.New("the collector knows no such code; compare it with the receipt, or a newer receipt replaced it")
	case st.Code() == codes.Unimplemented:
		return errors.New("the collector is from before there was a ledger; ask the operator to update it")
	case st.Code() == codes.Unauthenticated || rejectedByPeer(st.Message()):
		return errors.New("this device's certificate has expired or was revoked; use your receipt, or ask the operator for an invitation")
	case st.Code() == codes.Unavailable:
		return fmt.Errorf("%s does not answer or is busy; try again in a minute", l.addr)
	case st.Code() == codes.Canceled:
		return context.Canceled
	}
	return fmt.Errorf("the collector refuses: %s", tlog.Plain(st.Message()))
}

// Mine lists what the collector holds of the person.
func (l *Line) Mine(ctx context.Context) (*pb.MineResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, mineLimit)
	defer cancel()
	var stream grpc.ServerStreamingClient[pb.MineResponse]
	var err error
	if l.code != nil {
		stream, err = pb.NewRightsClient(l.conn).MineByCode(ctx, &pb.MineRequest{Code: l.code})
	} else {
		stream, err = pb.NewDeviceClient(l.conn).Mine(ctx, &pb.MineRequest{})
	}
	all := &pb.MineResponse{}
	for things, bytes := 0, 0; err == nil; {
		var page *pb.MineResponse
		if page, err = stream.Recv(); err == nil {
			all.Boxes, all.Consents = append(all.Boxes, page.GetBoxes()...), append(all.Consents, page.GetConsents()...)
			all.Erasures, all.Reads = append(all.Erasures, page.GetErasures()...), append(all.Reads, page.GetReads()...)
			things, bytes = len(all.Boxes)+len(all.Consents)+len(all.Erasures)+len(all.Reads), bytes+proto.Size(page)
		}
		if things > mineMost || bytes > mineBytes {
			return nil, errEndless
		}
	}
	if !errors.Is(err, io.EOF) {
		return nil, l.Explain(err)
	}
	return all, nil
}

// OfferJoin leaves what another device of the person needs, under the hash of the token that it will show.
func (l *Line) OfferJoin(ctx context.Context, token [32]byte, sealed []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	_, err := pb.NewDeviceClient(l.conn).OfferJoin(ctx, &pb.OfferJoinRequest{TokenSha256: token[:], Sealed: sealed})
	return l.Explain(err)
}

// fetchMost is how many boxes one request names.
const fetchMost = 10_000

// Fetch asks for boxes back and gives each to take; boxes that the collector does not have are left out.
func (l *Line) Fetch(ctx context.Context, batches [][]byte, take func(*pb.FetchResponse) error) error {
	for len(batches) > 0 {
		n := min(fetchMost, len(batches))
		if err := l.fetch(ctx, batches[:n], take); err != nil {
			return l.Explain(err)
		}
		batches = batches[n:]
	}
	return nil
}

func (l *Line) fetch(ctx context.Context, batches [][]byte, take func(*pb.FetchResponse) error) error {
	ctx, cancel := context.WithTimeout(ctx, mineLimit)
	defer cancel()
	req := &pb.FetchRequest{Code: l.code, Batches: batches}
	var stream grpc.ServerStreamingClient[pb.FetchResponse]
	var err error
	if l.code != nil {
		stream, err = pb.NewRightsClient(l.conn).FetchByCode(ctx, req)
	} else {
		stream, err = pb.NewDeviceClient(l.conn).Fetch(ctx, req)
	}
	for err == nil {
		var res *pb.FetchResponse
		if res, err = stream.Recv(); err == nil {
			err = take(res)
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
