package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// liar is a collector that lists what it likes to whoever shows a receipt.
type liar struct {
	pb.UnimplementedRightsServer
	page *pb.MineResponse
}

// MineByCode is that of pb.RightsServer.
func (l liar) MineByCode(_ *pb.MineRequest, s grpc.ServerStreamingServer[pb.MineResponse]) error {
	return s.Send(l.page)
}

// TestAListOfNothing: what a collector lists that can be no box ends nothing on the computer from which the person asks.
func TestAListOfNothing(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	now := time.Now()
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	ca, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	must(t, err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: root.NotBefore, NotAfter: root.NotAfter, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	own, err := x509.CreateCertificate(rand.Reader, leaf, root, key.Public(), key)
	must(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	srv := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&tls.Certificate{Certificate: [][]byte{own, ca}, PrivateKey: key})))
	pb.RegisterRightsServer(srv, liar{page: &pb.MineResponse{Boxes: []*pb.Holding{{}, {Batch: []byte("short"), Hour: -1 << 63}, {Batch: make([]byte, 17), Hour: 1<<63 - 1}}}})
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	defer func() { srv.Stop(); <-done }()
	_, _, recovery, err := keystore.NewPersonKey([]byte("correct horse battery staple"))
	must(t, err)
	boxes, err := fetchFar(t.Context(), erasure.Receipt{Collector: l.Addr().String(), CA: sha256.Sum256(ca)}, recovery)
	if err != nil || len(boxes) != 0 {
		t.Errorf("%d boxes, %v", len(boxes), err)
	}
}
