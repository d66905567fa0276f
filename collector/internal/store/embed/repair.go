package embed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/byleave/byleave/collector/internal/store/deposit"
)

// lostName is a file in packs/ by which an operator says that all packs are lost for good.
const lostName = "lost"

// errNoPacks: rows are taken out whose bytes are gone, and with packs/ on a disk that is not mounted that would be all of them.
var errNoPacks = errors.New("store: packs/ is empty, and the index names boxes in it: is its disk mounted? If they are lost for good, restore a backup, " +
	"or make an empty file packs/" + lostName + " and start again: then their rows are taken out")

// allThere refuses a folder without any pack, unless the operator says that they are lost.
func (s *Store) allThere(ctx context.Context, numbers []int64) error {
	if len(numbers) > 0 {
		return nil
	}
	var boxes bool
	if err := s.write.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM batches)").Scan(&boxes); err != nil || !boxes {
		return err
	}
	err := os.Remove(filepath.Join(s.packs.dir, lostName))
	if errors.Is(err, fs.ErrNotExist) {
		return errNoPacks
	}
	return err
}

// repair makes packs and index agree. A tail that no row names was never acknowledged and is cut; a row whose bytes are not
// there is taken out, so that its device may send the box again. Damage inside a pack shows when a box is read, and there alone.
func (s *Store) repair(ctx context.Context, rep *Report) error {
	numbers, err := listPacks(s.packs.dir)
	if err != nil {
		return err
	}
	ends, err := s.packEnds(ctx)
	if err != nil {
		return err
	}
	if err := s.allThere(ctx, numbers); err != nil {
		return err
	}
	for _, n := range numbers {
		s.packs.next = max(s.packs.next, n+1)
		if len(ends) == 0 {
			continue
		}
		if err := s.cutTail(n, ends[n], rep); err != nil {
			return err
		}
	}
	have := map[int64]int64{}
	for _, n := range numbers {
		info, err := os.Stat(filepath.Join(s.packs.dir, packName(n)))
		if err == nil {
			have[n] = info.Size()
		}
	}
	for n, end := range ends {
		s.packs.next = max(s.packs.next, n+1)
		if have[n] < end {
			if err := s.dropMissing(ctx, n, have[n], rep); err != nil {
				return err
			}
		}
	}
	return nil
}

// packEnds is where the last row of each pack ends, or ended before it was erased.
func (s *Store) packEnds(ctx context.Context) (map[int64]int64, error) {
	rows, err := s.write.QueryContext(ctx, fmt.Sprintf(`SELECT pack, max(e) FROM (SELECT pack, at + %d + head + payload AS e FROM batches
		UNION ALL SELECT pack, end_at FROM pack_ends) GROUP BY pack`, deposit.RecordHead))
	if err != nil {
		return nil, fmt.Errorf("store: read the index: %w", err)
	}
	defer rows.Close()
	ends := map[int64]int64{}
	for rows.Next() {
		var n, end int64
		if err := rows.Scan(&n, &end); err != nil {
			return nil, fmt.Errorf("store: read the index: %w", err)
		}
		ends[n] = end
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: read the index: %w", err)
	}
	return ends, nil
}

// cutTail cuts pack n at end. Beside an index that was salvaged or has no rows it cuts nothing: rows may have been lost whose
// bytes are good.
func (s *Store) cutTail(n, end int64, rep *Report) error {
	path := filepath.Join(s.packs.dir, packName(n))
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("store: look at a pack: %w", err)
	}
	end = max(end, int64(len(deposit.PackMagic)))
	if rep.Salved || info.Size() <= end {
		return nil
	}
	if err := os.Truncate(path, end); err != nil {
		return fmt.Errorf("store: cut a pack: %w", err)
	}
	if !endsIn(end, info.Size()) {
		rep.Torn++
	}
	return nil
}

func (s *Store) dropMissing(ctx context.Context, pack, size int64, rep *Report) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		where := fmt.Sprintf("pack = ? AND at + %d + head + payload > ?", deposit.RecordHead)
		for _, stmt := range []string{
			"INSERT OR REPLACE INTO damaged (batch, found) SELECT batch, ? FROM batches WHERE " + where,
			"DELETE FROM sealed WHERE ? > 0 AND number IN (SELECT number FROM batches WHERE " + where + ")",
			"DELETE FROM export_batches WHERE ? > 0 AND number IN (SELECT number FROM batches WHERE " + where + ")",
			"DELETE FROM shreds WHERE ? > 0 AND (subject, number) IN (SELECT subject, number FROM batches WHERE " + where + ")",
		} {
			if _, err := tx.ExecContext(ctx, stmt, hour(time.Now()), pack, size); err != nil {
				return fmt.Errorf("store: take out rows without bytes: %w", err)
			}
		}
		res, err := tx.ExecContext(ctx, "DELETE FROM batches WHERE "+where, pack, size)
		if err != nil {
			return fmt.Errorf("store: take out rows without bytes: %w", err)
		}
		n, err := res.RowsAffected()
		rep.Missing += int(n)
		return err
	})
}

const suspectName = "index.suspect"

// checkedFully is the size of an index up to which every start reads all of it.
const checkedFully = 32 << 20

// openChecked opens the index; one that SQLite calls damaged is set aside and salvaged into a new one.
func openChecked(ctx context.Context, dir string, rep *Report) (*Index, error) {
	x, err := OpenIndex(ctx, dir)
	if err == nil {
		sound, e := x.sound(ctx, dir)
		if sound {
			return x, nil
		}
		err = e
		if cerr := x.Close(); isTrouble(cerr) {
			return nil, errors.Join(err, cerr)
		}
	}
	if isTrouble(err) {
		return nil, err
	}
	rep.Salved = true
	return salvage(ctx, dir, rep)
}

var errUnsound = errors.New("store: the index is damaged")

func (x *Index) sound(ctx context.Context, dir string) (bool, error) {
	info, err := os.Stat(x.path)
	if err != nil {
		return false, fmt.Errorf("store: look at the index: %w", err)
	}
	_, err = os.Stat(filepath.Join(dir, suspectName))
	if errors.Is(err, fs.ErrNotExist) && info.Size() > checkedFully {
		_, err := x.read.ExecContext(ctx, "SELECT max(number) FROM batches; SELECT count(*) FROM devices")
		return err == nil, err
	}
	if err := x.integrity(ctx); err != nil {
		return false, err
	}
	if err := os.Remove(filepath.Join(dir, suspectName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("store: clear the mark of a damaged index: %w", err)
	}
	return true, nil
}
