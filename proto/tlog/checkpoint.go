package tlog

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

// What somebody who checks a ledger decides upon. Every other error is trouble on the way to it.
var (
	ErrKey        = errors.New("the ledger's checkpoint is not signed by the key that was pinned")
	ErrRolledBack = errors.New("the ledger is shorter than it was: entries that stood in it are gone")
	ErrForked     = errors.New("the ledger is not the one that was seen before: its past was rewritten, or somebody is shown another one")
	ErrAbsent     = errors.New("the ledger does not hold the leaf where it should stand")
	ErrBroken     = errors.New("the ledger's own files do not fit its checkpoint")
)

// Source gives the parts of a ledger. Nothing of what it gives is trusted.
type Source interface {
	// Checkpoint is the newest checkpoint and the key that it says to be signed with.
	Checkpoint(ctx context.Context) (signed, key []byte, err error)
	// Tile is the hashes of a tile of the given width, 256 for a whole one. It may be longer.
	Tile(ctx context.Context, level, index uint64, width int) ([]byte, error)
	// Bundle is the leaves of a bundle, alike.
	Bundle(ctx context.Context, index uint64, width int) ([]byte, error)
}

// Checkpoint is a state of the ledger that its key signed. Parse and Fetch make it; the zero Checkpoint is of a ledger never seen.
type Checkpoint struct {
	Size   uint64
	root   []byte
	signed []byte
}

// Signed is the bytes that Parse takes. Keep them: two that contradict each other prove what the ledger's holder did.
func (c Checkpoint) Signed() []byte { return bytes.Clone(c.signed) }

// Name is the name of the ledger whose key it is, as it stands in checkpoints.
func Name(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return "byleave-ledger-" + hex.EncodeToString(sum[:8])
}

// Verifier checks signatures of checkpoints.
func Verifier(key ed25519.PublicKey) (note.Verifier, error) {
	text, err := note.NewEd25519VerifierKey(Name(key), key)
	if err != nil {
		return nil, ErrKey
	}
	v, err := note.NewVerifier(text)
	if err != nil {
		return nil, ErrKey
	}
	return v, nil
}

// Parse reads a checkpoint that key signed, the key being the one with this fingerprint.
func Parse(signed, key []byte, fingerprint [32]byte) (Checkpoint, error) {
	if len(key) != ed25519.PublicKeySize || sha256.Sum256(key) != fingerprint {
		return Checkpoint{}, ErrKey
	}
	v, err := Verifier(key)
	if err != nil {
		return Checkpoint{}, err
	}
	cp, _, _, err := log.ParseCheckpoint(signed, v.Name(), v)
	if err != nil || len(cp.Hash) != sha256.Size {
		return Checkpoint{}, ErrKey
	}
	return Checkpoint{cp.Size, cp.Hash, bytes.Clone(signed)}, nil
}

// Fetch gets the newest checkpoint and checks its signature, and that the ledger only grew since last.
func Fetch(ctx context.Context, src Source, fingerprint [32]byte, last Checkpoint) (Checkpoint, error) {
	cp, _, err := FetchWithKey(ctx, src, fingerprint, last)
	return cp, err
}

// FetchWithKey is Fetch, and returns the key, too. With an error about what was seen before the checkpoint is the signed one that
// contradicts it.
func FetchWithKey(ctx context.Context, src Source, fingerprint [32]byte, last Checkpoint) (Checkpoint, []byte, error) {
	signed, key, err := src.Checkpoint(ctx)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	cp, err := Parse(signed, key, fingerprint)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	return cp, key, follows(ctx, src, last, cp)
}

func follows(ctx context.Context, src Source, old, cp Checkpoint) error {
	switch {
	case cp.Size < old.Size:
		return ErrRolledBack
	case old.Size == 0:
		return nil
	case cp.Size == old.Size:
		if !bytes.Equal(cp.root, old.root) {
			return ErrForked
		}
		return nil
	}
	nodes, err := proof.Consistency(old.Size, cp.Size)
	if err != nil {
		return fmt.Errorf("prove that the ledger only grew: %w", err)
	}
	hashes, err := NewTree(src, cp).proof(ctx, nodes)
	if err != nil {
		return err
	}
	if proof.VerifyConsistency(rfc6962.DefaultHasher, old.Size, cp.Size, hashes, old.root, cp.root) != nil {
		return ErrForked
	}
	return nil
}
