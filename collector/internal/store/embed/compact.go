package embed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

// What erasures left behind is taken out of the index, and a pack out of which much was erased is rewritten, in the order of the code below:
//
//	1 choose  packs of which at least half was erased: what is moved is never more than what was erased
//	2 target  a new pack has its number, and the index knows that nothing of it counts yet
//	3 copy    some of the boxes that stay go to its end, and it is synced
//	4 move    one transaction: their rows name the new place, and both ends of what does not count are noted; then 3 again
//	5 drop    the old pack holds no box any more and is unlinked
//
// A death before 4 leaves bytes that no row names, which the next start cuts; after it, rows name bytes that were synced before. A box that is
// erased between 3 and 4 has no row to move: its copy is blanked like any other erased bytes.

const (
	compactLeast = 1 << 20 // erased bytes of a pack below which holes are good enough
	moveBytes    = 8 << 20 // of one step, so that a neighbour's sync never waits for much
	moveRows     = 512
)

// Compacted says what a compaction did.
type Compacted struct {
	Packs int   // rewritten, or unlinked
	Moved int64 // bytes of boxes that went to a new pack
	Freed int64 // bytes by which packs are smaller in all
}

// KeepCompact compacts at once and after each erasure, until ctx ends. What fails is logged and tried again after the next erasure. Nothing
// else is: when somebody erased much is nobody's business.
func (s *Store) KeepCompact(ctx context.Context) {
	for {
		_, err := s.Compact(ctx)
		switch {
		case ctx.Err() != nil || errors.Is(err, store.ErrClosed):
			return
		case err != nil:
			s.log.Warn("the room of erased boxes could not be given back; it is tried again after the next erasure", "error", err)
		}
		select {
		case <-s.freed:
		case <-ctx.Done():
			return
		}
	}
}

// Compact rewrites the packs of which at least half, and at least a megabyte, was erased. It may run beside everything else.
func (s *Store) Compact(ctx context.Context) (Compacted, error) {
	return s.compact(ctx, s.mostlyDead)
}

// CompactAll rewrites every pack out of which anything was erased.
func (s *Store) CompactAll(ctx context.Context) (Compacted, error) {
	return s.compact(ctx, s.partlyDead)
}

func (s *Store) compact(ctx context.Context, choose func(context.Context) ([]int64, error)) (done Compacted, err error) {
	s.compacting.Lock()
	defer s.compacting.Unlock()
	if err := s.dropHusks(ctx); err != nil {
		return done, err
	}
	packs, err := choose(ctx)
	if err != nil {
		return done, err
	}
	for _, pack := range packs { // one that cannot be read keeps no other from it
		if e := s.compactPack(ctx, pack, &done); e != nil {
			err = errors.Join(err, fmt.Errorf("store: compact %s: %w", packName(pack), e))
		}
		if ctx.Err() != nil || errors.Is(err, store.ErrClosed) {
			return done, err
		}
	}
	return done, err
}

// mostlyDead is step 1. The index has counted what was erased, so that it costs nothing to ask.
func (s *Store) mostlyDead(ctx context.Context) (out []int64, err error) {
	dead, err := s.sizes(ctx, "SELECT pack, CASE WHEN end_at <= ? THEN -1 ELSE dead END FROM pack_ends ORDER BY pack", len(deposit.PackMagic))
	if err != nil {
		return nil, err
	}
	for _, d := range dead {
		size, err := s.packSize(d.pack)
		if err != nil {
			return nil, err
		}
		if d.size < 0 || d.size >= compactLeast && 2*d.size >= size-int64(len(deposit.PackMagic)) {
			out = append(out, d.pack)
		}
	}
	return out, nil
}

