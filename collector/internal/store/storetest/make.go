package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

// Noon is an hour that tests agree upon.
var Noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// Purpose is the purpose of every record that tests make.
const Purpose = "train-agents"

// Person is somebody enrolled in a store under test.
type Person struct {
	Device  store.Device
	Consent store.Consent
}

// ID draws an id.
func ID() (id store.ID) {
	rand.Read(id[:]) // never fails
	return id
}

// NewPerson draws a person with one device and one consent, enrolled nowhere yet.
func NewPerson() Person {
	p := Person{Device: store.Device{ID: ID(), Subject: ID(), SigningKey: make([]byte, 32)}}
	p.Consent = Consent(p.Device)
	return p
}

// Enrol enrols a new person with a consent in s.
func Enrol(t testing.TB, s store.Store) Person {
	t.Helper()
	p := NewPerson()
	p.Enrol(t, s)
	must(t, s.PutConsent(context.Background(), p.Consent))
	return p
}

// Enrol enrols the person in s without a consent.
func (p Person) Enrol(t testing.TB, s store.Store) {
	t.Helper()
	token := Invite(t, s, store.DeviceRole)
	v := store.VaultKey{Subject: p.Device.Subject, Public: []byte("public"), Wrapped: []byte("wrapped")}
	must(t, s.EnrolDevice(context.Background(), token, Noon, p.Device, v))
}

// Invite stores one invitation and returns the hash of its token.
func Invite(t testing.TB, s store.Store, role store.Role) [32]byte {
	t.Helper()
	id := ID()
	token := sha256.Sum256(id[:])
	must(t, s.Invite(context.Background(), []store.Invitation{{Token: token, Role: role, Expires: Noon.Add(time.Hour)}}))
	return token
}

// Consent makes a consent of d that is in no store yet.
func Consent(d store.Device) store.Consent {
	return store.Consent{ID: ID(), Device: d.ID, Policy: sha256.Sum256([]byte("policy")), Purpose: Purpose,
		Expires: Noon.Add(24 * time.Hour), Commitment: []byte("commitment"), Signed: []byte("signed")}
}

// Record makes a record of p with a payload of size bytes.
func (p Person) Record(size int) store.Record {
	r := store.Record{
		Batch: ID(), Subject: p.Device.Subject, Device: p.Device.ID, Consent: p.Consent.ID, Policy: p.Consent.Policy, Purpose: Purpose,
		Sequence: 1, Bucket: 2, Received: Noon, Recipients: [][32]byte{sha256.Sum256([]byte("custodian"))},
	}
	r.Leaf = store.Leaf{Kind: store.PersonLeaf, Body: r.Batch[:], Subject: r.Subject}
	return Fill(r, size)
}

// Fill derives the record's bytes from its batch id, so that a reader can tell whether they are the right ones.
func Fill(r store.Record, size int) store.Record {
	seed := sha256.Sum256(r.Batch[:])
	r.Head = seed[:]
	r.Capsules = append([]byte("capsules"), seed[:]...)
	r.Payload = bytes.Repeat(binary.BigEndian.AppendUint64(seed[:], uint64(size)), size/40+1)[:size]
	r.Digest = seed
	return r
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
