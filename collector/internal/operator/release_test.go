//go:build linux

package operator

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/embed"
	"github.com/byleave/byleave/collector/internal/store/storetest"
	"github.com/byleave/byleave/proto/pb"
)

// watched is a store that tells of each box that is read for a release, before it is.
type watched struct {
	*embed.Store
	reads func()
}

func (w watched) Read(ctx context.Context, batch store.ID) (store.Record, error) {
	w.reads()
	return w.Store.Read(ctx, batch)
}

// published is a ledger that takes every leaf.
type published struct{}

func (published) Publish(context.Context, []byte) (uint64, error) { return 0, nil }

// answers takes what a release sends.
type answers struct {
	grpc.ServerStream
	sent int
}

func (*answers) Context() context.Context { return ctx }

func (a *answers) Send(*pb.ReleaseResponse) error { a.sent++; return nil }

// TestTakenBackAtThatMoment: a box that its person erases while it is about to be released is left out without a word in the log.
func TestTakenBackAtThatMoment(t *testing.T) {
	d := newDesk(t)
	p := storetest.Enrol(t, d.store)
	d.put(t, p.Record(100))
	who := store.Custodian{ID: storetest.ID(), Name: "Works council", Recipient: []byte("custodian")}
	must(t, d.store.EnrolCustodian(ctx, storetest.Invite(t, d.store, store.CustodianRole), storetest.Noon, who))
	w := watched{d.store, func() {
		_, err := d.store.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, All: true, At: storetest.Noon}, storetest.Sign)
		must(t, err)
	}}
	var said bytes.Buffer
	c := &Custodian{Store: w, Ledger: published{}, Log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Now: func() time.Time { return storetest.Noon }, Who: func(context.Context) (store.ID, bool) { return who.ID, true }}
	var got answers
	id := storetest.ID()
	must(t, c.Release(&pb.ReleaseRequest{PurposeId: storetest.Purpose, Export: id[:]}, &got))
	if got.sent != 1 || said.Len() > 0 { // the leaf
		t.Errorf("%d answers; the log: %s", got.sent, said.String())
	}
}

// TestRevokedCustodianGetsNoMore: a release ends when its custodian is revoked, at the box where it is. What it had before stays with them.
func TestRevokedCustodianGetsNoMore(t *testing.T) {
	d := newDesk(t)
	p := storetest.Enrol(t, d.store)
	for range 5 {
		d.put(t, p.Record(100))
	}
	who := store.Custodian{ID: storetest.ID(), Name: "Works council", Recipient: []byte("custodian")}
	must(t, d.store.EnrolCustodian(ctx, storetest.Invite(t, d.store, store.CustodianRole), storetest.Noon, who))
	read, revokeAt := 0, 0
	w := watched{d.store, func() {
		if read++; read == revokeAt {
			must(t, d.store.Revoke(ctx, who.ID))
		}
	}}
	c := &Custodian{Store: w, Ledger: published{}, Log: quiet(), Now: func() time.Time { return storetest.Noon }, Who: func(context.Context) (store.ID, bool) { return who.ID, true }}
	release := func() error {
		id := storetest.ID()
		return c.Release(&pb.ReleaseRequest{PurposeId: storetest.Purpose, Export: id[:]}, &answers{})
	}
	if err := release(); err != nil || read != 5 {
		t.Fatalf("the control: %d boxes were read, %v", read, err)
	}
	read, revokeAt = 0, 2
	if err := release(); status.Code(err) != codes.Unauthenticated || read != 2 {
		t.Errorf("a custodian who was revoked at the second box had %d read for them, %v", read, err)
	}
}
