package ingest

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/codes"
)

func ids(boxes ...envelope.Box) (out [][]byte) {
	for _, b := range boxes {
		id := b.Header().Batch
		out = append(out, id[:])
	}
	return out
}

func newID() []byte {
	id := make([]byte, 16)
	rand.Read(id)
	return id
}

func (p *party) erase(id []byte, all bool, batches ...[]byte) (*pb.ErasureRecord, error) {
	res, err := pb.NewDeviceClient(p.conn).Erase(context.Background(), &pb.EraseRequest{Id: id, All: all, Batches: batches})
	if err != nil {
		return nil, err
	}
	return erasure.Verify(res, p.rig.ledger, id)
}

// TestI21Erase: what a device names is destroyed, is never released, and does not come back; its neighbours stay.
func TestI21Erase(t *testing.T) {
	r := newRig(t, nil)
	custodian := r.custodian()
	d, other := r.device(custodian.hpke.PublicKey()), r.device(custodian.hpke.PublicKey())
	must(t, d.consent(nil))
	must(t, other.consent(nil))
	goes, stays, theirs := d.box(100), d.box(200), other.box(300)
	for _, b := range []envelope.Box{goes, stays} {
		d.want(pb.Outcome_OUTCOME_STORED, b.Bytes())
	}
	other.want(pb.Outcome_OUTCOME_STORED, theirs.Bytes())
	id := newID()
	record, err := d.erase(id, false, ids(goes)...)
	must(t, err)
	if record.GetBoxes() != 1 || record.GetDestroyedAt() == 0 || record.GetReplacedAt() < record.GetDestroyedAt() || record.GetAskedAt() > record.GetDestroyedAt() {
		t.Fatalf("%v", record)
	}
	before := r.digest()
	again, err := d.erase(id, false, ids(goes)...)
	must(t, err)
	if again.String() != record.String() || r.digest() != before {
		t.Fatal("asked again, it is another record")
	}
	d.want(pb.Outcome_OUTCOME_ERASED, goes.Bytes())
	got := release(t, pb.NewCustodianClient(custodian.conn), &pb.ReleaseRequest{PurposeId: purpose, Export: newID()})
	if len(got) != 2 {
		t.Fatalf("%d boxes are released, want the neighbour and the other's", len(got))
	}
	if record, err = d.erase(newID(), true); err != nil || record.GetBoxes() != 1 || record.GetReleased() != 1 || !record.GetAll() {
		t.Fatal(record, err)
	}
	if got := release(t, pb.NewCustodianClient(custodian.conn), &pb.ReleaseRequest{PurposeId: purpose, Export: newID()}); len(got) != 1 {
		t.Fatalf("%d boxes are released, want the other's", len(got))
	}
	noIDsIn(t, r.log.String(), d.id, d.subject, goes.Header().Batch)
}

// TestI21HostileErasures: nobody erases what is not theirs, and a refusal changes nothing.
func TestI21HostileErasures(t *testing.T) {
	r := newRig(t, nil)
	custodian := r.custodian()
	key := custodian.hpke.PublicKey()
	mallory, victim, gone := r.device(key), r.device(key), r.device(key)
	for _, p := range []*party{mallory, victim, gone} {
		must(t, p.consent(nil))
	}
	mine, theirs, ended := mallory.box(100), victim.box(100), gone.box(100)
	mallory.want(pb.Outcome_OUTCOME_STORED, mine.Bytes())
	victim.want(pb.Outcome_OUTCOME_STORED, theirs.Bytes())
	gone.want(pb.Outcome_OUTCOME_STORED, ended.Bytes())
	must(t, r.store.Revoke(context.Background(), gone.id))
	taken := newID()
	_, err := victim.erase(taken, false, newID())
	must(t, err)
	many := make([][]byte, store.MaxErase+1)
	for i := range many {
		many[i] = newID()
	}
	code := erasure.NewCode()
	hash := erasure.Hash(code)
	_, err = pb.NewDeviceClient(victim.conn).PutErasureCode(context.Background(), &pb.PutErasureCodeRequest{CodeSha256: hash[:]})
	must(t, err)
	csr, _ := newCSR(t)
	nobody := r.dial()
	before := r.digest()
	for name, c := range map[string]struct {
		want codes.Code
		do   func() error
	}{
		"another's box":           {codes.InvalidArgument, func() error { _, err := mallory.erase(newID(), false, ids(theirs)...); return err }},
		"own and another's box":   {codes.InvalidArgument, func() error { _, err := mallory.erase(newID(), false, ids(mine, theirs)...); return err }},
		"another's erasure id":    {codes.InvalidArgument, func() error { _, err := mallory.erase(taken, false, newID()); return err }},
		"no id":                   {codes.InvalidArgument, func() error { _, err := mallory.erase(nil, true); return err }},
		"nothing":                 {codes.InvalidArgument, func() error { _, err := mallory.erase(newID(), false); return err }},
		"all and some":            {codes.InvalidArgument, func() error { _, err := mallory.erase(newID(), true, ids(mine)...); return err }},
		"a short box id":          {codes.InvalidArgument, func() error { _, err := mallory.erase(newID(), false, []byte{1}); return err }},
		"too many":                {codes.InvalidArgument, func() error { _, err := mallory.erase(newID(), false, many...); return err }},
		"a revoked certificate":   {codes.Unauthenticated, func() error { _, err := gone.erase(newID(), true); return err }},
		"a custodian":             {codes.PermissionDenied, func() error { _, err := custodian.erase(newID(), true); return err }},
		"no certificate":          {codes.Unauthenticated, func() error { _, err := (&party{rig: r, conn: nobody}).erase(newID(), true); return err }},
		"another's code hash":     {codes.InvalidArgument, func() error { return putCode(mallory, hash[:]) }},
		"a short code hash":       {codes.InvalidArgument, func() error { return putCode(mallory, []byte{1}) }},
		"a custodian's code":      {codes.PermissionDenied, func() error { return putCode(custodian, newHash()) }},
		"a wrong code":            {codes.PermissionDenied, func() error { return byCode(r, newHash()) }},
		"the hash in place of it": {codes.PermissionDenied, func() error { return byCode(r, hash[:]) }},
		"a short code":            {codes.InvalidArgument, func() error { return byCode(r, code[:31]) }},
		"renewal: no request":     {codes.InvalidArgument, func() error { return renew(mallory, nil) }},
		"renewal: a custodian":    {codes.PermissionDenied, func() error { return renew(custodian, csr) }},
		"renewal: a revoked one":  {codes.Unauthenticated, func() error { return renew(gone, csr) }},
		"renewal: no certificate": {codes.Unauthenticated, func() error { return renew(&party{rig: r, conn: nobody}, csr) }},
		"renewal: too long":       {codes.InvalidArgument, func() error { return renew(mallory, make([]byte, 9<<10)) }},
		"renewal: torn signature": {codes.InvalidArgument, func() error { return renew(mallory, append(csr[:len(csr)-1:len(csr)-1], csr[len(csr)-1]^1)) }},
	} {
		if got := codeOf(c.do()); got != c.want {
			t.Errorf("%s: answered %v, want %v", name, got, c.want)
		}
		if r.digest() != before {
			t.Fatalf("%s: it changed what is stored", name)
		}
	}
	// A guess at an id that has not come yet harms nobody.
	late := victim.box(50)
	_, err = mallory.erase(newID(), false, ids(late)...)
	must(t, err)
	victim.want(pb.Outcome_OUTCOME_STORED, late.Bytes())
}