// partlyDead is every pack that is longer than its boxes and the zeros around large groups.
func (s *Store) partlyDead(ctx context.Context) (out []int64, err error) {
	numbers, err := listPacks(s.packs.dir)
	if err != nil {
		return nil, err
	}
	whole, err := s.wholePacks(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range numbers {
		size, err := s.packSize(n)
		if err != nil {
			return nil, err
		}
		end, ok := whole[n]
		if !ok {
			end = int64(len(deposit.PackMagic))
		}
		if size > end && !(ok && endsIn(end, size)) {
			out = append(out, n)
		}
	}
	return out, nil
}

// wholePacks are the packs in which nothing lies between boxes but zeros around large groups, and where the last box of each ends.
func (s *Store) wholePacks(ctx context.Context) (map[int64]int64, error) {
	ends, torn := map[int64]int64{}, map[int64]bool{}
	err := s.each(ctx, func(rows *sql.Rows) error {
		var pack, at, size, payload int64
		err := rows.Scan(&pack, &at, &size, &payload)
		end, begun := ends[pack]
		if !begun {
			end = int64(len(deposit.PackMagic))
		}
		if !followsIn(end, at, payload) {
			torn[pack] = true
		}
		ends[pack] = at + size
		return err
	}, fmt.Sprintf("SELECT pack, at, %d + head + payload, payload FROM batches ORDER BY pack, at", deposit.RecordHead))
	for pack := range torn {
		delete(ends, pack)
	}
	return ends, err
}

type packBytes struct{ pack, size int64 }

func (x *Index) sizes(ctx context.Context, query string, args ...any) (out []packBytes, err error) {
	err = x.each(ctx, func(rows *sql.Rows) error {
		var p packBytes
		err := rows.Scan(&p.pack, &p.size)
		out = append(out, p)
		return err
	}, query, args...)
	return out, err
}

// packSize is 0 for a pack that is not there.
func (s *Store) packSize(pack int64) (int64, error) {
	info, err := os.Stat(filepath.Join(s.packs.dir, packName(pack)))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("store: look at a pack: %w", err)
	}
	return info.Size(), nil
}

// target is the new pack while it is written.
type target struct {
	pack int64
	file file
	end  int64 // of what rows may name
}

func (s *Store) compactPack(ctx context.Context, pack int64, done *Compacted) (err error) {
	if err := s.retire(pack); err != nil {
		return err
	}
	before, err := s.packSize(pack)
	if err != nil {
		return err
	}
	t := &target{pack: -1}
	for after := int64(-1); ; {
		rows, err := s.living(ctx, pack, after)
		if err == nil && len(rows) > 0 {
			err = s.moveSome(ctx, pack, rows, t)
		}
		if err != nil {
			return errors.Join(err, s.endTarget(ctx, t))
		}
		if len(rows) == 0 {
			break
		}
		after = rows[len(rows)-1].at
	}
	if err := s.endTarget(ctx, t); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // what is left is a moment
	s.erasing.Lock()
	defer s.erasing.Unlock()
	gone, err := s.dropEmpty(ctx, pack)
	if err != nil {
		return err
	}
	if gone {
		done.Packs++
		done.Moved += max(0, t.end-int64(len(deposit.PackMagic)))
		done.Freed += before - t.end
	}
	return s.scrub(ctx) // copies of what was erased meanwhile
}

// retire makes sure that nothing is written to a pack any more.
func (s *Store) retire(pack int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	if s.packs.written(pack) {
		return s.packs.close()
	}
	return nil
}

// living is the next boxes of a pack that stay, in their order.
func (s *Store) living(ctx context.Context, pack, after int64) (out []moving, err error) {
	var sum int64
	err = s.each(ctx, func(rows *sql.Rows) error {
		var m moving
		err := rows.Scan(&m.number, &m.at, &m.size)
		if sum += m.size; sum <= moveBytes || len(out) == 0 {
			out = append(out, m)
		}
		return err
	}, fmt.Sprintf("SELECT number, at, %d + head + payload FROM batches WHERE pack = ? AND at > ? ORDER BY at LIMIT ?", deposit.RecordHead), pack, after, moveRows)
	return out, err
}

// moving is a box that changes its place.
type moving struct{ number, at, size int64 }

// moveSome is steps 3 and 4 for some boxes.
func (s *Store) moveSome(ctx context.Context, pack int64, rows []moving, t *target) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if t.file == nil {
		if err := s.beginTarget(ctx, t); err != nil {
			return err
		}
	}
	from, err := os.Open(filepath.Join(s.packs.dir, packName(pack)))
	if err != nil {
		return fmt.Errorf("read a pack: %w", err)
	}
	err = copyRecords(t.file, from, rows)
	if err := errors.Join(err, from.Close()); err != nil {
		return err
	}
	if err := t.file.Sync(); err != nil {
		return fmt.Errorf("sync a pack: %w", err) // the file is left for good
	}
	s.pause(copied)
	return s.carry(ctx, pack, rows, t)
}

