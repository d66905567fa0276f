package main

import (
	"context"
	"time"

	"github.com/byleave/byleave/agent/internal/review"
)

// readsWait is how long the page waits for the collector's ledger.
const readsWait = 5 * time.Second

// readsForPage is who read what was sent, as the ledger proves it.
func readsForPage(ctx context.Context) (review.Reads, error) {
	keys, id, err := openKeys()
	if err != nil {
		return review.Reads{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, readsWait)
	defer cancel()
	reads, wrong, err := readsOf(ctx, keys, id)
	out := review.Reads{Wrong: wrong}
	for _, r := range reads {
		out.Lines = append(out.Lines, r.Words)
	}
	return out, err
}
