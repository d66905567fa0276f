package fleet

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net"
	"time"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"
)

// place is where devices of one site connect.
type place struct {
	server    *pin.Server
	addresses []string
}

// device is one computer and its person. Only its own goroutine touches it.
type device struct {
	fleet *Fleet
	at    *place
	turn  int // which address is next
	from  net.IP
	rng   *mrand.Rand

	own                  tls.Certificate
	sign                 ed25519.PrivateKey
	vault                []byte // the person's public key at the collector
	subject, id, consent envelope.ID
	agrees               bool

	sequence uint64 // of the next box
	previous [32]byte
	backlog  []parcel // sealed and not acknowledged, oldest first
	acked    []envelope.ID
}

// open prepares a connection; it is made with the first call. Buffers are small: there are many devices here and one in a laptop.
func (d *device) open() (*grpc.ClientConn, error) {
	var own []tls.Certificate
	if d.own.PrivateKey != nil {
		own = append(own, d.own)
	}
	addr := d.at.addresses[d.turn%len(d.at.addresses)]
	return grpc.NewClient("passthrough:///"+addr,
		grpc.WithTransportCredentials(credentials.NewTLS(d.at.server.TLS(own...))),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
			return d.fleet.Network.dial(ctx, d.from, addr)
		}),
		grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(2<<20)), grpc.WithReadBufferSize(4<<10), grpc.WithDisableServiceConfig())
}

// call opens a connection for as long as do needs it.
func (d *device) call(ctx context.Context, do func(*grpc.ClientConn) error) error {
	conn, err := d.open()
	if err != nil {
		return err
	}
	defer d.fleet.Tally.connected()()
	if err = d.greet(ctx, conn); err == nil {
		err = do(conn)
	}
	return errors.Join(err, conn.Close())
}

// greetAtOnce is how many devices shake hands at the same time: all of them have one machine, which in truth has one for each.
// Few enough that each is done before it gives up, also on a machine that has other work.
const greetAtOnce = 200

