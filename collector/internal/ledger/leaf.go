package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

// Batch is the leaf of a stored box, by its digest.
func Batch(digest [32]byte) store.Leaf { return person("batch", digest[:]) }

// Consent is the leaf of a consent stub or of its withdrawal, by the bytes that the device signed.
func Consent(signed []byte) store.Leaf { return person("consent", signed) }

// Erasure is the leaf of an erasure, by its signed record.
func Erasure(record []byte) store.Leaf { return person("erasure", record) }

func person(what string, body []byte) store.Leaf {
	salt := make([]byte, 32)
	rand.Read(salt) // never fails: it ends the program rather than giving weak bytes
	h := sha256.New()
	h.Write([]byte("byleave leaf v1\x00"))
	h.Write(salt)
	h.Write([]byte(what + "\x00"))
	h.Write(body)
	return store.Leaf{Kind: store.PersonLeaf, Body: h.Sum(nil), Salt: salt}
}

// exportLeaf is the readable leaf of one release.
type exportLeaf struct {
	Kind      string `json:"kind"`
	Export    string `json:"export"`
	Custodian string `json:"custodian"`
	Purpose   string `json:"purpose"`
	Since     int64  `json:"since"`
	Until     int64  `json:"until"`
	Boxes     uint64 `json:"boxes"`
	Bytes     uint64 `json:"bytes"`
	Hour      int64  `json:"hour"`
}

// Export is the leaf of a release: who took how much under which purpose. It names no person, device or consent.
func Export(e store.Export, name string, p store.Plan) (store.Leaf, error) {
	body, err := json.Marshal(exportLeaf{
		Kind: "export", Export: fmt.Sprintf("%x", e.ID), Custodian: name, Purpose: e.Query.Purpose,
		Since: unix(e.Query.Since), Until: unix(e.Query.Until), Boxes: p.Boxes, Bytes: p.Bytes, Hour: e.At.UTC().Truncate(time.Hour).Unix(),
	})
	if err != nil {
		return store.Leaf{}, fmt.Errorf("ledger: write a leaf: %w", err)
	}
	return store.Leaf{Kind: store.ExportLeaf, Body: body}, nil
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
