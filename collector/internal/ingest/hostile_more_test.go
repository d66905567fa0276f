package ingest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
)

// moreBoxes are boxes with one field of the header, or one capsule, that cannot be.
func (s *scene) moreBoxes() []attack {
	whole := s.mallory.box(5000).Bytes()
	bad := func(name string, raw []byte) attack {
		return attack{"box: " + name, "QUARANTINE", func() string {
			got, err := s.mallory.upload(raw)
			if err != nil {
				return codeOf(err).String()
			}
			return strings.TrimPrefix(got[0].String(), "OUTCOME_")
		}}
	}
	signed := func(change func(b []byte)) []byte {
		b := slices.Clone(whole)
		change(b)
		copy(b[267:331], ed25519.Sign(s.mallory.sign, append([]byte("byleave/1 header\x00"), b[:267]...)))
		return b
	}
	var out []attack
	for _, f := range []struct {
		name     string
		from, to int
	}{{"version", 0, 2}, {"subject", 18, 34}, {"device", 34, 50}, {"policy", 66, 98}, {"purpose", 98, 162}, {"capsules' hash", 202, 234}, {"payload's hash", 234, 266}, {"bucket", 266, 267}} {
		out = append(out, bad(f.name+" of ones, signed", signed(func(b []byte) { copy(b[f.from:f.to], bytes.Repeat([]byte{0xff}, 64)) })))
		if f.name != "bucket" {
			out = append(out, bad(f.name+" of zeros, signed", signed(func(b []byte) { clear(b[f.from:f.to]) })))
		}
		out = append(out, bad(f.name+" flipped, not signed", func() []byte { b := slices.Clone(whole); b[f.from] ^= 0x80; return b }()))
	}
	section, _, n := capsuleSection(whole)
	one := len(section[1:]) / n
	rehash := func(change func(c []byte)) []byte {
		return signed(func(b []byte) {
			c := b[331 : 331+len(section)]
			change(c)
			sum := sha256.Sum256(c)
			copy(b[202:234], sum[:])
		})
	}
	for name, change := range map[string]func(c []byte){
		"no custodian":                 func(c []byte) { c[0] = 0 },
		"custodians beyond reason":     func(c []byte) { c[0] = 65 },
		"two custodians, bytes of one": func(c []byte) { c[0] = 2 },
		"first capsule twice":          func(c []byte) { copy(c[1+one:1+2*one], c[1:1+one]) },
		"capsules in another order": func(c []byte) {
			x := slices.Clone(c[1 : 1+one])
			copy(c[1:1+one], c[1+one:])
			copy(c[1+one:1+2*one], x)
		},
		"a capsule's role of ones":       func(c []byte) { c[1] = 0xff },
		"a capsule's role zero":          func(c []byte) { c[1] = 0 },
		"the person's capsule for vault": func(c []byte) { copy(c[1+2*one:], c[1+one:1+2*one]) },
	} {
		out = append(out, bad(name+", hashed and signed", rehash(change)))
	}
	for _, n := range []int{2, 18, 267, 330, 332, 331 + len(section) - 1, 331 + len(section), len(whole) - 16} {
		out = append(out, bad(fmt.Sprintf("cut at %d", n), whole[:n]))
	}
	return out
}

// capsuleSection is the section of a box, its payload, and how many capsules it has.
func capsuleSection(raw []byte) (section, payload []byte, n int) {
	b, err := envelope.Parse(raw)
	if err != nil {
		panic(err)
	}
	_, section, payload = b.Parts()
	return section, payload, len(b.Capsules())
}

// moreStubs are consent stubs, signed by the device, that no agent makes.
func (s *scene) moreStubs() []attack {
	put := func(name string, stub *pb.Signed) attack {
		return attack{"stub: " + name, "InvalidArgument", func() string {
			_, err := pb.NewDeviceClient(s.mallory.conn).PutConsent(context.Background(), &pb.PutConsentRequest{Stub: stub})
			return codeOf(err).String()
		}}
	}
	with := func(c func(*pb.ConsentStub)) *pb.Signed {
		return s.mallory.stub(func(m *pb.ConsentStub) { m.Id = make([]byte, 16); m.Id[0] = 9; c(m) })
	}
	sign := func(cut int) *pb.Signed {
		st := with(func(*pb.ConsentStub) {})
		st.Signature = append(slices.Clone(st.Signature), 0)[:cut]
		return st
	}
	return []attack{
		put("signature of 0 bytes", sign(0)), put("signature of 63 bytes", sign(63)), put("signature of 65 bytes", sign(65)),
		put("empty body", &pb.Signed{Signature: make([]byte, 64)}),
		put("policy of 31 bytes", with(func(m *pb.ConsentStub) { m.PolicySha256 = make([]byte, 31) })),
		put("policy of 33 bytes", with(func(m *pb.ConsentStub) { m.PolicySha256 = make([]byte, 33) })),
		put("no policy", with(func(m *pb.ConsentStub) { m.PolicySha256 = nil })),
		put("no commitment", with(func(m *pb.ConsentStub) { m.Commitment = nil })),
		put("commitment of 31 bytes", with(func(m *pb.ConsentStub) { m.Commitment = make([]byte, 31) })),
		put("commitment of 100 bytes", with(func(m *pb.ConsentStub) { m.Commitment = make([]byte, 100) })),
		put("no purpose", with(func(m *pb.ConsentStub) { m.PurposeId = "" })),
		put("purpose of 65 letters", with(func(m *pb.ConsentStub) { m.PurposeId = strings.Repeat("a", 65) })),
		put("purpose in capitals", with(func(m *pb.ConsentStub) { m.PurposeId = "TRAIN" })),
		put("purpose with a line end", with(func(m *pb.ConsentStub) { m.PurposeId = "a\nb" })),
		put("purpose right to left", with(func(m *pb.ConsentStub) { m.PurposeId = "a\u202eb" })),
		put("no expiry", with(func(m *pb.ConsentStub) { m.ExpiresAt = 0 })),
		put("expiry below zero", with(func(m *pb.ConsentStub) { m.ExpiresAt = -5 })),
		put("id of 15 bytes", with(func(m *pb.ConsentStub) { m.Id = make([]byte, 15) })),
	}
}

