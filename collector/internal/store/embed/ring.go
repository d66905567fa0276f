package embed

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

// ring is the folder of epoch keys, one file per person: outside the index, so that no backup of the index holds one. A key is
// replaced in three steps: the next one is written beside it, the index is moved over to it, and then the old one is destroyed.
// What was wrapped by the old one opens for nobody from then on, wherever a copy of it lies.
type ring struct {
	disk disk
	dir  string

	mu   sync.Mutex // guards have
	have map[store.ID]deposit.Epoch
}

const (
	ringMagic  = "BYLEAVE EPOCH 1\n"
	ringFile   = len(ringMagic) + 8 + 32 + 32
	keySuffix  = ".key"
	nextSuffix = ".next"
)

// errNoKey says that the key is not there: it was destroyed, or the folder lost it.
var errNoKey = errors.New("store: the person's key is not there")

func newRing(dir string, d disk) *ring {
	return &ring{disk: d, dir: filepath.Join(dir, "keys"), have: map[store.ID]deposit.Epoch{}}
}

func (r *ring) path(subject store.ID, suffix string) string {
	return filepath.Join(r.dir, hex.EncodeToString(subject[:])+suffix)
}

// current is the person's key, the zero deposit.Epoch if there is none.
func (r *ring) current(subject store.ID) (deposit.Epoch, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k, ok := r.have[subject]; ok {
		return k, nil
	}
	k, err := readKey(r.path(subject, keySuffix))
	if err == nil && k.Number > 0 {
		r.have[subject] = k
	}
	return k, err
}

// epoch is the person's key of that number, errNoKey if it is gone. While a key is replaced both are there.
func (r *ring) epoch(subject store.ID, number int64) (deposit.Epoch, error) {
	k, err := r.current(subject)
	if err == nil && k.Number != number {
		k, err = readKey(r.path(subject, nextSuffix))
	}
	if err == nil && (k.Number != number || number == 0) {
		return deposit.Epoch{}, errNoKey
	}
	return k, err
}

// prepare makes the person's next key durable beside the current one.
func (r *ring) prepare(subject store.ID, number int64) (deposit.Epoch, error) {
	k := deposit.Epoch{Number: number}
	rand.Read(k.Key[:]) // never fails: it ends the program rather than giving weak bytes
	if err := writeDurably(r.disk, r.path(subject, nextSuffix), encodeKey(k)); err != nil {
		return deposit.Epoch{}, fmt.Errorf("store: write a key: %w", err)
	}
	return k, nil
}

// adopt destroys the current key and puts the next in its place. It can be repeated after a crash.
func (r *ring) adopt(subject store.ID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.have, subject)
	if err := r.disk.Shred(r.path(subject, keySuffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("store: destroy a key: %w", err)
	}
	if err := r.disk.Rename(r.path(subject, nextSuffix), r.path(subject, keySuffix)); err != nil {
		return fmt.Errorf("store: replace a key: %w", err)
	}
	if err := r.disk.SyncDir(r.dir); err != nil {
		return fmt.Errorf("store: replace a key: %w", err)
	}
	return nil
}

// settle ends replacements that were cut short: the index says whether its rows were moved over already.
func (r *ring) settle(ctx context.Context, q querier) error {
	names, err := os.ReadDir(r.dir)
	if err != nil {
		return fmt.Errorf("store: list the keys: %w", err)
	}
	for _, e := range names {
		raw, err := hex.DecodeString(strings.TrimSuffix(e.Name(), nextSuffix))
		if err != nil || len(raw) != 16 || !strings.HasSuffix(e.Name(), nextSuffix) {
			continue
		}
		if err := r.settleOne(ctx, q, store.ID(raw)); err != nil {
			return err
		}
	}
	return nil
}

// settleOne ends one replacement.
func (r *ring) settleOne(ctx context.Context, q querier, subject store.ID) error {
	next, err := readKey(r.path(subject, nextSuffix))
	if err != nil {
		return err
	}
	number, err := epochNumber(ctx, q, subject)
	if err != nil {
		return err
	}
	if next.Number == number && number > 0 {
		return r.adopt(subject)
	}
	err = r.disk.Remove(r.path(subject, nextSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("store: remove a key that was never used: %w", err)
	}
	return r.disk.SyncDir(r.dir)
}

func encodeKey(k deposit.Epoch) []byte {
	b := binary.BigEndian.AppendUint64([]byte(ringMagic), uint64(k.Number))
	b = append(b, k.Key[:]...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// readKey reads a key file; one that is missing, cut or overwritten is none.
func readKey(path string) (deposit.Epoch, error) {
	b, err := os.ReadFile(filepath.Clean(path))
	if errors.Is(err, fs.ErrNotExist) {
		return deposit.Epoch{}, nil
	}
	if err != nil {
		return deposit.Epoch{}, fmt.Errorf("store: read a key: %w", err)
	}
	if len(b) != ringFile || !bytes.HasPrefix(b, []byte(ringMagic)) {
		return deposit.Epoch{}, nil
	}
	sum := sha256.Sum256(b[:ringFile-32])
	if !bytes.Equal(sum[:], b[ringFile-32:]) {
		return deposit.Epoch{}, nil
	}
	k := deposit.Epoch{Number: int64(binary.BigEndian.Uint64(b[len(ringMagic):]))}
	copy(k.Key[:], b[len(ringMagic)+8:])
	return k, nil
}

const selectEpoch = "SELECT epoch FROM epochs WHERE subject = ?"

// epochNumber is the epoch of a person as the index knows it, 0 if it knows none.
func epochNumber(ctx context.Context, q querier, subject store.ID) (n int64, err error) {
	err = q.QueryRowContext(ctx, selectEpoch, subject[:]).Scan(&n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("store: look up an epoch: %w", err)
	}
	return n, nil
}

// epochOf is the key under which the person's next box is kept. Where index and folder differ, because one of them was restored,
// the newer one counts; a key that is lost is followed by a new one.
func (s *Store) epochOf(ctx context.Context, tx execer, subject store.ID) (deposit.Epoch, error) {
	number, err := epochNumber(ctx, tx, subject)
	if err != nil {
		return deposit.Epoch{}, err
	}
	k, err := s.ring.current(subject)
	if err != nil {
		return deposit.Epoch{}, err
	}
	if k.Number < number { // an erasure may have been cut short before it put the key in place
		if err := s.ring.settleOne(ctx, tx, subject); err != nil {
			return deposit.Epoch{}, err
		}
		if k, err = s.ring.current(subject); err != nil {
			return deposit.Epoch{}, err
		}
	}
	if k.Number == 0 || k.Number < number {
		if _, err := s.ring.prepare(subject, number+1); err != nil {
			return deposit.Epoch{}, err
		}
		if err := s.ring.adopt(subject); err != nil {
			return deposit.Epoch{}, err
		}
		if k, err = s.ring.current(subject); err != nil {
			return deposit.Epoch{}, err
		}
	}
	if k.Number != number {
		err = setEpoch(ctx, tx, subject, k.Number)
	}
	return k, err
}

func setEpoch(ctx context.Context, tx execer, subject store.ID, number int64) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO epochs (subject, epoch) VALUES (?, ?) ON CONFLICT (subject) DO UPDATE SET epoch = excluded.epoch",
		subject[:], number)
	if err != nil {
		return fmt.Errorf("store: write an epoch: %w", err)
	}
	return nil
}
