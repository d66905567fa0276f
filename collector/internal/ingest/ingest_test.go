package ingest

import (
	"bytes"
	"context"
	"crypto/hpke"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// TestFlow takes one box the whole way: enrol, consent, upload, plan, release, and the half that the custodian opens.
func TestFlow(t *testing.T) {
	r := newRig(t, nil)
	c := r.custodian()
	d := r.device(c.hpke.PublicKey())
	box := d.box(9000)
	d.want(pb.Outcome_OUTCOME_SEND_CONSENT, box.Bytes())
	must(t, d.consent(nil))
	d.want(pb.Outcome_OUTCOME_STORED, box.Bytes())
	d.want(pb.Outcome_OUTCOME_DUPLICATE, box.Bytes())

	cc := pb.NewCustodianClient(c.conn)
	plan, err := cc.Plan(context.Background(), &pb.PlanRequest{PurposeId: purpose})
	must(t, err)
	if plan.GetBoxes() != 0 || plan.GetBytes() != 0 || plan.GetPurposeText() == "" { // of one person nothing is counted
		t.Fatalf("plan %v", plan)
	}
	export := envelope.ID{7}
	got := release(t, cc, &pb.ReleaseRequest{PurposeId: purpose, Export: export[:]})
	if len(got) != 1 || !bytes.Equal(got[0].GetBox(), box.Bytes()) {
		t.Fatalf("%d boxes released", len(got))
	}
	h := box.Header()
	info := append(append([]byte("byleave release v1"), export[:]...), h.Batch[:]...)
	half, err := hpke.Open(c.hpke, hpke.HKDFSHA256(), hpke.AES256GCM(), info, got[0].GetHalf())
	must(t, err)
	if len(half) != envelope.HalfSize {
		t.Fatalf("a half of %d bytes", len(half))
	}
	must(t, box.Verify(got[0].GetSigningKey()))
	if bytes.Equal(got[0].GetPseudonym(), d.subject[:]) {
		t.Fatal("the pseudonym is the subject")
	}
	noIDsIn(t, r.log.String(), d.id, d.subject, h.Batch, h.Consent, c.id)
}

func release(t *testing.T, cc pb.CustodianClient, req *pb.ReleaseRequest) []*pb.ReleaseResponse {
	t.Helper()
	stream, err := cc.Release(context.Background(), req)
	must(t, err)
	first, err := stream.Recv()
	must(t, err)
	if len(first.GetBox()) > 0 || len(first.GetLeaf()) == 0 {
		t.Fatal("a release does not begin with its leaf")
	}
	var out []*pb.ReleaseResponse
	for {
		resp, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return out
		}
		must(t, err)
		out = append(out, resp)
	}
}

// TestI19LeafBeforeRelease: before the first box comes out, the public ledger proves the release to everybody; a release whose leaf cannot be
// written gives nothing, while boxes, consents and erasures go on.
func TestI19LeafBeforeRelease(t *testing.T) {
	r := newRig(t, nil)
	c := r.custodian()
	d := r.device(c.hpke.PublicKey())
	must(t, d.consent(nil))
	box := d.box(100)
	d.want(pb.Outcome_OUTCOME_STORED, box.Bytes())
	export := envelope.ID{9}
	stream, err := pb.NewCustodianClient(c.conn).Release(context.Background(), &pb.ReleaseRequest{PurposeId: purpose, Export: export[:]})
	must(t, err)
	first, err := stream.Recv()
	must(t, err)
	anybody := tlog.NewRemote(r.dial())
	at, err := tlog.Fetch(context.Background(), anybody, r.ledger, tlog.Checkpoint{})
	must(t, err)
	must(t, tlog.NewTree(anybody, at).Includes(context.Background(), first.GetPosition(), first.GetLeaf()))
	leaf, err := tlog.ParseRelease(first.GetLeaf())
	must(t, err)
	if leaf.Export != hex.EncodeToString(export[:]) || !leaf.Few || len(first.GetBox()) > 0 {
		t.Fatalf("%+v", leaf)
	}
	if second, err := stream.Recv(); err != nil || !bytes.Equal(second.GetBox(), box.Bytes()) {
		t.Fatal("no box follows:", err)
	}
	must(t, os.RemoveAll(filepath.Join(r.dir, "ledger")))
	stream, err = pb.NewCustodianClient(c.conn).Release(context.Background(), &pb.ReleaseRequest{PurposeId: purpose, Export: newID()})
	must(t, err)
	if got, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Fatal("without a ledger:", got, err)
	}
	must(t, d.consent(nil))
	d.want(pb.Outcome_OUTCOME_STORED, d.box(100).Bytes())
	if record, err := d.erase(newID(), true); err != nil || record.GetBoxes() != 2 {
		t.Fatal("an erasure waited for a dead ledger:", record, err)
	}
}

