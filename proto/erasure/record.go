package erasure

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

const recordDomain = "byleave erasure record v1\x00"

// ErrRecord means that a record is not the collector's word, or not about what was asked.
var ErrRecord = errors.New("the collector's record of the erasure is not signed by the key that you enrolled with, or is about something else; tell the operator")

// Sign makes the signed record. Key is the ledger's.
func Sign(m *pb.ErasureRecord, key ed25519.PrivateKey) (*pb.Signed, error) {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode an erasure record: %w", err)
	}
	return &pb.Signed{Body: body, Signature: ed25519.Sign(key, append([]byte(recordDomain), body...))}, nil
}

// Verify reads the answer to the erasure that was asked for under id, against the pinned fingerprint of the ledger's key.
func Verify(res *pb.EraseResponse, ledger [32]byte, id []byte) (*pb.ErasureRecord, error) {
	key, signed := res.GetLedgerKey(), res.GetRecord()
	if len(key) != ed25519.PublicKeySize || sha256.Sum256(key) != ledger ||
		!ed25519.Verify(key, append([]byte(recordDomain), signed.GetBody()...), signed.GetSignature()) {
		return nil, ErrRecord
	}
	var m pb.ErasureRecord
	if err := proto.Unmarshal(signed.GetBody(), &m); err != nil || string(m.GetId()) != string(id) || len(id) != 16 || len(m.GetBatchesSha256()) != 32 {
		return nil, ErrRecord
	}
	return &m, nil
}

// Digest names a set of boxes as a record does: SHA-256 over their ids, ascending, each once.
func Digest(ids [][]byte) [32]byte {
	sorted := slices.SortedFunc(slices.Values(ids), bytes.Compare)
	h := sha256.New()
	for _, id := range slices.CompactFunc(sorted, bytes.Equal) {
		h.Write(id)
	}
	return [32]byte(h.Sum(nil))
}

// Sentence says to a person what a record says.
func Sentence(m *pb.ErasureRecord) string {
	what := fmt.Sprintf("The collector destroyed %s (%d bytes)", boxes(m.GetBoxes()), m.GetBytes())
	if m.GetAll() {
		what = fmt.Sprintf("The collector destroyed everything that it held of you: %s (%d bytes)", boxes(m.GetBoxes()), m.GetBytes())
	}
	text := fmt.Sprintf("%s at %s; the key that opened older copies of them was destroyed at %s.", what, at(m.GetDestroyedAt()), at(m.GetReplacedAt()))
	if n := m.GetReleased(); n > 0 {
		text += fmt.Sprintf(" A custodian had been given %s of them before; those copies are out of its reach.", boxes(n))
	}
	return text
}

func boxes(n uint64) string {
	if n == 1 {
		return "1 box"
	}
	return fmt.Sprintf("%d boxes", n)
}

func at(unix int64) string { return time.Unix(unix, 0).Local().Format("2 Jan 2006 15:04:05") }