// greet connects, or lets the call find out why that cannot be.
func (d *device) greet(ctx context.Context, conn *grpc.ClientConn) error {
	select {
	case d.fleet.greeting <- struct{}{}:
		defer func() { <-d.fleet.greeting }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for state := conn.GetState(); state != connectivity.Ready && state != connectivity.TransientFailure; state = conn.GetState() {
		if state == connectivity.Idle { // also when it was connected and cut before we looked
			conn.Connect()
		}
		if !conn.WaitForStateChange(ctx, state) {
			return ctx.Err()
		}
	}
	return nil
}

// enrol uses the invitation and, if its person agrees, tells the consent.
func (d *device) enrol(ctx context.Context, invitation string) error {
	inv, err := pin.Parse(invitation)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return err
	}
	pub, sign, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	var resp *pb.EnrolResponse
	err = d.insist(ctx, func() error {
		return d.call(ctx, func(conn *grpc.ClientConn) (err error) {
			resp, err = pb.NewEnrolmentClient(conn).Enrol(ctx, &pb.EnrolRequest{Token: inv.Token, Csr: csr, SigningKey: pub})
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	leaf, err := x509.ParseCertificate(resp.GetCertificate())
	if err != nil || len(resp.GetSubject()) != 16 || len(resp.GetDevice()) != 16 {
		return errors.New("enrol: the collector's answer is not whole")
	}
	d.own = tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	d.subject, d.id, d.sign, d.vault, d.sequence = envelope.ID(resp.GetSubject()), envelope.ID(resp.GetDevice()), sign, resp.GetVaultKey(), 1
	if d.agrees = d.rng.Float64() < agreed; !d.agrees {
		return nil
	}
	rand.Read(d.consent[:])
	return d.insist(ctx, func() error { return d.call(ctx, func(conn *grpc.ClientConn) error { return d.tell(ctx, conn) }) })
}

// tell delivers the consent stub.
func (d *device) tell(ctx context.Context, conn *grpc.ClientConn) error {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(&pb.ConsentStub{Id: d.consent[:], PolicySha256: make([]byte, 32),
		PurposeId: purpose, ExpiresAt: time.Now().Add(24 * time.Hour).Unix(), Commitment: make([]byte, 32)})
	if err != nil {
		return err
	}
	signature := ed25519.Sign(d.sign, append([]byte("byleave consent stub v1\x00"), body...))
	_, err = pb.NewDeviceClient(conn).PutConsent(ctx, &pb.PutConsentRequest{Stub: &pb.Signed{Body: body, Signature: signature}})
	return err
}

// live is the device's day.
func (d *device) live(ctx context.Context, c clock) error {
	for _, e := range plan(d.rng, d.fleet.load.Boxes, d.agrees) {
		if err := c.until(ctx, e.at); err != nil {
			return err
		}
		if err := d.seal(e.boxes); err != nil {
			return err
		}
		lid := e.lid
		err := d.insist(ctx, func() error {
			err := d.session(ctx, e.checkIn, lid)
			lid = false
			return err
		})
		if err != nil && !errors.Is(err, errLid) {
			return err
		}
	}
	return d.insist(ctx, func() error { return d.session(ctx, false, false) })
}

// seal makes n boxes.
func (d *device) seal(n int) error {
	for range n {
		p := parcel{}
		if d.sequence == 1 {
			vault, err := hpke.MLKEM768X25519().NewPublicKey(d.vault)
			if err != nil {
				return fmt.Errorf("read the vault's key: %w", err)
			}
			box, err := seal.Seal(seal.Params{Subject: d.subject, Device: d.id, Consent: d.consent, Purpose: purpose, Sequence: 1,
				Custodians: []hpke.PublicKey{d.fleet.mould.custodian}, Person: d.fleet.mould.person, Vault: vault, Sign: d.sign}, []byte("the first"))
			if err != nil {
				return err
			}
			p, d.vault = cut(box), nil
		} else {
			p = d.cast(d.fleet.mould.pick(d.rng))
		}
		d.sequence, d.previous = d.sequence+1, digest(p.header)
		d.backlog = append(d.backlog, p)
	}
	return nil
}

// errLid is how a session ends when the lid is closed.
var errLid = errors.New("the lid was closed")

// session is one connection: check in if it is due, send what waits, and close.
func (d *device) session(ctx context.Context, checkIn, lid bool) error {
	if !checkIn && len(d.backlog) == 0 {
		return nil
	}
	return d.call(ctx, func(conn *grpc.ClientConn) error {
		client := pb.NewDeviceClient(conn)
		if checkIn {
			if err := d.checkIn(ctx, client); err != nil {
				return err
			}
		}
		if err := d.drain(ctx, client, lid); err != nil {
			return err
		}
		d.fleet.Tally.Sessions.Add(1)
		return nil
	})
}

// checkIn is what every agent does each day.
func (d *device) checkIn(ctx context.Context, client pb.DeviceClient) error {
	if _, err := client.GetPolicy(ctx, &pb.GetPolicyRequest{}); err != nil {
		return err
	}
	code := make([]byte, 32)
	rand.Read(code)
	_, err := client.PutErasureCode(ctx, &pb.PutErasureCodeRequest{CodeSha256: code})
	return err
}

// hold keeps a stream open until it is released. in is called once, when it stands or never will.
func (d *device) hold(ctx context.Context, in func(), release <-chan struct{}) error {
	stands := false
	err := d.insist(ctx, func() error {
		return d.call(ctx, func(conn *grpc.ClientConn) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			client := pb.NewDeviceClient(conn)
			if _, err := client.Upload(ctx); err != nil {
				return err
			}
			if _, err := client.GetPolicy(ctx, &pb.GetPolicyRequest{}); err != nil { // the stream was opened before it is answered
				return err
			}
			if !stands {
				stands = true
				in()
			}
			<-release
			return nil
		})
	})
	if !stands {
		in()
	}
	return err
}

// audit asks what is held of its person, from each address in turn.
func (d *device) audit(ctx context.Context) (a Audit, err error) {
	held := map[envelope.ID]int{}
	err = d.insist(ctx, func() error {
		clear(held)
		return d.call(ctx, func(conn *grpc.ClientConn) error {
			stream, err := pb.NewDeviceClient(conn).Mine(ctx, &pb.MineRequest{})
			for err == nil {
				var page *pb.MineResponse
				if page, err = stream.Recv(); err == nil {
					for _, h := range page.GetBoxes() {
						held[envelope.ID(h.GetBatch())]++
					}
				}
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		})
	})
	for _, n := range held {
		a.Held += n
		a.Doubled += n - 1
	}
	a.Acknowledged = len(d.acked)
	for _, id := range d.acked {
		if held[id] == 0 {
			a.Lost++
		}
		delete(held, id)
	}
	a.Unknown = len(held)
	return a, err
}
