package ingest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
)

// another enrols another device of d's person.
func (d *party) another() *party {
	t := d.rig.t
	t.Helper()
	var token [16]byte
	rand.Read(token[:])
	text := hex.EncodeToString(token[:])
	sum := ca.HashToken(text)
	_, err := pb.NewDeviceClient(d.conn).OfferJoin(context.Background(), &pb.OfferJoinRequest{TokenSha256: sum[:], Sealed: []byte("sealed")})
	must(t, err)
	csr, key := newCSR(t)
	pub, sign, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	got, err := pb.NewEnrolmentClient(d.rig.dial()).Join(context.Background(), &pb.EnrolRequest{Token: text, Csr: csr, SigningKey: pub})
	must(t, err)
	e := *d
	e.id, e.sign, e.seal.Sign = store.ID(got.GetEnrolled().GetDevice()), sign, sign
	e.seal.Device = e.id
	rand.Read(e.seal.Consent[:])
	e.cert.Certificate, e.cert.PrivateKey = [][]byte{got.GetEnrolled().GetCertificate()}, key
	e.conn = d.rig.dial(e.cert)
	return &e
}

// line is an open upload stream of a device.
type line struct {
	t      *testing.T
	stream pb.Device_UploadClient
	news   []*pb.News
}

func (d *party) open() *line {
	d.rig.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	d.rig.t.Cleanup(cancel)
	stream, err := pb.NewDeviceClient(d.conn).Upload(ctx)
	must(d.rig.t, err)
	return &line{t: d.rig.t, stream: stream}
}

// send sends a box and gives its outcome; news that come first are kept.
func (l *line) send(b envelope.Box, heard []byte) pb.Outcome {
	l.t.Helper()
	return l.sendRaw(b.Bytes(), heard)
}

func (l *line) sendRaw(raw, heard []byte) pb.Outcome {
	l.t.Helper()
	must(l.t, l.stream.Send(&pb.UploadRequest{Box: raw, Heard: heard}))
	for {
		if r := l.next(); r.GetAck() != nil {
			return r.GetAck().GetOutcome()
		}
	}
}

func (l *line) next() *pb.UploadResponse {
	l.t.Helper()
	r, err := l.stream.Recv()
	must(l.t, err)
	if r.GetNews() != nil {
		l.news = append(l.news, r.GetNews())
	}
	if r.GetCreditBytes() < envelope.MaxSize {
		l.t.Error("the credit does not suffice for a box")
	}
	return r
}

func (l *line) close() {
	l.t.Helper()
	must(l.t, l.stream.CloseSend())
	for {
		r, err := l.stream.Recv()
		if err != nil {
			return
		}
		if r.GetNews() != nil {
			l.news = append(l.news, r.GetNews())
		}
	}
}

func withWord(m *pb.ConsentStub) { m.Withdrawn, m.Word = true, bytes.Repeat([]byte{9}, 32) }