// copyRecords appends records as they are, checksum and all: a damaged one stays damaged.
func copyRecords(to io.Writer, from io.ReaderAt, rows []moving) error {
	buf := make([]byte, 256<<10)
	for i := 0; i < len(rows); {
		at, size := rows[i].at, rows[i].size
		for i++; i < len(rows) && rows[i].at == at+size; i++ { // neighbours in one go
			size += rows[i].size
		}
		n, err := io.CopyBuffer(to, io.NewSectionReader(from, at, size), buf)
		if err == nil && n != size {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return fmt.Errorf("copy a pack: %w", err)
		}
	}
	return nil
}

// beginTarget is step 2.
func (s *Store) beginTarget(ctx context.Context, t *target) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	pack := s.packs.next
	if _, err := s.write.ExecContext(ctx, "INSERT OR REPLACE INTO pack_ends (pack, end_at) VALUES (?, ?)", pack, len(deposit.PackMagic)); err != nil {
		return fmt.Errorf("note a new pack: %w", err)
	}
	f, err := s.packs.create()
	if err != nil {
		return err
	}
	*t = target{pack, f, int64(len(deposit.PackMagic))}
	s.packs.target = pack
	return nil
}

// carry is step 4.
func (s *Store) carry(ctx context.Context, pack int64, rows []moving, t *target) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	end, gone := t.end, int64(0)
	err := s.update(ctx, func(tx *sql.Tx) error {
		move, err := tx.PrepareContext(ctx, "UPDATE batches SET pack = ?, at = ? WHERE number = ? AND pack = ? AND at = ?")
		if err != nil {
			return fmt.Errorf("move a box: %w", err)
		}
		defer move.Close()
		for _, r := range rows {
			res, err := move.ExecContext(ctx, t.pack, end, r.number, pack, r.at)
			if err != nil {
				return fmt.Errorf("move a box: %w", err)
			}
			if mustTouch(res) != nil { // it was erased meanwhile
				gone += r.size
				if err := toBlank(ctx, tx, part{t.pack, end, r.size}); err != nil {
					return err
				}
			}
			end += r.size
		}
		last := rows[len(rows)-1]
		if err := toBlank(ctx, tx, part{pack, rows[0].at, last.at + last.size - rows[0].at}); err != nil {
			return err
		}
		if err := noteDead(ctx, tx, pack, last.at+last.size, end-t.end-gone); err != nil {
			return err
		}
		return noteDead(ctx, tx, t.pack, end, gone)
	})
	if err != nil {
		s.suspect(err)
		return err
	}
	t.end = end
	return nil
}

// insertBlank notes a part of a pack that nothing names any more.
const insertBlank = "INSERT INTO scrub (pack, at, size) VALUES (?, ?, ?) ON CONFLICT (pack, at) DO UPDATE SET size = max(size, excluded.size)"

func toBlank(ctx context.Context, tx *sql.Tx, p part) error {
	if _, err := tx.ExecContext(ctx, insertBlank, p.pack, p.at, p.size); err != nil {
		return fmt.Errorf("store: note what is to be blanked: %w", err)
	}
	return nil
}

// noteDead notes how many more bytes of a pack count no longer, and that it reaches to end.
func noteDead(ctx context.Context, tx *sql.Tx, pack, end, dead int64) error {
	if _, err := tx.ExecContext(ctx, "INSERT INTO pack_ends (pack, end_at, dead) VALUES (?, ?, ?) ON CONFLICT (pack) DO UPDATE SET "+
		"end_at = max(end_at, excluded.end_at), dead = dead + excluded.dead", pack, end, dead); err != nil {
		return fmt.Errorf("store: note the end of a pack: %w", err)
	}
	return nil
}

// endTarget closes the new pack at the end of what rows name. One that nothing came into goes.
func (s *Store) endTarget(ctx context.Context, t *target) error {
	if t.file == nil {
		return nil
	}
	err := errors.Join(t.file.Truncate(t.end), t.file.Close())
	s.mu.Lock()
	s.packs.target = 0
	s.mu.Unlock()
	if err == nil && t.end <= int64(len(deposit.PackMagic)) {
		_, err = s.dropEmpty(context.WithoutCancel(ctx), t.pack)
	}
	if err != nil {
		return fmt.Errorf("close a pack: %w", err)
	}
	return nil
}
