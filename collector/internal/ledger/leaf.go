package ledger

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/tlog"
)

// Batch is the leaf of a stored box, by its digest. The salt is the device's; if it sent none, one is drawn and nobody can find the leaf.
func Batch(subject store.ID, salt []byte, digest [32]byte) store.Leaf {
	return person(subject, tlog.Batch, salt, digest[:])
}

// Consent is the leaf of a consent stub or of its withdrawal, by the bytes that the device signed.
func Consent(subject store.ID, salt, signed []byte) store.Leaf {
	return person(subject, tlog.Consent, salt, signed)
}

// Erasure is the leaf of an erasure, by its signed record.
func Erasure(e store.Erasure, record []byte) store.Leaf {
	return person(e.Subject, tlog.Erasure, e.Salt[:], record)
}

// Salt is a salt that somebody sent, or a fresh one in the place of none.
func Salt(sent []byte) (salt [32]byte) {
	if len(sent) == 32 {
		return [32]byte(sent)
	}
	rand.Read(salt[:]) // never fails: it ends the program rather than giving weak bytes
	return salt
}

func person(subject store.ID, kind tlog.Kind, salt, body []byte) store.Leaf {
	leaf := tlog.Leaf(kind, Salt(salt), body)
	return store.Leaf{Kind: store.PersonLeaf, Body: leaf[:], Subject: subject}
}

// blank is a leaf of nothing, which nobody can tell from one of a person.
func blank() []byte {
	b := make([]byte, 32)
	rand.Read(b)
	return b
}

// Export is the leaf of a release: who took how much under which purpose. It names no person, device or consent, and tells no number
// of fewer than ten people, so that the leaves of two releases do not tell of one.
func Export(e store.Export, name string, p store.Plan) (store.Leaf, error) {
	r := tlog.Release{
		Export: fmt.Sprintf("%x", e.ID), Custodian: name, Purpose: e.Query.Purpose,
		Since: unix(e.Query.Since), Until: unix(e.Query.Until), Few: p.People < tlog.Few, Hour: e.At.UTC().Truncate(time.Hour).Unix(),
	}
	if !r.Few {
		r.Boxes, r.Bytes = p.Boxes/10*10, p.Bytes>>20<<20
	}
	body, err := r.Marshal()
	return store.Leaf{Kind: store.ExportLeaf, Body: body}, err
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