// erasures are what a device, and somebody with no certificate, may ask about erasing and renewing, done wrongly.
func (s *scene) erasures() []attack {
	device, anybody := pb.NewDeviceClient(s.mallory.conn), pb.NewRightsClient(s.dial())
	ctx := context.Background()
	id, code := make([]byte, 16), make([]byte, 32)
	rand.Read(id)
	rand.Read(code)
	theirs := s.theirs.Header().Batch
	erase := func(name, want string, req *pb.EraseRequest) attack {
		return attack{"erase: " + name, want, func() string { _, err := device.Erase(ctx, req); return codeOf(err).String() }}
	}
	byCode := func(name, want string, req *pb.EraseByCodeRequest) attack {
		return attack{"erase by code: " + name, want, func() string { _, err := anybody.EraseByCode(ctx, req); return codeOf(err).String() }}
	}
	putCode := func(name string, hash []byte) attack {
		return attack{"register a code: " + name, "InvalidArgument", func() string {
			_, err := device.PutErasureCode(ctx, &pb.PutErasureCodeRequest{CodeSha256: hash})
			return codeOf(err).String()
		}}
	}
	renew := func(name string, csr []byte) attack {
		return attack{"renew: " + name, "InvalidArgument", func() string {
			_, err := device.Renew(ctx, &pb.RenewRequest{Csr: csr})
			return codeOf(err).String()
		}}
	}
	csr, _ := newCSR(s.t)
	tampered := slices.Clone(csr)
	tampered[len(tampered)-3] ^= 1
	many := make([][]byte, store.MaxErase+1)
	for i := range many {
		many[i] = id
	}
	const bad = "InvalidArgument"
	return []attack{
		erase("no id", bad, &pb.EraseRequest{All: true}), erase("id of 15 bytes", bad, &pb.EraseRequest{Id: id[:15], All: true}),
		erase("id of 1 KiB", bad, &pb.EraseRequest{Id: make([]byte, 1024), All: true}),
		erase("nothing named", bad, &pb.EraseRequest{Id: id}), erase("all and some", bad, &pb.EraseRequest{Id: id, All: true, Batches: [][]byte{id}}),
		erase("batch of 15 bytes", bad, &pb.EraseRequest{Id: id, Batches: [][]byte{id[:15]}}),
		erase("empty batch", bad, &pb.EraseRequest{Id: id, Batches: [][]byte{nil}}),
		erase("10,001 batches", bad, &pb.EraseRequest{Id: id, Batches: many}),
		erase("another person's box", bad, &pb.EraseRequest{Id: id, Batches: [][]byte{theirs[:]}}),
		erase("another person's box among unknown ones", bad, &pb.EraseRequest{Id: id, Batches: [][]byte{id, theirs[:]}}),
		byCode("no code", bad, &pb.EraseByCodeRequest{Id: id}), byCode("31 bytes", bad, &pb.EraseByCodeRequest{Code: code[:31], Id: id}),
		byCode("64 bytes", bad, &pb.EraseByCodeRequest{Code: make([]byte, 64), Id: id}), byCode("no id", bad, &pb.EraseByCodeRequest{Code: code}),
		byCode("id of 17 bytes", bad, &pb.EraseByCodeRequest{Code: code, Id: make([]byte, 17)}),
		byCode("a wrong code", "PermissionDenied", &pb.EraseByCodeRequest{Code: code, Id: id}),
		byCode("zeros", "PermissionDenied", &pb.EraseByCodeRequest{Code: make([]byte, 32), Id: id}),
		byCode("a person's id as code", "PermissionDenied", &pb.EraseByCodeRequest{Code: append(slices.Clone(s.victim.subject[:]), s.victim.subject[:]...), Id: id}),
		putCode("none", nil), putCode("31 bytes", code[:31]), putCode("33 bytes", make([]byte, 33)), putCode("1 MiB", make([]byte, 1<<20)),
		renew("nothing", nil), renew("noise", []byte("noise")), renew("tampered", tampered), renew("bytes after the end", append(slices.Clone(csr), 0)),
		renew("as PEM", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})), renew("too long", make([]byte, 9<<10)),
		renew("RSA", request(s, func() (any, error) { return rsa.GenerateKey(rand.Reader, 2048) })),
		renew("P-384", request(s, func() (any, error) { return ecdsa.GenerateKey(elliptic.P384(), rand.Reader) })),
	}
}