// TestI06WithdrawalReachesOtherDevices: from the answer to a withdrawal on, no box of the person's other devices is taken until they say that
// they heard of it; it comes down their open streams. Other people, and the device itself, hear nothing.
func TestI06WithdrawalReachesOtherDevices(t *testing.T) {
	r := newRig(t, nil)
	key := newHPKE(t).PublicKey()
	a, other := r.device(key), r.device(key)
	b, old := a.another(), a.another()
	for _, d := range []*party{a, b, old, other} {
		must(t, d.consent(nil))
	}
	const stored, retry = pb.Outcome_OUTCOME_STORED, pb.Outcome_OUTCOME_RETRY
	none := make([]byte, markSize)
	lines := map[*party]*line{a: a.open(), b: b.open(), old: old.open(), other: other.open()}
	for d, l := range lines {
		heard := none
		if d == old { // from before there were news
			heard = nil
		}
		if got := l.send(d.box(10), heard); got != stored {
			t.Fatalf("at first: %v", got)
		}
	}
	must(t, a.consent(withWord))
	before := r.digest()
	for _, d := range []*party{b, old} {
		if got := lines[d].send(d.box(10), nil); got != retry {
			t.Errorf("after the withdrawal: %v", got)
		}
	}
	if r.digest() != before {
		t.Error("a box was taken")
	}
	if got := lines[other].send(other.box(10), nil); got != stored {
		t.Errorf("another person: %v", got)
	}
	for _, l := range lines {
		l.close()
	}
	news := func(d *party) *pb.News {
		t.Helper()
		l := lines[d]
		last := l.news[len(l.news)-1]
		if len(l.news) > 2 || len(last.GetMark()) != markSize {
			t.Fatalf("%d news, the last %v", len(l.news), last)
		}
		return last
	}
	if n := news(b); len(n.GetWithdrawn()) != 1 || !bytes.Equal(n.GetWithdrawn()[0].GetBody(), a.stub(withWord).GetBody()) {
		t.Errorf("the other device heard %v", n)
	}
	if len(news(a).GetWithdrawn()) != 0 || len(news(other).GetWithdrawn()) != 0 || len(lines[old].news) != 0 {
		t.Error("who should not hear of it did")
	}
	mark := news(b).GetMark()
	for _, c := range []struct {
		heard []byte
		want  pb.Outcome
		news  int
	}{{none, retry, 1}, {bytes.Repeat([]byte{1}, markSize), retry, 1}, {nil, retry, 0}, {mark[:31], retry, 0}, {mark, stored, 0}} {
		l := b.open()
		got := l.send(b.box(10), c.heard)
		if l.close(); got != c.want || len(l.news) != c.news {
			t.Errorf("heard %x: %v, %d news", c.heard, got, len(l.news))
		}
	}
	got, err := pb.NewDeviceClient(b.conn).GetPolicy(context.Background(), &pb.GetPolicyRequest{})
	must(t, err)
	if !bytes.Equal(got.GetNews().GetMark(), mark) || len(got.GetNews().GetWithdrawn()) != 1 {
		t.Errorf("the check-in says %v", got)
	}
	noIDsIn(t, r.log.String(), a.id, b.id, a.subject)
}

// TestPolicyGoesDownTheStream: a new policy reaches open streams when the file is replaced, and streams that are opened later; never twice,
// and never one that does not verify.
func TestPolicyGoesDownTheStream(t *testing.T) {
	r := newRig(t, nil)
	d := r.device(newHPKE(t).PublicKey())
	must(t, d.consent(nil))
	path := filepath.Join(r.dir, "policy.signed")
	n := 0
	publish := func(signed []byte) {
		n++
		must(t, os.WriteFile(path, signed, 0o600))
		when := time.Now().Add(time.Duration(n) * time.Second)
		must(t, os.Chtimes(path, when, when))
		r.ingest.policy.Current() // as SIGHUP does
	}
	_, strange, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	l := d.open()
	if got := l.send(d.box(10), make([]byte, markSize)); got != pb.Outcome_OUTCOME_STORED {
		t.Fatal(got)
	}
	l.await(1)
	publish(signedPolicy(t, 9, strange, nil))
	publish(signedPolicy(t, 3, r.policyKey, nil))
	l.await(2)
	publish(signedPolicy(t, 2, r.policyKey, nil))
	publish(signedPolicy(t, 4, r.policyKey, nil))
	l.await(3)
	l.close()
	if len(l.news) != 3 || l.news[0].GetPolicy() != nil || bytes.Equal(l.news[1].GetPolicy().GetBody(), l.news[2].GetPolicy().GetBody()) ||
		!bytes.Equal(l.news[2].GetPolicy().GetBody(), r.ingest.policy.Current().GetBody()) {
		t.Fatalf("%d news", len(l.news))
	}
	for heard, want := range map[string]int{string(l.news[2].GetMark()): 0, string(l.news[1].GetMark()): 1} {
		l := d.open()
		if got := l.send(d.box(10), []byte(heard)); got != pb.Outcome_OUTCOME_STORED { // a policy keeps no box back
			t.Error(got)
		}
		if l.close(); len(l.news) != want {
			t.Errorf("%d news, want %d", len(l.news), want)
		}
	}
}

// await reads until there were n news.
func (l *line) await(n int) {
	l.t.Helper()
	for len(l.news) < n {
		l.next()
	}
}
