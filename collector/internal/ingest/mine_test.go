package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// gather reads a stream to its end.
func gather[T any](stream grpc.ServerStreamingClient[T], err error) (out []*T, _ error) {
	for err == nil {
		var one *T
		if one, err = stream.Recv(); err == nil {
			out = append(out, one)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return out, err
}

// TestI12MineIsMine: a device, and a code, list and get back what is their person's and nothing else, however it is asked for.
func TestI12MineIsMine(t *testing.T) {
	r := newRig(t, nil)
	c := r.custodian()
	d, other := r.device(c.hpke.PublicKey()), r.device(c.hpke.PublicKey())
	must(t, d.consent(nil))
	must(t, other.consent(nil))
	mine, theirs := d.box(100), other.box(100)
	d.want(pb.Outcome_OUTCOME_STORED, mine.Bytes())
	other.want(pb.Outcome_OUTCOME_STORED, theirs.Bytes())
	release(t, pb.NewCustodianClient(c.conn), &pb.ReleaseRequest{PurposeId: purpose, Export: newID()})
	code := erasure.NewCode()
	hash := erasure.Hash(code)
	ctx, client, anybody := context.Background(), pb.NewDeviceClient(d.conn), pb.NewRightsClient(r.dial())
	_, err := client.PutErasureCode(ctx, &pb.PutErasureCodeRequest{CodeSha256: hash[:]})
	must(t, err)
	lists := func(pages []*pb.MineResponse, err error) {
		t.Helper()
		must(t, err)
		h := mine.Header()
		if len(pages) != 1 || len(pages[0].GetBoxes()) != 1 || !bytes.Equal(pages[0].GetBoxes()[0].GetBatch(), h.Batch[:]) || len(pages[0].GetConsents()) != 1 ||
			len(pages[0].GetReads()) != 1 || pages[0].GetReads()[0].GetBoxes() != 1 {
			t.Fatalf("%v", pages)
		}
	}
	lists(gather(client.Mine(ctx, &pb.MineRequest{})))
	lists(gather(client.Mine(ctx, &pb.MineRequest{Code: make([]byte, 32)}))) // the certificate counts
	lists(gather(anybody.MineByCode(ctx, &pb.MineRequest{Code: code[:]})))
	both := [][]byte{idOf(mine), idOf(theirs)}
	gives := func(boxes []*pb.FetchResponse, err error) {
		t.Helper()
		must(t, err)
		if len(boxes) != 1 || !bytes.Equal(boxes[0].GetBox(), mine.Bytes()) || mine.Verify(boxes[0].GetSigningKey()) != nil {
			t.Fatalf("%d boxes are given back", len(boxes))
		}
	}
	for _, named := range [][][]byte{nil, both} {
		gives(gather(client.Fetch(ctx, &pb.FetchRequest{Batches: named})))
		gives(gather(anybody.FetchByCode(ctx, &pb.FetchRequest{Code: code[:], Batches: named})))
	}
	for _, bad := range [][]byte{nil, make([]byte, 31), make([]byte, 32)} {
		if got, err := gather(anybody.FetchByCode(ctx, &pb.FetchRequest{Code: bad})); len(got) != 0 || err == nil {
			t.Fatal("a wrong code gets boxes")
		}
	}
	if _, err := gather(pb.NewDeviceClient(r.dial()).Mine(ctx, &pb.MineRequest{})); status.Code(err) != codes.Unauthenticated {
		t.Fatal("nobody lists:", err)
	}
	if _, err := gather(pb.NewDeviceClient(c.conn).Fetch(ctx, &pb.FetchRequest{})); status.Code(err) != codes.PermissionDenied {
		t.Fatal("a custodian gets boxes without a release:", err)
	}
	noIDsIn(t, r.log.String(), d.id, d.subject, mine.Header().Batch)
}

func idOf(b interface{ Bytes() []byte }) []byte { return b.Bytes()[2:18] }

// TestJoin: an offer enrols one other device of the same person, once, while it counts; nobody else can use it or replace it.
func TestJoin(t *testing.T) {
	r := newRig(t, nil)
	d := r.device(r.custodian().hpke.PublicKey())
	ctx, client := context.Background(), pb.NewDeviceClient(d.conn)
	offer := func(token string, sealed []byte) error {
		sum := ca.HashToken(token)
		_, err := client.OfferJoin(ctx, &pb.OfferJoinRequest{TokenSha256: sum[:], Sealed: sealed})
		return err
	}
	join := func(token string) (*pb.JoinResponse, error) {
		csr, _ := newCSR(t)
		return pb.NewEnrolmentClient(r.dial()).Join(ctx, &pb.EnrolRequest{Token: token, Csr: csr, SigningKey: make([]byte, 32)})
	}
	if offer("token-one-token-one", make([]byte, offerMost+1)) == nil || offer("token-one-token-one", nil) == nil {
		t.Fatal("an offer of the wrong size was taken")
	}
	must(t, offer("token-one-token-one", []byte("first")))
	must(t, offer("token-two-token-two", []byte("second")))
	if _, err := join("token-one-token-one"); status.Code(err) != codes.PermissionDenied {
		t.Fatal("an offer that was replaced still counts:", err)
	}
	invitation := r.token("device")
	if _, err := join(invitation); status.Code(err) != codes.PermissionDenied {
		t.Fatal("an invitation joins somebody:", err)
	}
	got, err := join("token-two-token-two")
	must(t, err)
	if string(got.GetSealed()) != "second" || !bytes.Equal(got.GetEnrolled().GetSubject(), d.subject[:]) || bytes.Equal(got.GetEnrolled().GetDevice(), d.id[:]) {
		t.Fatalf("%v", got)
	}
	if _, err := join("token-two-token-two"); status.Code(err) != codes.PermissionDenied {
		t.Fatal("an offer counts twice:", err)
	}
}

// TestI18LedgerReadsAreBounded: whatever is asked of the ledger, it is a small answer or a refusal.
func TestI18LedgerReadsAreBounded(t *testing.T) {
	r := newRig(t, nil)
	must(t, r.public.Settle(context.Background()))
	l := pb.NewLedgerClient(r.dial())
	for _, req := range []*pb.TileRequest{{}, {Width: 257}, {Width: 1, Level: 8}, {Width: 1, Index: 1 << 63}, {Width: 1}, {Width: 256, Index: 1 << 39}} {
		if _, err := l.Tile(t.Context(), req); status.Code(err) != codes.InvalidArgument && status.Code(err) != codes.NotFound {
			t.Errorf("%v: %v", req, err)
		}
		if _, err := l.Bundle(t.Context(), req); status.Code(err) != codes.InvalidArgument && status.Code(err) != codes.NotFound {
			t.Errorf("%v: %v", req, err)
		}
	}
	for _, leaves := range [][][]byte{{make([]byte, 31)}, make([][]byte, findTooMany)} {
		if _, err := l.Find(t.Context(), &pb.FindRequest{Leaves: leaves}); status.Code(err) != codes.InvalidArgument {
			t.Error(err)
		}
	}
	if got, err := l.Find(t.Context(), &pb.FindRequest{Leaves: [][]byte{make([]byte, 32)}}); err != nil || got.GetPositions()[0] != -1 {
		t.Error(got, err)
	}
	if _, err := tlog.Fetch(t.Context(), tlog.NewRemote(r.dial()), r.ledger, tlog.Checkpoint{}); err != nil {
		t.Error(err)
	}
}

const findTooMany = 1001