func request(s *scene, make func() (any, error)) []byte {
	s.t.Helper()
	key, err := make()
	must(s.t, err)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	must(s.t, err)
	return csr
}

// wire are clients that do not speak gRPC, or not as it should be. Each is hung up on or answered with an error; none gets in.
func (s *scene) wire() []attack {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	settings := string([]byte{0, 0, 0, 4, 0, 0, 0, 0, 0})
	frame := func(kind, flags byte, stream uint32, body string) string {
		n := len(body)
		return string([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags, byte(stream >> 24), byte(stream >> 16), byte(stream >> 8), byte(stream)}) + body
	}
	resets := strings.Builder{}
	for i := range 500 {
		resets.WriteString(frame(1, 4, uint32(2*i+1), "\x82\x86\x84\x41\x01x") + frame(3, 0, uint32(2*i+1), "\x00\x00\x00\x08"))
	}
	pings := strings.Repeat(frame(6, 0, 0, "12345678"), 100)
	var out []attack
	for name, bytes := range map[string]string{
		"plain HTTP/1.1":                 "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"a POST of HTTP/1.1":             "POST /byleave.v1.Custodian/Plan HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		"noise":                          strings.Repeat("noise", 1000),
		"zeros":                          strings.Repeat("\x00", 10_000),
		"another preface":                "PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n" + settings,
		"frames without settings":        preface + frame(0, 0, 1, "data"),
		"settings of an odd length":      preface + frame(4, 0, 0, "12345"),
		"settings on a stream":           preface + frame(4, 0, 1, ""),
		"data on a stream never opened":  preface + settings + frame(0, 0, 7, "data"),
		"a frame of 16 MiB":              preface + settings + "\xff\xff\xff\x00\x00\x00\x00\x00\x01",
		"an even stream":                 preface + settings + frame(1, 4, 2, "\x82"),
		"headers that do not decode":     preface + settings + frame(1, 5, 1, "\xff\xff\xff\xff\xff\xff"),
		"continuation without headers":   preface + settings + frame(9, 4, 1, "\x82"),
		"window of zero":                 preface + settings + frame(8, 0, 0, "\x00\x00\x00\x00"),
		"window past its end":            preface + settings + frame(8, 0, 0, "\x7f\xff\xff\xff"),
		"push promise":                   preface + settings + frame(5, 4, 1, "\x00\x00\x00\x02\x82"),
		"rapid reset":                    preface + settings + resets.String(),
		"a flood of pings":               preface + settings + pings,
		"a ping of 7 bytes":              preface + settings + frame(6, 0, 0, "1234567"),
		"goaway, then more":              preface + settings + frame(7, 0, 0, "\x00\x00\x00\x00\x00\x00\x00\x00") + frame(0, 0, 1, "x"),
		"padding longer than the frame":  preface + settings + frame(0, 8, 1, "\xffab"),
		"TLS inside TLS":                 "\x16\x03\x01\x00\x05hello",
		"an endless header":              preface + settings + frame(1, 0, 1, "\x82") + strings.Repeat(frame(9, 0, 1, strings.Repeat("\x40\x01a\x01b", 200)), 60),
		"a table of 4 GiB for headers":   preface + frame(4, 0, 0, "\x00\x01\xff\xff\xff\xff"),
		"priority of a stream on itself": preface + settings + frame(2, 0, 1, "\x00\x00\x00\x01\x10"),
	} {
		out = append(out, attack{"wire: " + name, "hung up", func() string { return s.speak(bytes) }})
	}
	out = append(out, attack{"wire: no TLS at all", "hung up", func() string {
		conn, err := net.Dial("tcp", s.addr)
		must(s.t, err)
		return s.converse(conn, preface+settings)
	}})
	return out
}

// speak says bytes over TLS as the device and waits until the collector has hung up or said all that it has to say.
func (s *scene) speak(text string) string {
	pool := x509.NewCertPool()
	pool.AddCert(s.authority.Certificate())
	conn, err := tls.Dial("tcp", s.addr, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"}, Certificates: []tls.Certificate{s.mallory.cert}})
	must(s.t, err)
	return s.converse(conn, text)
}

func (s *scene) converse(conn net.Conn, text string) string {
	defer conn.Close()
	must(s.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	if _, err := io.WriteString(conn, text); err == nil {
		if c, ok := conn.(interface{ CloseWrite() error }); ok && c.CloseWrite() != nil {
			return "hung up"
		}
	}
	said, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "left waiting"
	}
	if bytes.Contains(said, []byte("grpc-status0")) {
		return "answered"
	}
	return "hung up"
}
