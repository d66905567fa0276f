package cloud

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/bucket"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// A group is a pack of its own, so that quiet hours leave many that are small. Once a day they are merged: as many of the smallest as fill one
// pack. Where they do not fill it, each must be small beside all of them. So a box is moved into a pack at least mergeGain times as large as
// its own, or one that is not merged again: a handful of times in all.

const (
	mergeBytes = 8 << 20
	mergeMost  = 256            // packs at once
	mergeSmall = mergeBytes / 2 // the packs of migrations/00004_merge.sql
	mergeLeast = 16             // unless they fill a pack
	mergeGain  = 4
	// mergeAge is how old a pack is before it is merged: an operator's copy of the bucket, which a dump of the database follows, holds
	// every pack that the dump names, if both are made within this time.
	mergeAge = 24 * time.Hour
)

// merge makes one pack of small ones; some is false if there were too few.
func (s *Store) merge(ctx context.Context) (some bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callMost)
	defer cancel()
	names, err := s.smallPacks(ctx)
	if err != nil || len(names) == 0 {
		return false, err
	}
	bodies, err := s.getPacks(ctx, names)
	if err != nil {
		return false, err
	}
	rows, err := s.packRows(ctx, names...)
	if err != nil {
		return false, err
	}
	live := map[store.ID][]packRow{}
	for _, r := range rows {
		live[r.pack] = append(live[r.pack], r)
	}
	var c copied
	var old []store.ID
	for i, name := range names {
		if c.add(bodies[i], live[name]) { // else it is lost or cut: a sweep or `check` tells
			old = append(old, name)
		}
	}
	if len(old) < 2 {
		return false, nil
	}
	return true, s.rewrite(ctx, c, old...)
}

// smallPacks chooses what is merged.
func (s *Store) smallPacks(ctx context.Context) ([]store.ID, error) {
	var names []store.ID
	var sizes []int64
	before := firstName(s.now().Add(-mergeAge))
	err := each(ctx, s.pool, func(rows pgx.Rows) error {
		var name []byte
		var size int64
		err := rows.Scan(&name, &size)
		if len(name) == 16 {
			names, sizes = append(names, store.ID(name)), append(sizes, size)
		}
		return err
	}, fmt.Sprintf("SELECT name, size FROM packs WHERE retired IS NULL AND size < %d AND name < $1 ORDER BY size, name LIMIT %d", mergeSmall, mergeMost), before[:])
	if err != nil {
		return nil, fmt.Errorf("store: list small packs: %w", err)
	}
	return names[:chooseSmall(sizes)], nil
}

// chooseSmall is how many of packs, of which the smallest come first, are merged.
func chooseSmall(sizes []int64) (n int) {
	var sum int64
	for i, size := range sizes {
		if sum += size; sum > mergeBytes {
			break
		}
		if sum >= mergeSmall || i+1 >= mergeLeast && mergeGain*size <= sum {
			n = i + 1
		}
	}
	return n
}

// getPacks reads packs whole; one that is not there is empty.
func (s *Store) getPacks(ctx context.Context, names []store.ID) ([][]byte, error) {
	bodies := make([][]byte, len(names))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(keysAtOnce)
	for i, name := range names {
		g.Go(func() error {
			body, err := s.objects.Get(ctx, packKey(name))
			if err != nil && !errors.Is(err, bucket.ErrMissing) {
				return fmt.Errorf("store: read a pack: %w", err)
			}
			bodies[i] = body
			return nil
		})
	}
	return bodies, g.Wait()
}
