package store

import (
	"context"
	"iter"
	"time"
)

// Shown remembers what operators were shown box by box, for all collectors of a store, and whoever erases what.
type Shown interface {
	// Shown yields what was shown, in the order in which it was, from a place on. It stays when boxes of it are erased: whose an erased
	// box was cannot be told by what is missing. Row.Number is the place, which rises; a row names nobody.
	Shown(ctx context.Context, after int64) iter.Seq2[Row, error]
	// ShownUntil is the number of the last box that belongs to what was shown.
	ShownUntil(ctx context.Context) (int64, error)
	// Show keeps the boxes after one number until another as shown, ordered by their ids, and lets go of those that arrived before a time. If
	// the lot does not begin where the last one ended, or holds fewer than least boxes or people by now, nothing changes.
	Show(ctx context.Context, after, until int64, least int, before time.Time) error
}
