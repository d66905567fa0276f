package export

// An export, in the order in which it happens:
//
//  1. Plan     the collector says how many boxes it would release, for which purpose
//  2. (the custodian agrees; see the command)
//  3. Release  the collector writes its leaf, then streams boxes with its half of each key
//  4. check    the device's signature, before anything is opened
//  5. open     the custodian's share and the released half, on this machine
//  6. write    frames at once; steps into one part per box
//  7. join     the parts of each person in the order of their devices' chains, which are checked
//  8. manifest the last file: an export without one is not whole

import (
	"context"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/open"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

// biggest is a box and what stands beside it in one message.
const biggest = envelope.MaxSize + 64<<10

// Query says what to export. Since and Until are of arrival at the collector, which is known to the hour; zero is open.
type Query struct {
	Purpose      string
	Since, Until time.Time
}

// Plan is what an export would hold.
type Plan struct {
	Boxes, Bytes uint64
	Withheld     uint64 // boxes of withdrawn consents, or sealed to others
	Purpose      string // the policy's sentence
}

// Client asks one collector as one custodian.
type Client struct {
	conn *grpc.ClientConn
	pb   pb.CustodianClient
	key  hpke.PrivateKey
}

// Dial prepares a client; it connects with the first call.
func Dial(k Key) (*Client, error) {
	own, ca, err := k.certificate()
	if err != nil {
		return nil, err
	}
	key, err := k.hpke()
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(k.Collector,
		grpc.WithTransportCredentials(credentials.NewTLS(pin.ByCertificate(ca).TLS(own))),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(biggest)))
	if err != nil {
		return nil, fmt.Errorf("reach the collector: %w", err)
	}
	return &Client{conn, pb.NewCustodianClient(conn), key}, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Plan asks what an export would hold. Nothing is released.
func (c *Client) Plan(ctx context.Context, q Query) (Plan, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	res, err := c.pb.Plan(ctx, &pb.PlanRequest{PurposeId: q.Purpose, Since: unix(q.Since), Until: unix(q.Until)})
	if err != nil {
		return Plan{}, explain(err)
	}
	return Plan{Boxes: res.GetBoxes(), Bytes: res.GetBytes(), Withheld: res.GetWithheld(), Purpose: res.GetPurposeText()}, nil
}

// Run exports to dir, which must be empty or absent. progress is called after each box. A box that is truncated, forged or a bomb
// is refused and counted; the others go on.
func (c *Client) Run(ctx context.Context, q Query, dir string, progress func()) (Manifest, error) {
	w, err := newWriter(dir, q.Purpose)
	if err != nil {
		return Manifest{}, err
	}
	var id [16]byte
	rand.Read(id[:])
	stream, err := c.pb.Release(ctx, &pb.ReleaseRequest{PurposeId: q.Purpose, Since: unix(q.Since), Until: unix(q.Until), Export: id[:]})
	if err != nil {
		return Manifest{}, explain(err)
	}
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return w.finish(hex.EncodeToString(id[:]))
		}
		if err != nil {
			return Manifest{}, fmt.Errorf("%w; what was written so far has no manifest and is not whole", explain(err))
		}
		if err := c.take(w, id, r); err != nil {
			return Manifest{}, err
		}
		progress()
	}
}

// take checks, opens and writes one box. Only a failure to write is an error.
func (c *Client) take(w *writer, export [16]byte, r *pb.ReleaseResponse) error {
	box, err := envelope.Parse(r.GetBox())
	if err != nil || len(r.GetSigningKey()) != ed25519.PublicKeySize || len(r.GetPseudonym()) != 16 {
		return w.refuse("not a box")
	}
	if box.Verify(ed25519.PublicKey(r.GetSigningKey())) != nil {
		return w.refuse("not signed by its device")
	}
	if box.Header().Purpose != w.purpose {
		return w.refuse("sealed for another purpose")
	}
	half, err := c.half(export, box, r.GetHalf())
	if err != nil {
		return w.refuse("the released half does not open")
	}
	payload, err := open.ByHalves(box, []hpke.PrivateKey{c.key}, half)
	clear(half)
	if err != nil {
		return w.refuse("does not open")
	}
	return w.box([16]byte(r.GetPseudonym()), box, payload)
}

// half opens the collector's half; what binds it stands in proto/byleave/v1/collector.proto.
func (c *Client) half(export [16]byte, box envelope.Box, sealed []byte) ([]byte, error) {
	batch := box.Header().Batch
	info := append(append([]byte("byleave release v1"), export[:]...), batch[:]...)
	return hpke.Open(c.key, hpke.HKDFSHA256(), hpke.AES256GCM(), info, sealed)
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// explain says what to do; the collector's own words are safe to show.
func explain(err error) error {
	s := status.Convert(err)
	switch s.Code() {
	case codes.Unavailable:
		return fmt.Errorf("the collector does not answer or is busy; try again later: %s", s.Message())
	case codes.Unauthenticated, codes.PermissionDenied:
		return errors.New("the collector does not take this certificate any more; enrol again with a new invitation")
	}
	return fmt.Errorf("the collector refuses: %s", s.Message())
}
