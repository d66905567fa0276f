package envelope_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/google/go-cmp/cmp"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/open"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
)

// parties are the holders of all keys of a test's boxes.
type parties struct {
	custodians    []hpke.PrivateKey
	vault, person hpke.PrivateKey
	sign          ed25519.PrivateKey
}

func newParties(t testing.TB, custodians int) parties {
	t.Helper()
	p := parties{vault: newKey(t), person: newKey(t), sign: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))}
	for range custodians {
		p.custodians = append(p.custodians, newKey(t))
	}
	return p
}

func newKey(t testing.TB) hpke.PrivateKey {
	t.Helper()
	k, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (p parties) params() seal.Params {
	s := seal.Params{
		Subject: envelope.ID{1}, Device: envelope.ID{2}, Consent: envelope.ID{3}, Policy: [32]byte{4}, Purpose: "train-agents",
		Sequence: 1, Vault: p.vault.PublicKey(), Person: p.person.PublicKey(), Sign: p.sign,
	}
	for _, k := range p.custodians {
		s.Custodians = append(s.Custodians, k.PublicKey())
	}
	return s
}

func (p parties) device() ed25519.PublicKey { return p.sign.Public().(ed25519.PublicKey) }

// half is what the collector releases.
func (p parties) half(t testing.TB, b envelope.Box) []byte {
	t.Helper()
	h, err := envelope.UnwrapHalf(b, envelope.Vault, p.vault)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func samplePayload() *pb.Payload {
	image := bytes.Repeat([]byte("a picture, masked "), 40)
	sum := sha256.Sum256(image)
	return &pb.Payload{
		Schema: 1, Session: bytes.Repeat([]byte{9}, 16), StartedAt: 1_700_000_000_000, Redactor: "1-abcd",
		Events: []*pb.Event{
			{AtMs: 0, What: &pb.Event_Action{Action: &pb.Action{
				Kind: pb.Kind_KIND_CLICK, Button: "left", Count: 1, At: &pb.Point{X: 10, Y: 20, Nx: 0.1, Ny: 0.2},
				Window: &pb.Window{Application: "editor", Monitors: []*pb.Rect{{Width: 1920, Height: 1080}}, Scale: 1},
				Before: &pb.FrameRef{Sha256: sum[:], Proof: "slot", AgeMs: 30},
			}}},
			{AtMs: 2000, What: &pb.Event_Gap{Gap: &pb.Gap{EndMs: 5000, Reason: pb.Reason_REASON_SECRET}}},
		},
		Frames: []*pb.Frame{{Sha256: sum[:], Width: 3, Height: 4, Format: "png", Image: image}},
	}
}

func marshal(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sealBytes(t testing.TB, p seal.Params, payload []byte) envelope.Box {
	t.Helper()
	b, err := seal.Seal(p, payload)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{1, 2, 3} {
		p := newParties(t, n)
		want := samplePayload()
		box := sealBytes(t, p.params(), marshal(t, want))
		got, err := open.ByPerson(box, p.person, open.SignedBy(p.device()), open.ForPurpose("train-agents"))
		if err != nil {
			t.Fatalf("%d custodians, by the person: %v", n, err)
		}
		if d := cmp.Diff(want, got, protocmp.Transform()); d != "" {
			t.Errorf("by the person: %s", d)
		}
		got, err = open.ByHalves(box, p.custodians, p.half(t, box))
		if err != nil {
			t.Fatalf("%d custodians, by halves: %v", n, err)
		}
		if d := cmp.Diff(want, got, protocmp.Transform()); d != "" {
			t.Errorf("by halves: %s", d)
		}
	}
}

// TestI9CollectorIsBlind: everything that a collector holds opens nothing, and neither do the custodians without it.
func TestI9CollectorIsBlind(t *testing.T) {
	p := newParties(t, 2)
	box := sealBytes(t, p.params(), marshal(t, samplePayload()))
	half := p.half(t, box)
	other := sealBytes(t, p.params(), marshal(t, samplePayload()))
	noHalf := make([]byte, envelope.HalfSize)
	for _, c := range []struct {
		name string
		try  func() (*pb.Payload, error)
		want error
	}{
		{"vault key as person", func() (*pb.Payload, error) { return open.ByPerson(box, p.vault) }, envelope.ErrNotAddressed},
		{"vault key as custodian", func() (*pb.Payload, error) { return open.ByHalves(box, []hpke.PrivateKey{p.vault}, half) }, envelope.ErrNotAddressed},
		{"vault's half, no custodian", func() (*pb.Payload, error) { return open.ByHalves(box, nil, half) }, envelope.ErrNotAddressed},
		{"first custodian missing", func() (*pb.Payload, error) { return open.ByHalves(box, p.custodians[1:], half) }, envelope.ErrNotAddressed},
		{"second custodian missing", func() (*pb.Payload, error) { return open.ByHalves(box, p.custodians[:1], half) }, envelope.ErrNotAddressed},
		{"one custodian twice", func() (*pb.Payload, error) {
			return open.ByHalves(box, []hpke.PrivateKey{p.custodians[0], p.custodians[0]}, half)
		}, envelope.ErrNotAddressed},
		{"all custodians, no half", func() (*pb.Payload, error) { return open.ByHalves(box, p.custodians, nil) }, envelope.ErrForged},
		{"all custodians, zero half", func() (*pb.Payload, error) { return open.ByHalves(box, p.custodians, noHalf) }, envelope.ErrForged},
		{"all custodians, half of another box", func() (*pb.Payload, error) { return open.ByHalves(box, p.custodians, p.half(t, other)) }, envelope.ErrForged},
		{"custodian as person", func() (*pb.Payload, error) { return open.ByPerson(box, p.custodians[0]) }, envelope.ErrNotAddressed},
		{"another person", func() (*pb.Payload, error) { return open.ByPerson(box, newKey(t)) }, envelope.ErrNotAddressed},
		{"the empty box", func() (*pb.Payload, error) { return open.ByPerson(envelope.Box{}, p.person) }, envelope.ErrNotAddressed},
		{"the empty box by halves", func() (*pb.Payload, error) { return open.ByHalves(envelope.Box{}, p.custodians, half) }, envelope.ErrNotAddressed},
	} {
		got, err := c.try()
		if got != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: got payload %t, error %v, want %v", c.name, got != nil, err, c.want)
		}
	}
	if _, err := envelope.UnwrapHalf(box, envelope.Custodian, p.person); !errors.Is(err, envelope.ErrNotAddressed) {
		t.Errorf("the person's key opens a custodian's capsule: %v", err)
	}
}
