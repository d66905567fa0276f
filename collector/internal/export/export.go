package export

// An export, in the order in which it happens:
//
//  1. Plan     the collector says how many boxes it would release, for which purpose
//  2. (the custodian agrees; see the command)
//  3. Release  the collector puts its leaf into the ledger, then streams boxes with its half of each key
//  4. ledger   the leaf is proved to stand in the public ledger, which only grew since it was last seen; else nothing is opened
//  5. check    the device's signature, before anything is opened
//  6. open     the custodian's share and the released half, on this machine
//  7. write    frames at once; steps into one part per box; of both only what the query names
//  8. join     the parts of each person in the order of their devices' chains, which are checked, into files of the format
//  9. manifest the last file: an export without one is not whole

import (
	"context"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/open"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
	"github.com/byleave/byleave/proto/proxy"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

// biggest is a box and what stands beside it in one message.
const biggest = envelope.MaxSize + 64<<10

// Query says what to export. Since and Until are of arrival at the collector, which is known to the hour; zero is open. What was done in which application is
// sealed: the collector releases all boxes of purpose and window, and the leaf in its ledger counts them all, whatever is written of them here.
type Query struct {
	Purpose      string
	Since, Until time.Time
	Format       Format   // of what is written; empty is JSONL
	Applications []string `json:",omitempty"` // by their ids in the policy, sorted, each once; only what was done in these is written; empty is all
}

// Plan is what an export would hold at least: of each day that is over and had boxes of ten people, boxes in tens and whole MiB.
type Plan struct {
	Boxes, Bytes uint64
	Purpose      string // the policy's sentence
}

// Client asks one collector as one custodian.
type Client struct {
	conn   *grpc.ClientConn
	server *pin.Server
	pb     pb.CustodianClient
	keys   []hpke.PrivateKey // the first is the caller's; the others' shares are needed where a policy names several custodians
	ledger [32]byte          // fingerprint of its key
	name   string            // under which the caller enrolled
	seen   Seen
}

// Dial prepares a client; it connects with the first call. The first key asks the collector, all of them open. What was seen of the ledger
// is kept in seen.
func Dial(seen Seen, k Key, others ...Key) (*Client, error) {
	if k.Ledger == (Fingerprint{}) {
		return nil, errors.New("your key file does not say which ledger to trust; ask the operator for a custodian's invitation and run `byleave-collector custodian renew`")
	}
	own, ca, err := k.certificate()
	if err != nil {
		return nil, err
	}
	if left := time.Until(own.Leaf.NotAfter); left <= 0 {
		return nil, errors.New("your certificate has expired; ask the operator for a custodian's invitation and run `byleave-collector custodian renew`")
	}
	c := &Client{server: pin.ByCertificate(ca), ledger: k.Ledger, name: k.Name, seen: seen}
	for _, k := range append([]Key{k}, others...) {
		key, err := k.hpke()
		if err != nil {
			return nil, err
		}
		c.keys = append(c.keys, key)
	}
	through, err := proxy.For(k.Collector)
	if err != nil {
		return nil, err
	}
	target, how := proxy.Through(through, k.Collector)
	c.conn, err = grpc.NewClient(target, append(how, grpc.WithTransportCredentials(credentials.NewTLS(c.server.TLS(own))),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(biggest)), grpc.WithDisableServiceConfig())...)
	if err != nil {
		return nil, fmt.Errorf("reach the collector: %w", err)
	}
	c.pb = pb.NewCustodianClient(c.conn)
	return c, nil
}

// Close ends the connection.
func (c *Client) Close() error { return c.conn.Close() }

// Plan asks what an export would hold. Nothing is released.
func (c *Client) Plan(ctx context.Context, q Query) (Plan, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	res, err := c.pb.Plan(ctx, &pb.PlanRequest{PurposeId: q.Purpose, Since: unix(q.Since), Until: unix(q.Until)})
	if err != nil {
		return Plan{}, c.explain(err)
	}
	return Plan{Boxes: res.GetBoxes(), Bytes: res.GetBytes(), Purpose: res.GetPurposeText()}, nil
}