// TestWithdrawalStopsEverything: upload, release and export refuse from the withdrawal on.
func TestWithdrawalStopsEverything(t *testing.T) {
	r := newRig(t, nil)
	c := r.custodian()
	d := r.device(c.hpke.PublicKey())
	must(t, d.consent(nil))
	d.want(pb.Outcome_OUTCOME_STORED, d.box(100).Bytes())
	must(t, d.consent(withdrawn))
	d.want(pb.Outcome_OUTCOME_WITHDRAWN, d.box(100).Bytes())
	cc := pb.NewCustodianClient(c.conn)
	if got := release(t, cc, &pb.ReleaseRequest{PurposeId: purpose, Export: make([]byte, 16)}); len(got) != 0 {
		t.Fatal("a withdrawn box was released")
	}
	must(t, d.consent(nil)) // saying yes with the same id again takes nothing back
	d.want(pb.Outcome_OUTCOME_WITHDRAWN, d.box(100).Bytes())
}

// TestI14ExactlyOnce sends the same boxes on many streams at once.
func TestI14ExactlyOnce(t *testing.T) {
	r := newRig(t, nil)
	key := newHPKE(t).PublicKey()
	var stored, duplicate atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		d := r.device(key)
		must(t, d.consent(nil))
		var boxes [][]byte
		for range 10 {
			boxes = append(boxes, d.box(20000).Bytes())
		}
		for range deviceStreams {
			wg.Go(func() {
				for range 3 {
					got, err := d.upload(boxes...)
					if err != nil {
						t.Error(err)
					}
					for _, o := range got {
						switch o {
						case pb.Outcome_OUTCOME_STORED:
							stored.Add(1)
						case pb.Outcome_OUTCOME_DUPLICATE:
							duplicate.Add(1)
						default:
							t.Error(o)
						}
					}
				}
			})
		}
	}
	wg.Wait()
	if stored.Load() != 40 || duplicate.Load() != 40*(3*deviceStreams-1) {
		t.Fatalf("%d stored, %d duplicates", stored.Load(), duplicate.Load())
	}
}

// failing is a store that fails when told to.
type failing struct {
	keeper
	broken atomic.Bool
}

func (f *failing) Put(ctx context.Context, g []store.Record) ([]store.Outcome, error) {
	if f.broken.Load() {
		return nil, errors.New("no space left on device")
	}
	return f.keeper.Put(ctx, g)
}

// TestI16NoAckWithoutStore: while nothing can be stored, boxes are to be kept and sent later; then they go through.
func TestI16NoAckWithoutStore(t *testing.T) {
	var f *failing
	r := newRig(t, func(k keeper) keeper { f = &failing{keeper: k}; return f })
	d := r.device(newHPKE(t).PublicKey())
	must(t, d.consent(nil))
	box := d.box(100).Bytes()
	f.broken.Store(true)
	before := r.digest()
	stream, err := pb.NewDeviceClient(d.conn).Upload(context.Background())
	must(t, err)
	must(t, stream.Send(&pb.UploadRequest{Box: box}))
	resp, err := stream.Recv()
	must(t, err)
	if resp.GetAck().GetOutcome() != pb.Outcome_OUTCOME_RETRY || resp.GetAck().GetRetryAfterMs() == 0 {
		t.Fatalf("ack %v", resp)
	}
	if r.ingest.Ready() == nil {
		t.Error("ready, although nothing can be stored")
	}
	if r.digest() != before {
		t.Fatal("a refused box left something")
	}
	f.broken.Store(false)
	must(t, stream.Send(&pb.UploadRequest{Box: box}))
	resp, err = stream.Recv()
	must(t, err)
	if resp.GetAck().GetOutcome() != pb.Outcome_OUTCOME_STORED {
		t.Fatalf("ack %v", resp)
	}
	must(t, stream.CloseSend())
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}

