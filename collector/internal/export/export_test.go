package export

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math/big"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/tlog"
	"github.com/byleave/byleave/proto/tlog/tlogtest"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
)

func TestMain(m *testing.M) {
	runChild()
	goleak.VerifyTestMain(m)
}

const purpose = "test"

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// device seals boxes of one person, as an agent does.
type device struct {
	params seal.Params
	vault  hpke.PrivateKey
	last   envelope.Box
}

// world is a collector that releases what it is given, and a custodian enrolled with it.
type world struct {
	pb.UnimplementedCustodianServer
	key     Key
	others  []Key
	devices []*device
	boxes   []*pb.ReleaseResponse // half is left empty: it is sealed at release
	vaults  []hpke.PrivateKey     // of each box
	cutAt   int                   // end the first release after so many boxes; 0: never
	ids     [][]byte              // of the releases
	log     *tlogtest.Log
	seen    Seen
	edit    func(*tlog.Release)       // changes the leaf; nil: nothing
	lie     func(*pb.ReleaseResponse) // changes what is said of the leaf

	lastLeaf, oldLeaf []byte // of the last release, and of one before
}

func hpkeKey(t *testing.T) hpke.PrivateKey {
	t.Helper()
	k, err := hpke.MLKEM768X25519().GenerateKey()
	fatal(t, err)
	return k
}

func newKeyFile(t *testing.T) Key {
	t.Helper()
	own := hpkeKey(t)
	private, err := own.Bytes()
	fatal(t, err)
	return Key{Name: "Works council", PublicKey: own.PublicKey().Bytes(), Private: private}
}

// newWorld starts a collector on loopback.
func newWorld(t *testing.T, custodians int) *world {
	t.Helper()
	w := &world{key: newKeyFile(t), log: tlogtest.New(), seen: Seen(filepath.Join(t.TempDir(), "seen"))}
	w.key.Ledger = w.log.Fingerprint()
	for range custodians - 1 {
		w.others = append(w.others, newKeyFile(t))
	}
	caKey := ecKey(t)
	ca := issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, caKey, caKey)
	serverKey, ownKey := ecKey(t), ecKey(t)
	server := issue(t, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, ca, serverKey, caKey)
	own := issue(t, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, ca, ownKey, caKey)
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatal(t, err)
	srv := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
		Certificates: []tls.Certificate{{Certificate: [][]byte{server.Raw, ca.Raw}, PrivateKey: serverKey}}})))
	pb.RegisterCustodianServer(srv, w)
	pb.RegisterLedgerServer(srv, w.log)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Stop()
		if err := <-done; !errors.Is(err, grpc.ErrServerStopped) { // it never began
			fatal(t, err)
		}
	})
	w.key.Collector, w.key.CA, w.key.Certificate = l.Addr().String(), ca.Raw, own.Raw
	w.key.TLSKey, err = x509.MarshalPKCS8PrivateKey(ownKey)
	fatal(t, err)
	return w
}

func ecKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatal(t, err)
	return k
}

