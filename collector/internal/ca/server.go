package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	serverLife  = 30 * 24 * time.Hour
	serverRenew = 10 * 24 * time.Hour // a new one is made when less is left
)

// ServerTLS is the server's side: TLS 1.3 only, client certificates of this authority or none. The server's certificate names
// localhost, the two loopback addresses and hosts; its key lives in memory, and it renews itself.
func (a *Authority) ServerTLS(hosts []string) (*tls.Config, error) {
	s := &serverCertificate{authority: a, hosts: hosts}
	if _, err := s.get(nil); err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool,
		GetCertificate: s.get, NextProtos: []string{"h2"}, Time: a.now,
		SessionTicketsDisabled: true, // no device keeps one, and making it costs each handshake
	}, nil
}

// Renew makes a new server certificate at the next handshake. Connections that are open stay.
func (a *Authority) Renew() { a.renewals.Add(1) }

type serverCertificate struct {
	authority *Authority
	hosts     []string
	mu        sync.Mutex // guards what follows
	current   *tls.Certificate
	made      int64 // what authority.renewals was then
}

func (s *serverCertificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.authority.now()
	asked := s.authority.renewals.Load()
	if s.current != nil && s.made == asked && now.Add(serverRenew).Before(s.current.Leaf.NotAfter) {
		return s.current, nil
	}
	fresh, err := s.authority.newServer(s.hosts, now)
	if err != nil {
		return nil, err
	}
	s.current, s.made = fresh, asked
	return fresh, nil
}

func (a *Authority) newServer(hosts []string, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("ca: make the server's key: %w", err)
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Byleave collector"},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else {
			tmpl.DNSNames = append(tmpl.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("ca: sign the server's certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("ca: read the server's certificate: %w", err)
	}
	// The authority goes along, so that a device that knows its fingerprint alone can check the chain.
	return &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}, nil
}
