package store

import (
	"context"
	"iter"
	"time"
)

// Mine is what one person may ask of themselves. Nobody else's call reaches it.
type Mine interface {
	// Holdings yields the boxes of a person, from all of their devices, in order of arrival.
	Holdings(ctx context.Context, subject ID) iter.Seq2[Holding, error]
	// Papers returns what was signed about a person, and which exports took boxes of theirs.
	Papers(ctx context.Context, subject ID) (Papers, error)
	// Withdrawn returns withdrawals of the person's devices but this one, as they were signed, at most most of them, in the order of their
	// consents' ids.
	Withdrawn(ctx context.Context, subject, but ID, most int) ([][]byte, error)
	// SigningKey returns a device's key for signatures, also of one that was revoked. ErrNotFound.
	SigningKey(ctx context.Context, device ID) ([]byte, error)
}

// Holding names one box.
type Holding struct {
	Batch, Device ID
	Sequence      uint64
	Digest        [32]byte
	Received      time.Time // to the hour
}

// Papers is what a collector keeps of a person beside boxes.
type Papers struct {
	Consents [][]byte // stubs and withdrawals, as they were signed
	Erasures [][]byte // signed records
	Reads    []Read
}

// Read is one export that took boxes of a person. Boxes leaves out those erased since.
type Read struct {
	Export ID
	Boxes  uint64
}

// Joins lets a device of a person bring another one.
type Joins interface {
	// OfferJoin keeps what another device of the person will need, until it is fetched or expires. It replaces an earlier offer.
	OfferJoin(ctx context.Context, token [32]byte, subject ID, sealed []byte, expires time.Time) error
	// Offered returns whose an offer is. ErrNotFound if there is none, or it was used or has expired.
	Offered(ctx context.Context, token [32]byte, now time.Time) (ID, error)
	// Join uses the offer up and stores the device in one step, and returns what was left for it. ErrNotFound as for Offered; then
	// nothing changes.
	Join(ctx context.Context, token [32]byte, now time.Time, d Device) (sealed []byte, err error)
}
