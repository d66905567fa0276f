package upload

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
	"github.com/byleave/byleave/proto/tlog"
)

// second is another device of the field's person, as they join it.
func (f *field) second(t *testing.T) *field {
	t.Helper()
	password := []byte("correct horse battery staple")
	g := &field{stage: f.stage}
	var err error
	g.keys, err = keystore.Open(filepath.Join(t.TempDir(), "keys"))
	fatal(t, err)
	j := pin.NewJoin(f.id.Collector, sha256.Sum256(f.id.CA.Raw), sha256.Sum256(f.id.PolicyKey), f.id.Ledger)
	sealed, err := f.keys.SealForAnother(password, j.Key())
	fatal(t, err)
	line, err := Open(f.id)
	fatal(t, err)
	fatal(t, line.OfferJoin(t.Context(), j.TokenHash(), sealed))
	fatal(t, line.Close())
	fatal(t, Join(t.Context(), j.String(), g.keys, password))
	g.id, err = g.keys.Identity()
	fatal(t, err)
	return g
}

// stored counts the boxes that a device has at the collector.
func (f *field) stored(t *testing.T) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(f.stage.Data(), "index.db")+"?mode=ro")
	fatal(t, err)
	defer db.Close()
	fatal(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM batches WHERE device = ?", f.id.Device[:]).Scan(&n))
	return n
}

// TestI06WithdrawalBetweenTwoDevices: with a real collector between them, what a person withdraws on one device reaches the other, which
// believes it by their word; until it has heard, none of its boxes is taken, and once it decided to go on, they are.
func TestI06WithdrawalBetweenTwoDevices(t *testing.T) {
	first := newField(t, 1)
	second := first.second(t)
	stub := anyStub(t, second.id, 2)
	var given pb.Signed
	var consent pb.ConsentStub
	fatal(t, proto.Unmarshal(stub, &given))
	fatal(t, proto.Unmarshal(given.GetBody(), &consent))
	fatal(t, second.keys.SaveStub(stub))
	k := sealKeys()
	k.Vault, k.Person, k.Sign, k.Subject, k.Device, k.Consent = second.id.VaultKey, second.id.PersonKey, second.id.Sign, second.id.Subject, second.id.Device, envelope.ID(consent.GetId())
	var chain [32]byte
	box := func() envelope.Box {
		k.Sequence++
		k.Previous = chain
		b, err := seal.Seal(k, nil)
		fatal(t, err)
		chain = b.Digest()
		return b
	}
	code, err := second.keys.ErasureCode()
	fatal(t, err)
	var mu sync.Mutex // guards believed
	var believed int
	heard := func() int { mu.Lock(); defer mu.Unlock(); return believed }
	u := runWith(t, second.id, second.keys, func(o *Options, _ *pace) {
		o.Elsewhere = func(stubs []*pb.Signed) error {
			for _, s := range stubs {
				var m pb.ConsentStub
				fatal(t, proto.Unmarshal(s.GetBody(), &m))
				word := tlog.SecretOf(code).Word([16]byte(m.GetId()))
				if !m.GetWithdrawn() || !hmac.Equal(word[:], m.GetWord()) {
					t.Error("it is not the person's own")
				}
				mu.Lock()
				believed++
				mu.Unlock()
				o.Budget.Stop("you withdrew elsewhere")
			}
			return nil
		}
	})
	u.send(box())
	until(t, "the first box", func() bool { return u.queue.done() == 1 })

	pending, err := first.keys.PendingStubs()
	fatal(t, err)
	fatal(t, proto.Unmarshal(pending[0], &given))
	fatal(t, proto.Unmarshal(given.GetBody(), &consent))
	code, err = first.keys.ErasureCode()
	fatal(t, err)
	word := tlog.SecretOf(code).Word([16]byte(consent.GetId()))
	gone, err := policy.SignWithdrawal(pending[0], word[:], first.id.Sign)
	fatal(t, err)
	fatal(t, first.keys.SaveWithdrawal(gone))
	_, stop := first.run(t, &memory{}, usual)
	until(t, "the withdrawal at the collector", func() bool { p, err := first.keys.PendingStubs(); return err == nil && len(p) == 0 })
	stop()

	u.send(box())
	until(t, "the word of it", func() bool { return heard() == 1 })
	until(t, "the reason", func() bool { return u.Status().Words == "you withdrew elsewhere" })
	if n := second.stored(t); n != 1 || u.queue.left() != 1 {
		t.Fatalf("%d boxes were taken, %d are left", n, u.queue.left())
	}
	u.opt.Budget.Stop("")
	u.Kick()
	until(t, "the second box, once they decided", func() bool { return u.queue.done() == 2 })
	u.stop()
	if n := second.stored(t); n != 2 || heard() != 1 || u.opt.Budget.Why(time.Now()) != "" {
		t.Errorf("%d boxes were taken, heard %d times", n, heard())
	}
}
