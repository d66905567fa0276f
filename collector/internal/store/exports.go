package store

import (
	"context"
	"iter"
	"time"
)

// Exports keeps what was released to whom.
type Exports interface {
	// Plan counts what an export would release now, and what a withdrawal keeps back.
	Plan(ctx context.Context, q Query) (Plan, error)
	// Foresee adds up, of the whole UTC days that ended before now, those with live boxes of at least least people that q names: for each day
	// boxes in tens and whole MiB. Of two answers subtracted nothing is left but days of which each may be told. People is not counted.
	Foresee(ctx context.Context, q Query, now time.Time, least int) (Plan, error)
	// BeginExport writes down, in one transaction and before anything is released, the export, every live batch that q
	// names, a fresh pseudonym per person, and the leaf that leaf makes of the plan. ErrExists if the id was used.
	BeginExport(ctx context.Context, e Export, leaf func(Plan) Leaf) (Plan, error)
	// Released yields the batches of a begun export whose consent stands at the moment it is yielded.
	Released(ctx context.Context, export ID) iter.Seq2[Release, error]
	// Outbox yields the leaves that no ledger has taken yet, oldest first.
	Outbox(ctx context.Context) iter.Seq2[OutboxRow, error]
}

// Export is one release to a custodian.
type Export struct {
	ID, Custodian ID
	Query         Query
	At            time.Time
}

// Plan is what an export holds.
type Plan struct {
	Boxes, Bytes, Withheld uint64
	People                 uint64 // whose boxes they are
}

// Release is one batch of an export.
type Release struct {
	Batch, Subject, Device ID
	Pseudonym              ID
	SigningKey             []byte
}

// OutboxRow is one leaf that waits for the ledger.
type OutboxRow struct {
	Number int64
	Leaf   Leaf
}
