package keystore

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/byleave/byleave/proto/code"
)

const (
	erasurePrefix = "erasure-" // erasure-<id in hex>{.due,.record}
	record        = ".record"
	receiptFile   = "receipt"
)

// SaveErasure stores what is to be erased, until ErasureDone; body is the caller's own. When it returns, a power cut does not
// lose it.
func (s *Store) SaveErasure(id [16]byte, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(erasureName(id)+due, body)
}

// Erasures returns what SaveErasure stored and ErasureDone has not ended.
func (s *Store) Erasures() (map[[16]byte][]byte, error) { return s.erasures(due) }

// ErasureRecords returns the records that collectors signed.
func (s *Store) ErasureRecords() (map[[16]byte][]byte, error) { return s.erasures(record) }

// ErasureDone ends an erasure and keeps its record; nil if there is none, because nothing had left this device.
func (s *Store) ErasureDone(id [16]byte, signed []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if signed != nil {
		if err := s.write(erasureName(id)+record, signed); err != nil {
			return err
		}
	}
	return s.remove(erasureName(id) + due)
}

func erasureName(id [16]byte) string { return erasurePrefix + hex.EncodeToString(id[:]) }

func (s *Store) erasures(suffix string) (map[[16]byte][]byte, error) {
	names, err := s.names(erasurePrefix, suffix)
	if err != nil {
		return nil, err
	}
	out := map[[16]byte][]byte{}
	for _, name := range names {
		raw, err := hex.DecodeString(strings.TrimSuffix(strings.TrimPrefix(name, erasurePrefix), suffix))
		if err != nil || len(raw) != 16 {
			continue // not ours
		}
		b, err := s.read(name)
		if err != nil {
			return nil, err
		}
		if b != nil {
			out[[16]byte(raw)] = b
		}
	}
	return out, nil
}

// ErasureCode is the secret that erases everything of this person at the collector, from any machine. It is drawn when it is
// asked for first.
func (s *Store) ErasureCode() (secret [32]byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.read(receiptFile)
	if err != nil {
		return secret, err
	}
	if b == nil {
		rand.Read(secret[:]) // never fails: crypto/rand ends the process instead
		return secret, s.write(receiptFile, []byte(code.Encode(receiptFile, secret[:])+"\n"))
	}
	raw, err := code.Decode(receiptFile, string(b))
	if err != nil {
		return secret, fmt.Errorf("%s: %w; remove the file, and a new receipt is made", receiptFile, ErrDamaged)
	}
	return [32]byte(raw), nil
}

// SaveRenewal stores a new certificate of this device with its key. The old one stands until it is durable.
func (s *Store) SaveRenewal(cert tls.Certificate) error {
	id, err := s.Identity()
	if err != nil {
		return err
	}
	key, ok := cert.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || cert.Leaf == nil || !key.PublicKey.Equal(cert.Leaf.PublicKey) {
		return errors.New("the renewed certificate is for another key")
	}
	id.TLS = cert
	b, err := encodeIdentity(id)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(identityFile, b)
}

// ReplacePersonKey puts a new key of the person, from NewPersonKey, in the place of the old one, which is gone for good: what was
// sealed to it opens for the person no more. The file of the sealed key says which public key counts, so that one write does it.
func (s *Store) ReplacePersonKey(sealed []byte) error {
	if _, err := parseSealed(sealed); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(personFile, sealed)
}

// personPublic is the public key that the sealed one belongs to, nil if there is no telling.
func (s *Store) personPublic() []byte {
	b, err := s.read(personFile)
	if err != nil || b == nil {
		return nil
	}
	var j sealedJSON
	if json.Unmarshal(b, &j) != nil {
		return nil
	}
	return j.Public
}
