package spool

import (
	"crypto/ed25519"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/byleave/byleave/proto/envelope"
)

// encodeTombstone is the content of a file .gone.
func encodeTombstone(t envelope.Tombstone) []byte {
	return sum(fmt.Sprintf("byleave tombstone 1\nsequence %d\nprevious %x\ndigest %x\nsignature %x\n", t.Sequence, t.Previous, t.Digest, t.Signature))
}

// decodeTombstone reads what encodeTombstone wrote and nothing else.
func decodeTombstone(b []byte) (t envelope.Tombstone, ok bool) {
	var previous, digest []byte
	_, err := fmt.Sscanf(string(b), "byleave tombstone 1\nsequence %d\nprevious %x\ndigest %x\nsignature %x\n", &t.Sequence, &previous, &digest, &t.Signature)
	if err != nil || len(previous) != len(t.Previous) || len(digest) != len(t.Digest) || len(t.Signature) != ed25519.SignatureSize {
		return envelope.Tombstone{}, false
	}
	copy(t.Previous[:], previous)
	copy(t.Digest[:], digest)
	return t, string(encodeTombstone(t)) == string(b)
}

// Tombstones are those of the boxes that were cut here, in the order of their numbers. One that is damaged is left out: its number
// is then one that is missing.
func (l *Looker) Tombstones() ([]envelope.Tombstone, error) {
	infos, err := l.list(l.dir)
	if err != nil {
		return nil, err
	}
	var out []envelope.Tombstone
	gone := classify(infos).gone
	slices.SortFunc(gone, func(a, b FileInfo) int { return strings.Compare(a.Name, b.Name) }) // they begin with the number
	for _, info := range gone {
		b, err := l.fs.Read(filepath.Join(l.dir, info.Name), maxMark)
		if err != nil {
			return nil, fmt.Errorf("read a tombstone: %w", err)
		}
		if t, ok := decodeTombstone(b); ok && strings.HasPrefix(info.Name, fmt.Sprintf("%016x-", t.Sequence)) {
			out = append(out, t)
		}
	}
	return out, nil
}

// End is where a device's chain ends.
type End struct {
	Device   envelope.ID
	Sequence uint64
	Digest   [32]byte
}

// End reads where the chain of the device in use ends now. While an agent works it may have grown a moment later.
func (l *Looker) End() (End, error) {
	b, err := l.fs.Read(filepath.Join(l.dir, chainName), maxMark)
	if err != nil {
		return End{}, fmt.Errorf("read where the chain ends: %w", err)
	}
	mark, ok := decodeChain(b)
	if !ok {
		return End{}, fmt.Errorf("the file %s is damaged; restart the agent, which mends it", chainName)
	}
	return End{mark.device, mark.sequence, mark.digest}, nil
}
