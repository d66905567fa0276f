package pin

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"
)

// ErrWrongCA means that whoever answered is not the collector of the pinned authority.
var ErrWrongCA = errors.New("whoever answers is not the collector that was pinned")

// Server checks that the other end of a connection is the collector of one authority. It remembers what it saw, because a
// gRPC connection gives its caller only the text of a handshake's error.
type Server struct {
	want [32]byte

	mu      sync.Mutex
	ca      *x509.Certificate
	refused bool
}

// ByFingerprint trusts the authority whose certificate has this SHA-256. The server must present it, since we have no copy.
func ByFingerprint(ca [32]byte) *Server { return &Server{want: ca} }

// ByCertificate trusts this authority.
func ByCertificate(ca *x509.Certificate) *Server {
	return &Server{want: sha256.Sum256(ca.Raw), ca: ca}
}

// TLS is the client's side: TLS 1.3, with the key exchange that the standard library prefers (X25519MLKEM768), showing own.
func (s *Server) TLS(own ...tls.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: own,
		// The usual check asks whether any authority of the system vouches for a name. Ours is stricter and needs no name: the one
		// pinned authority must have made the certificate, for servers. It makes that kind for its collector only; devices and
		// custodians get certificates for clients. VerifyConnection runs on every handshake, resumed ones too.
		InsecureSkipVerify: true,
		VerifyConnection:   s.verify,
	}
}

func (s *Server) verify(state tls.ConnectionState) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ca := s.ca
	for _, c := range state.PeerCertificates {
		if sha256.Sum256(c.Raw) == s.want {
			ca = c
		}
	}
	if ca == nil || !ca.IsCA || len(state.PeerCertificates) == 0 {
		s.refused = true
		return ErrWrongCA
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	if err != nil {
		s.refused = true
		return errors.Join(ErrWrongCA, err)
	}
	s.ca, s.refused = ca, false
	return nil
}

// CA is the authority's certificate once a handshake has succeeded; nil before, if only its fingerprint was known.
func (s *Server) CA() *x509.Certificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ca
}

// Refused tells whether the last handshake ended because the other end was not the pinned collector.
func (s *Server) Refused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}
