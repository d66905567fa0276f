package store

import "context"

// Leaves is the store's side of the public ledger: what waits for it, and where what it took stands.
type Leaves interface {
	// Waiting counts the leaves about people that wait.
	Waiting(ctx context.Context) (Waiting, error)
	// NextLeaves returns at most n leaves of a kind that wait, oldest first.
	NextLeaves(ctx context.Context, k Kind, n int) ([]OutboxRow, error)
	// Logged notes where leaves stand and how long the ledger is now, and lets them wait no more. Noted twice is noted once.
	Logged(ctx context.Context, placed []Placed, size uint64) error
	// LedgerSize is how long the ledger was when it was last noted.
	LedgerSize(ctx context.Context) (uint64, error)
	// FindLeaves says where leaves stand, in the order asked for; -1 is nowhere.
	FindLeaves(ctx context.Context, bodies [][]byte) ([]int64, error)
	// ReadableLeaves says where the leaves of exports stand, at most n, in order, from a place on.
	ReadableLeaves(ctx context.Context, from uint64, n int) ([]uint64, error)
}

// Waiting is what waits for the ledger. Enrolled tells whether anybody is enrolled at all.
type Waiting struct {
	Leaves, People int
	Enrolled       bool
}

// Placed is a leaf and where it stands in the ledger. Number is that of its row, 0 if it is not known.
type Placed struct {
	Number   int64
	Place    uint64
	Body     []byte
	Readable bool
}
