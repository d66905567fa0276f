package deposit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

// intentJSON is an erasure as it is written down outside the index. It holds random ids and a time.
type intentJSON struct {
	ID      string   `json:"id"`
	Subject string   `json:"subject"`
	All     bool     `json:"all"`
	Batches []string `json:"batches,omitempty"`
	At      int64    `json:"at"`
	Salt    []byte   `json:"salt,omitempty"`
}

// EncodeIntent is what is made durable before anything is destroyed.
func EncodeIntent(e store.Erasure) ([]byte, error) {
	out := intentJSON{ID: hex.EncodeToString(e.ID[:]), Subject: hex.EncodeToString(e.Subject[:]), All: e.All, At: e.At.Unix(), Salt: e.Salt[:]}
	for _, b := range e.Batches {
		out.Batches = append(out.Batches, hex.EncodeToString(b[:]))
	}
	return json.Marshal(out)
}

// DecodeIntent is the inverse, for an intent whose name says its id; ok is false if it is none.
func DecodeIntent(id store.ID, body []byte) (e store.Erasure, ok bool) {
	var in intentJSON
	if json.Unmarshal(body, &in) != nil {
		return e, false
	}
	e = store.Erasure{ID: id, All: in.All, At: time.Unix(in.At, 0).UTC()}
	copy(e.Salt[:], in.Salt)
	if e.Subject, ok = ParseID(in.Subject); !ok {
		return e, false
	}
	for _, text := range in.Batches {
		b, ok := ParseID(text)
		if !ok {
			return e, false
		}
		e.Batches = append(e.Batches, b)
	}
	return e, true
}

// ParseID reads an id in hex.
func ParseID(text string) (store.ID, bool) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 16 {
		return store.ID{}, false
	}
	return store.ID(raw), true
}

// Digest names a set of ids: SHA-256 over them, ascending, each once.
func Digest(ids []store.ID) [32]byte {
	h := sha256.New()
	for _, id := range Sorted(ids) {
		h.Write(id[:])
	}
	return [32]byte(h.Sum(nil))
}

// Sorted is a set of ids, ascending, each once.
func Sorted(ids []store.ID) []store.ID {
	out := slices.Clone(ids)
	slices.SortFunc(out, func(a, b store.ID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(out)
}
