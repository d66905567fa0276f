package spool

import (
	"crypto/ed25519"
	"fmt"
	"maps"
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

// Tombstones are those of the boxes that were cut here, in the order of their numbers, as Look found them last. One that is damaged is
// left out: its number is then one that is missing.
func (l *Looker) Tombstones() []envelope.Tombstone {
	names := slices.Sorted(maps.Keys(l.stones)) // they begin with the number
	out := make([]envelope.Tombstone, 0, len(names))
	for _, name := range names {
		out = append(out, l.stones[name])
	}
	return out
}

// learnStones reads the tombstones that were not there before; one never changes.
func (l *Looker) learnStones(gone []FileInfo) {
	stones := make(map[string]envelope.Tombstone, len(gone))
	for _, info := range gone {
		t, ok := l.stones[info.Name]
		if !ok {
			b, err := l.fs.Read(filepath.Join(l.dir, info.Name), maxMark)
			if err != nil {
				continue
			}
			t, ok = decodeTombstone(b)
		}
		if ok && strings.HasPrefix(info.Name, fmt.Sprintf("%016x-", t.Sequence)) {
			stones[info.Name] = t
		}
	}
	l.stones = stones
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