func issue(t *testing.T, tmpl, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	tmpl.SerialNumber, tmpl.NotBefore, tmpl.NotAfter = big.NewInt(1), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if parent == nil {
		parent = tmpl
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	fatal(t, err)
	c, err := x509.ParseCertificate(der)
	fatal(t, err)
	return c
}

// newDevice enrols a device of a new person.
func (w *world) newDevice(t *testing.T) *device {
	t.Helper()
	_, sign, err := ed25519.GenerateKey(nil)
	fatal(t, err)
	vault := hpkeKey(t)
	d := &device{vault: vault, params: seal.Params{Vault: vault.PublicKey(), Person: hpkeKey(t).PublicKey(), Sign: sign, Purpose: purpose, Policy: [32]byte{9}}}
	rand.Read(d.params.Subject[:])
	rand.Read(d.params.Device[:])
	for _, k := range append([]Key{w.key}, w.others...) {
		private, err := k.hpke()
		fatal(t, err)
		d.params.Custodians = append(d.params.Custodians, private.PublicKey())
	}
	w.devices = append(w.devices, d)
	return d
}

// seal makes the device's next box of a payload.
func (w *world) seal(t *testing.T, d *device, p *pb.Payload) *pb.ReleaseResponse {
	t.Helper()
	b, err := proto.Marshal(p)
	fatal(t, err)
	d.params.Sequence++
	d.params.Previous = d.last.Digest()
	box, err := seal.Seal(d.params, b)
	fatal(t, err)
	d.last = box
	r := &pb.ReleaseResponse{Box: box.Bytes(), SigningKey: d.params.Sign.Public().(ed25519.PublicKey), Pseudonym: make([]byte, 16)}
	w.boxes, w.vaults = append(w.boxes, r), append(w.vaults, d.vault)
	return r
}

func (w *world) Plan(_ ctx, req *pb.PlanRequest) (*pb.PlanResponse, error) {
	if req.GetPurposeId() != purpose {
		return nil, status.Error(codes.InvalidArgument, "no such purpose \x1b[31m")
	}
	return &pb.PlanResponse{Boxes: uint64(len(w.boxes)), PurposeText: "Testing."}, nil
}

// Release streams as the real one does: halves sealed to the caller and bound to the export.
func (w *world) Release(req *pb.ReleaseRequest, stream pb.Custodian_ReleaseServer) error {
	w.ids = append(w.ids, req.GetExport())
	leaf := tlog.Release{Custodian: "Works council", Export: hex.EncodeToString(req.GetExport()), Purpose: req.GetPurposeId(), Since: req.GetSince(), Until: req.GetUntil(), Few: true}
	if w.edit != nil {
		w.edit(&leaf)
	}
	body, err := leaf.Marshal()
	if err != nil {
		return err
	}
	w.lastLeaf = body
	first := &pb.ReleaseResponse{Leaf: body, Position: w.log.Append(body)}
	if w.lie != nil {
		w.lie(first)
	}
	if err := stream.Send(first); err != nil {
		return err
	}
	caller, err := hpke.MLKEM768X25519().NewPublicKey(w.key.PublicKey)
	if err != nil {
		return err
	}
	for i, r := range w.boxes {
		if w.cutAt > 0 && i == w.cutAt && len(w.ids) == 1 {
			return status.Error(codes.Unavailable, "cut")
		}
		out := proto.Clone(r).(*pb.ReleaseResponse)
		if box, err := envelope.Parse(r.GetBox()); err == nil && out.Half == nil {
			half, err := envelope.UnwrapHalf(box, envelope.Vault, w.vaults[i])
			if err != nil {
				return err
			}
			h := box.Header()
			info := slices.Concat([]byte("byleave release v1"), req.GetExport(), h.Batch[:])
			if out.Half, err = hpke.Seal(caller, hpke.HKDFSHA256(), hpke.AES256GCM(), info, half); err != nil {
				return err
			}
		}
		if err := stream.Send(out); err != nil {
			return err
		}
	}
	return nil
}

// export runs one export with the custodian's key, and the others' where there are some.
func (w *world) export(t *testing.T, dir string) (Manifest, error) {
	t.Helper()
	c, err := Dial(w.seen, w.key, w.others...)
	fatal(t, err)
	defer func() { fatal(t, c.Close()) }()
	return c.Run(t.Context(), Query{Purpose: purpose}, dir, func(string, int) {})
}

// newPNG is a small picture of one colour.
func newPNG(t *testing.T, shade uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 8, 4))
	for i := range img.Pix {
		img.Pix[i] = color.Gray{Y: shade}.Y
	}
	var b bytes.Buffer
	fatal(t, png.Encode(&b, img))
	return b.Bytes()
}

func newFrame(raw []byte) *pb.Frame {
	sum := sha256.Sum256(raw)
	return &pb.Frame{Sha256: sum[:], Width: 8, Height: 4, Format: "png", Image: raw, Mask: "m1"}
}

// clicked is a payload of one click, with a frame before it and a gap after it.
func clicked(t *testing.T, title string, shade uint8) *pb.Payload {
	t.Helper()
	f := newFrame(newPNG(t, shade))
	return &pb.Payload{
		Schema: 1, Session: bytes.Repeat([]byte{7}, 16), StartedAt: 1_800_000_000_000, Redactor: "redactor 1", Frames: []*pb.Frame{f},
		Events: []*pb.Event{
			{AtMs: 100, What: &pb.Event_Action{Action: &pb.Action{
				Kind: pb.Kind_KIND_CLICK, Button: "left", Count: 1, DurationMs: 170,
				Window: &pb.Window{Application: "editor", Title: title, Canvas: &pb.Rect{X: 10, Y: 20, Width: 8, Height: 4},
					Screen: &pb.Rect{Width: 1920, Height: 1080}, Monitors: []*pb.Rect{{Width: 960, Height: 1080}, {X: 960, Width: 960, Height: 1080}}, Scale: 1.5},
				At: &pb.Point{X: 2, Y: 1, Nx: 0.250049, Ny: 0.25}, Element: &pb.Element{Role: "push button", Name: "Save", Rect: &pb.Rect{Width: 5, Height: 2}},
				Before: &pb.FrameRef{Sha256: f.Sha256, AgeMs: 1234, Proof: "damage", Canvas: &pb.Rect{Width: 8, Height: 4}},
				After:  &pb.FrameRef{Withheld: "focus moved"},
			}}},
			{AtMs: 400, What: &pb.Event_Action{Action: &pb.Action{
				Kind: pb.Kind_KIND_TEXT, Window: &pb.Window{Application: "editor", Canvas: &pb.Rect{Width: 8, Height: 4}},
				Text: &pb.Text{Net: "pay <CARD#1> now", Deleted: 4, Spans: []*pb.Span{{Start: 4, End: 12, Class: "CARD", Id: 1, Length: 16}}},
			}}},
			{AtMs: 1000, What: &pb.Event_Gap{Gap: &pb.Gap{EndMs: 4000, Reason: pb.Reason_REASON_NOT_AGREED}}},
		},
	}
}

func (w *world) mustParse(t *testing.T, i int) envelope.Box {
	t.Helper()
	b, err := envelope.Parse(w.boxes[i].GetBox())
	fatal(t, err)
	return b
}