func newHash() []byte { c := erasure.NewCode(); return c[:] }

func putCode(p *party, hash []byte) error {
	_, err := pb.NewDeviceClient(p.conn).PutErasureCode(context.Background(), &pb.PutErasureCodeRequest{CodeSha256: hash})
	return err
}

func byCode(r *rig, code []byte) error {
	_, err := pb.NewRightsClient(r.dial()).EraseByCode(context.Background(), &pb.EraseByCodeRequest{Code: code, Id: newID()})
	return err
}

func renew(p *party, csr []byte) error {
	_, err := pb.NewDeviceClient(p.conn).Renew(context.Background(), &pb.RenewRequest{Csr: csr})
	return err
}

// TestI21CodeErasesEverything: the receipt alone erases all, also after the certificate was revoked, and tries are bounded.
func TestI21CodeErasesEverything(t *testing.T) {
	r := newRig(t, nil)
	d, other := r.device(r.custodian().hpke.PublicKey()), r.device(r.custodian().hpke.PublicKey())
	must(t, d.consent(nil))
	must(t, other.consent(nil))
	d.want(pb.Outcome_OUTCOME_STORED, d.box(100).Bytes())
	other.want(pb.Outcome_OUTCOME_STORED, other.box(100).Bytes())
	receipt := erasure.Receipt{Collector: r.addr, CA: r.authority.Fingerprint(), Ledger: r.ledger, Code: erasure.NewCode()}
	hash := erasure.Hash(receipt.Code)
	must(t, putCode(d, hash[:]))
	must(t, r.store.Revoke(context.Background(), d.id))
	read, err := erasure.ParseReceipt(receipt.String())
	must(t, err)
	if read != receipt {
		t.Fatalf("%v", read)
	}
	record, err := erasure.Ask(context.Background(), read)
	must(t, err)
	if record.GetBoxes() != 1 || !record.GetAll() {
		t.Fatalf("%v", record)
	}
	if record, err = erasure.Ask(context.Background(), read); err != nil || record.GetBoxes() != 0 {
		t.Fatal("the second time:", record, err)
	}
	tries := 0
	for ; tries <= eraseBurst; tries++ {
		if codeOf(byCode(r, newHash())) == codes.Unavailable {
			break
		}
	}
	if tries > eraseBurst {
		t.Fatal("codes can be tried without a bound")
	}
}

// TestRenew: the same device gets a new certificate for a new key, and it works.
func TestRenew(t *testing.T) {
	r := newRig(t, nil)
	d := r.device(r.custodian().hpke.PublicKey())
	must(t, d.consent(nil))
	csr, key := newCSR(t)
	res, err := pb.NewDeviceClient(d.conn).Renew(context.Background(), &pb.RenewRequest{Csr: csr})
	must(t, err)
	cert, err := x509.ParseCertificate(res.GetCertificate())
	must(t, err)
	if !key.PublicKey.Equal(cert.PublicKey) || time.Until(cert.NotAfter) < 29*24*time.Hour {
		t.Fatal("the new certificate is for another key or too short")
	}
	d.conn = r.dial(tls.Certificate{Certificate: [][]byte{res.GetCertificate()}, PrivateKey: key})
	d.want(pb.Outcome_OUTCOME_STORED, d.box(100).Bytes())
}

// TestErasuresAreBounded: one device cannot keep the collector moving keys.
func TestErasuresAreBounded(t *testing.T) {
	r := newRig(t, nil)
	d := r.device(r.custodian().hpke.PublicKey())
	n := 0
	for ; n <= eraseBurst; n++ {
		if _, err := d.erase(newID(), false, newID()); codeOf(err) == codes.Unavailable {
			break
		}
	}
	if n > eraseBurst || n < 5 {
		t.Fatalf("%d erasures in a row", n)
	}
	other := r.device(r.custodian().hpke.PublicKey())
	_, err := other.erase(newID(), true)
	must(t, err)
}
