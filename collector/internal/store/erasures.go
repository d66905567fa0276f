package store

import (
	"context"
	"errors"
	"time"
)

// Erasures destroys what people take back.
type Erasures interface {
	// Erase destroys what e names. Its intent is durable first, and from then on it is completed whatever happens, at the next
	// start if need be; then the keys are destroyed, and then the signed record and its leaf are written in one transaction. It is
	// idempotent by e.ID: asked again, it returns the same record and destroys nothing more. An id that the store does not hold is
	// remembered for this person, so that a box on its way is refused. ErrForeign if a named box is another person's, ErrExists
	// if the id names another erasure, ErrLimit past MaxErase or MaxErased; then nothing changes.
	Erase(ctx context.Context, e Erasure, sign SignErasure) (record []byte, err error)
	// FinishErasures writes the records of erasures that were cut short before theirs, and returns how many.
	FinishErasures(ctx context.Context, sign SignErasure) (int, error)
	// Expire destroys the boxes under a policy that arrived before a time, and returns how many. Nothing of it is remembered: what it does follows
	// from what they say, and it is safe to repeat.
	Expire(ctx context.Context, policy [32]byte, before time.Time) (int, error)
	// PutErasureCode makes code, a hash, the one that erases all of a person's boxes. It replaces an older one. ErrExists if it
	// is another person's.
	PutErasureCode(ctx context.Context, subject ID, code [32]byte) error
	// ErasureCode returns whose code has this hash. ErrNotFound.
	ErasureCode(ctx context.Context, code [32]byte) (ID, error)
}

// ErrForeign says that a box to be erased is another person's.
var ErrForeign = errors.New("store: the box is another person's")

const (
	// MaxErase bounds the boxes that one erasure names.
	MaxErase = 10_000
	// MaxErased bounds the ids that one person makes a collector remember without their boxes ever having come.
	MaxErased = 200_000
)

// Erasure is what a person wants destroyed: the named boxes, or all that are theirs.
type Erasure struct {
	ID, Subject ID
	All         bool
	Batches     []ID // without All
	At          time.Time
	Salt        [32]byte // of its leaf
}

// Erased is what an erasure did.
type Erased struct {
	Erasure  Erasure
	Boxes    uint64   // destroyed
	Bytes    uint64   // of them
	Released uint64   // of them, how many a custodian had been given before
	Digest   [32]byte // SHA-256 of the ids, ascending: those asked for, or with All those destroyed
	// Destroyed is when the keys left the index, Replaced when the key outside it that opened their older copies was destroyed.
	Destroyed, Replaced time.Time
}

// SignErasure makes the signed record of an erasure and its leaf.
type SignErasure func(Erased) (record []byte, leaf Leaf, err error)
