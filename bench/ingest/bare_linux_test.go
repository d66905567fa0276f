package ingest

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/bench/collector"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers "proto"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/mem"
)

// isBare names the variable that makes a process of this test the bare server.
const isBare = "BYLEAVE_BENCH_BARE"

func TestMain(m *testing.M) {
	if os.Getenv(isBare) == "" {
		os.Exit(m.Run())
	}
	if err := serveBare(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// bare is a server that takes boxes over the same connection, with the settings of the collector's, and does nothing but answer: it looks at
// no byte of a box but its id. What a box waits for there no collector over gRPC on these cores can spare it.
type bare struct{ pb.UnimplementedDeviceServer }

// Upload answers each box.
func (bare) Upload(stream pb.Device_UploadServer) error {
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = stream.Send(&pb.UploadResponse{CreditBytes: 2 << 20, Ack: &pb.Ack{Batch: req.GetBox(), Outcome: pb.Outcome_OUTCOME_STORED}})
		}
		if err != nil {
			return err
		}
	}
}

// GetPolicy is for who wants to be connected before anything is measured.
func (bare) GetPolicy(context.Context, *pb.GetPolicyRequest) (*pb.GetPolicyResponse, error) {
	return &pb.GetPolicyResponse{}, nil
}

// onlyID is protobuf, but of a request it reads nothing but the box's id, where a box has it.
type onlyID struct{ encoding.CodecV2 }

// Unmarshal is that of encoding.CodecV2.
func (c onlyID) Unmarshal(data mem.BufferSlice, v any) error {
	req, ok := v.(*pb.UploadRequest)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	r := data.Reader()
	defer r.Close()
	if _, err := r.ReadByte(); err != nil { // the box's tag
		return err
	}
	if _, err := binary.ReadUvarint(r); err != nil {
		return err
	}
	head := make([]byte, 18)
	_, err := io.ReadFull(r, head)
	req.Box = head[2:]
	return err
}

// pieces is memory for frames. grpc's own pool clears each before it is read into.
type pieces struct{ sync.Pool }

// Get is that of mem.BufferPool.
func (p *pieces) Get(n int) *[]byte {
	if b, ok := p.Pool.Get().(*[]byte); ok && n <= cap(*b) {
		*b = (*b)[:n]
		return b
	}
	b := make([]byte, n, max(n, 16<<10))
	return &b
}

// Put is that of mem.BufferPool.
func (p *pieces) Put(b *[]byte) { p.Pool.Put(b) }

// door is the way to a bare server: its address, and the certificate and key of both ends.
type door struct {
	Addr      string
	Cert, Key []byte
}

// serveBare says where it serves and with what, and ends when nobody holds its input any more.
func serveBare() error {
	cert, key, err := bothEnds()
	if err != nil {
		return err
	}
	own, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return err
	}
	clients := x509.NewCertPool()
	clients.AddCert(own)
	conf := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert,
		ClientCAs: clients, NextProtos: []string{"h2"}, SessionTicketsDisabled: true}
	srv := grpc.NewServer(grpc.Creds(credentials.NewTLS(conf)), grpc.ReadBufferSize(0), grpc.MaxRecvMsgSize(2<<20),
		grpc.InitialWindowSize(768<<10), grpc.InitialConnWindowSize(1<<20), grpc.HeaderTableSize(0),
		grpc.ForceServerCodecV2(onlyID{encoding.GetCodecV2("proto")}), experimental.BufferPool(&pieces{}))
	pb.RegisterDeviceServer(srv, bare{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		srv.Stop()
	}()
	if err := json.NewEncoder(os.Stdout).Encode(door{l.Addr().String(), cert.Certificate[0], key}); err != nil {
		return err
	}
	return srv.Serve(l)
}

// bothEnds makes a certificate with which a server and its clients show themselves to each other.
func bothEnds() (cert tls.Certificate, private []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return cert, nil, err
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return cert, nil, err
	}
	private, err = x509.MarshalPKCS8PrivateKey(key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, private, err
}

// answeredOnly is acks with the bare server instead of the collector, and boxes that a device sealed.
func answeredOnly(t *testing.T, boxes [][]byte) (waits []time.Duration, perBox time.Duration) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), isBare+"=1"), os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadBytes('\n')
	must(t, err)
	var at door
	must(t, json.Unmarshal(line, &at))
	key, err := x509.ParsePKCS8PrivateKey(at.Key)
	must(t, err)
	d := &device{server: pin.ByFingerprint(sha256.Sum256(at.Cert)), addr: at.Addr, own: tls.Certificate{Certificate: [][]byte{at.Cert}, PrivateKey: key}}
	conn := d.dial(t)
	computed := func() time.Duration { return collector.CPU(cmd.Process.Pid) + collector.Own() }
	began := computed()
	waits, err = d.send(t.Context(), conn, boxes, inFlight)
	must(t, err)
	perBox = (computed() - began) / time.Duration(len(boxes))
	must(t, errors.Join(conn.Close(), in.Close(), cmd.Wait()))
	return waits, perBox
}