// gated is a store whose Put waits.
type gated struct {
	keeper
	gate    chan struct{}
	waiting atomic.Bool
}

func (g *gated) Put(ctx context.Context, group []store.Record) ([]store.Outcome, error) {
	g.waiting.Store(true)
	<-g.gate
	return g.keeper.Put(ctx, group)
}

// TestDrain: what is in flight when the collector stops is stored and answered, and the device is told to come back.
func TestDrain(t *testing.T) {
	var g *gated
	r := newRig(t, func(k keeper) keeper { g = &gated{keeper: k, gate: make(chan struct{})}; return g })
	d := r.device(newHPKE(t).PublicKey())
	must(t, d.consent(nil))
	stream, err := pb.NewDeviceClient(d.conn).Upload(context.Background())
	must(t, err)
	must(t, stream.Send(&pb.UploadRequest{Box: d.box(100).Bytes()}))
	eventually(t, "the box is in flight", func() bool {
		r.ingest.accounts.mu.Lock()
		defer r.ingest.accounts.mu.Unlock()
		a := r.ingest.accounts.of[d.id]
		return a != nil && len(r.ingest.commit.jobs) == 0 && g.waiting.Load()
	})
	must(t, r.ingest.Ready())
	r.ingest.Drain()
	if err := r.ingest.Ready(); !errors.Is(err, ErrDraining) {
		t.Errorf("ready while it drains: %v", err)
	}
	close(g.gate)
	resp, err := stream.Recv()
	must(t, err)
	if resp.GetAck().GetOutcome() != pb.Outcome_OUTCOME_STORED {
		t.Fatalf("ack %v", resp)
	}
	if _, err := stream.Recv(); codeOf(err) != codes.Unavailable {
		t.Fatalf("the stream ended with %v", err)
	}
}

// TestI18BoundedPerDevice: streams and bytes in flight of one device have an end, and others are not touched by it.
func TestI18BoundedPerDevice(t *testing.T) {
	var g *gated
	r := newRig(t, func(k keeper) keeper { g = &gated{keeper: k, gate: make(chan struct{})}; return g })
	d := r.device(newHPKE(t).PublicKey())
	must(t, d.consent(nil))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for range deviceStreams {
		_, err := pb.NewDeviceClient(d.conn).Upload(ctx)
		must(t, err)
	}
	eventually(t, "both streams are open", func() bool {
		r.ingest.accounts.mu.Lock()
		defer r.ingest.accounts.mu.Unlock()
		a := r.ingest.accounts.of[d.id]
		return a != nil && a.streams == deviceStreams
	})
	extra, err := pb.NewDeviceClient(d.conn).Upload(ctx)
	must(t, err)
	if _, err := extra.Recv(); codeOf(err) != codes.Unavailable {
		t.Fatalf("a third stream: %v", err)
	}
	cancel()
	close(g.gate)
	e := r.device(newHPKE(t).PublicKey())
	must(t, e.consent(nil))
	e.want(pb.Outcome_OUTCOME_STORED, e.box(10).Bytes())
}

// TestI18EnrolmentHasAShare: while many enrol, more are told to come back, and keep their invitation.
func TestI18EnrolmentHasAShare(t *testing.T) {
	r := newRig(t, nil)
	gate := make(chan struct{})
	var waiting atomic.Int32
	e := &Enrolment{Policy: r.ingest.policy, Audit: r.audit, Log: r.ingest.log, Enroller: &ca.Enroller{Authority: r.authority,
		Store: r.store, Now: time.Now, NewKey: func(subject store.ID) (store.VaultKey, error) {
			waiting.Add(1)
			<-gate
			return r.vault.NewKey(subject)
		}}}
	enrol := func(token string) error {
		csr, _ := newCSR(t)
		_, err := e.Enrol(context.Background(), &pb.EnrolRequest{Token: token, Csr: csr, SigningKey: make([]byte, 32)})
		return err
	}
	var wg sync.WaitGroup
	for range maxEnrolments {
		token := r.token(store.DeviceRole)
		wg.Go(func() {
			if err := enrol(token); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "all places are taken", func() bool { return waiting.Load() == maxEnrolments })
	token := r.token(store.DeviceRole)
	if err := enrol(token); codeOf(err) != codes.Unavailable {
		t.Fatalf("one too many: %v", err)
	}
	close(gate)
	wg.Wait()
	must(t, enrol(token))
}