// Run exports to dir, which must be empty or absent, or hold the same export cut off: then it goes on, under a release of its
// own, and what was written stays. progress is called after each box that came, and then after each that was written into the files, of as many as there are;
// -1 is not known. A box that is truncated, forged or a bomb is refused and counted; the others go on.
func (c *Client) Run(ctx context.Context, q Query, dir string, progress func(doing string, of int)) (m Manifest, err error) {
	w, err := newWriter(dir, q)
	if err != nil {
		return Manifest{}, err
	}
	defer func() { err = errors.Join(err, w.lock.Close()) }()
	var id [16]byte
	rand.Read(id[:]) // never fails: it ends the program rather than giving weak bytes
	if err := w.release(id); err != nil {
		return Manifest{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.pb.Release(ctx, &pb.ReleaseRequest{PurposeId: q.Purpose, Since: unix(q.Since), Until: unix(q.Until), Export: id[:]})
	if err != nil {
		return Manifest{}, c.explain(err)
	}
	first, err := stream.Recv()
	if err != nil {
		return Manifest{}, c.explain(err)
	}
	told, err := c.proveRelease(ctx, q, id, first)
	if err != nil {
		return Manifest{}, err
	}
	for ; ; w.seen++ {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return w.finish(progress)
		}
		if err != nil {
			return Manifest{}, fmt.Errorf("%w; run the same command again to go on", c.explain(err))
		}
		if err := told.count(r); err != nil {
			return Manifest{}, err
		}
		if err := c.take(w, id, r); err != nil {
			return Manifest{}, err
		}
		progress("boxes", -1)
	}
}

// take checks, opens and writes one box. Only a failure to write is an error.
func (c *Client) take(w *writer, export [16]byte, r *pb.ReleaseResponse) error {
	box, err := envelope.Parse(r.GetBox())
	if err != nil {
		w.refuse("not a box")
		return nil
	}
	if box.Verify(ed25519.PublicKey(r.GetSigningKey())) != nil {
		w.refuse("not signed by its device")
		return nil
	}
	if w.has(box.Header().Batch) {
		return nil
	}
	half, err := c.half(export, box, r.GetHalf())
	if err != nil {
		w.refuse("the released half does not open")
		return nil
	}
	defer clear(half)
	payload, err := open.ByHalves(box, c.keys, half, open.ForPurpose(w.state.Query.Purpose))
	switch {
	case errors.Is(err, open.ErrPurpose):
		w.refuse("sealed for another purpose")
		return nil
	case errors.Is(err, envelope.ErrNotAddressed):
		w.refuse("needs another custodian's key")
		return nil
	case err != nil:
		w.refuse("does not open")
		return nil
	}
	return w.box(box, payload)
}

// half opens the collector's half; what binds it stands in proto/byleave/v1/collector.proto.
func (c *Client) half(export [16]byte, box envelope.Box, sealed []byte) ([]byte, error) {
	batch := box.Header().Batch
	info := append(append([]byte("byleave release v1"), export[:]...), batch[:]...)
	return hpke.Open(c.keys[0], hpke.HKDFSHA256(), hpke.AES256GCM(), info, sealed)
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// explain says what to do. What the collector says is shown as harmless text.
func (c *Client) explain(err error) error {
	s := status.Convert(err)
	switch code := s.Code(); {
	case c.server.Refused():
		return errors.New("whoever answers is not the collector that you enrolled with; if a proxy inspects TLS, exempt its address")
	case code == codes.Unavailable || code == codes.DeadlineExceeded:
		return fmt.Errorf("the collector does not answer or is busy; try again later: %s", printable(s.Message()))
	case code == codes.Canceled:
		return context.Canceled
	case code == codes.Unauthenticated || code == codes.PermissionDenied:
		return errors.New("the collector does not take this certificate any more; ask for a custodian's invitation and run `byleave-collector custodian renew`")
	}
	return fmt.Errorf("the collector refuses: %s", printable(s.Message()))
}
