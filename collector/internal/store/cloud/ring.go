package cloud

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/bucket"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

// Epoch keys are objects keys/PERSON/NUMBER, wrapped by a key of the collectors: outside the database, so that no backup of it holds
// one, and useless to who has the bucket alone. A key is replaced in three steps: the next one is written, the index is moved over to it,
// and then the old one is deleted. What was wrapped by the old one opens for nobody from then on, wherever a copy of it lies.
const (
	keyPrefix   = "keys/"
	keyMagic    = "BYLEAVE EPOCH 1\n"
	epochDomain = "byleave epoch key v1\x00"
)

// errNoKey says that the key is not there: it was destroyed, or the bucket lost it.
var errNoKey = errors.New("store: the person's key is not there")

const (
	ringMost = 200_000
	ringTime = 12 * time.Hour
)

// ring remembers keys for a while.
type ring struct {
	mu   sync.Mutex
	have map[store.ID]cachedKey
}

type cachedKey struct {
	deposit.Epoch
	until time.Time
}

func (r *ring) get(subject store.ID, number int64, now time.Time) (deposit.Epoch, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.have[subject]
	return k.Epoch, ok && k.Number == number && now.Before(k.until)
}

func (r *ring) put(subject store.ID, k deposit.Epoch, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.have) >= ringMost {
		for other := range r.have { // any half: keys are fetched again
			if delete(r.have, other); len(r.have) <= ringMost/2 {
				break
			}
		}
	}
	if r.have[subject].Number <= k.Number {
		r.have[subject] = cachedKey{k, now.Add(ringTime)}
	}
}

// forget drops a person's keys.
func (r *ring) forget(subject store.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.have, subject)
}

// age drops keys that were not asked for since long.
func (r *ring) age(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for subject, k := range r.have {
		if now.After(k.until) {
			delete(r.have, subject)
		}
	}
}

func keysOf(subject store.ID) string { return keyPrefix + hex.EncodeToString(subject[:]) + "/" }

func keyName(subject store.ID, number int64) string {
	return keysOf(subject) + fmt.Sprintf("%020d", number)
}

// parseKeyName is the inverse of keyName.
func parseKeyName(name string) (subject store.ID, number int64, ok bool) {
	who, n, _ := strings.Cut(strings.TrimPrefix(name, keyPrefix), "/")
	subject, ok = deposit.ParseID(who)
	number, err := strconv.ParseInt(n, 10, 64)
	return subject, number, ok && err == nil && number > 0
}

// epoch is the person's key of that number, errNoKey if it is gone.
func (s *Store) epoch(ctx context.Context, subject store.ID, number int64) (deposit.Epoch, error) {
	if k, ok := s.ring.get(subject, number, s.now()); ok {
		return k, nil
	}
	if number <= 0 {
		return deposit.Epoch{}, errNoKey
	}
	body, err := s.objects.Get(ctx, keyName(subject, number))
	if errors.Is(err, bucket.ErrMissing) {
		return deposit.Epoch{}, errNoKey
	}
	if err != nil {
		return deposit.Epoch{}, fmt.Errorf("store: read a key: %w", err)
	}
	k, err := s.unwrapEpoch(subject, number, body)
	if err == nil {
		s.ring.put(subject, k, s.now())
	}
	return k, err
}

func epochInfo(subject store.ID, number int64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(epochDomain), subject[:]...), uint64(number))
}

func (s *Store) unwrapEpoch(subject store.ID, number int64, body []byte) (deposit.Epoch, error) {
	sealed, ok := bytes.CutPrefix(body, []byte(keyMagic))
	if !ok {
		return deposit.Epoch{}, errNoKey
	}
	a, err := deposit.AEAD(s.wrap[:])
	if err != nil {
		return deposit.Epoch{}, err
	}
	raw, err := a.Open(nil, nil, sealed, epochInfo(subject, number))
	if err != nil || len(raw) != 32 {
		return deposit.Epoch{}, errNoKey
	}
	defer clear(raw)
	return deposit.Epoch{Number: number, Key: [32]byte(raw)}, nil
}

// makeEpoch writes the person's key of that number. If another collector was faster, its key is the one.
func (s *Store) makeEpoch(ctx context.Context, subject store.ID, number int64) (deposit.Epoch, error) {
	k := deposit.Epoch{Number: number}
	rand.Read(k.Key[:]) // never fails: it ends the program rather than giving weak bytes
	a, err := deposit.AEAD(s.wrap[:])
	if err != nil {
		return deposit.Epoch{}, err
	}
	err = s.objects.Put(ctx, keyName(subject, number), append([]byte(keyMagic), a.Seal(nil, nil, k.Key[:], epochInfo(subject, number))...))
	if errors.Is(err, bucket.ErrExists) {
		return s.epoch(ctx, subject, number)
	}
	if err != nil {
		return deposit.Epoch{}, fmt.Errorf("store: write a key: %w", err)
	}
	s.ring.put(subject, k, s.now())
	return k, nil
}

// epochNumbers lists which keys of a person are there, rising.
func (s *Store) epochNumbers(ctx context.Context, subject store.ID) (out []int64, err error) {
	for o, err := range s.objects.List(ctx, keysOf(subject), "") {
		if err != nil {
			return nil, fmt.Errorf("store: list a person's keys: %w", err)
		}
		if _, n, ok := parseKeyName(o.Key); ok {
			out = append(out, n)
		}
	}
	return out, nil
}

// epochFor is the key under which the person's next box is kept, if the index knows number. Where index and bucket differ, because one of
// them was restored, the newer one counts; a key that is lost is followed by a new one.
func (s *Store) epochFor(ctx context.Context, subject store.ID, number int64) (deposit.Epoch, error) {
	if number > 0 {
		k, err := s.epoch(ctx, subject, number)
		if !errors.Is(err, errNoKey) {
			return k, err
		}
	}
	there, err := s.epochNumbers(ctx, subject)
	if err != nil {
		return deposit.Epoch{}, err
	}
	if n := len(there); n > 0 && there[n-1] > number {
		k, err := s.epoch(ctx, subject, there[n-1])
		if !errors.Is(err, errNoKey) {
			return k, err
		}
		number = there[n-1] // it cannot be read: the one after it
	}
	return s.makeEpoch(ctx, subject, number+1)
}

// destroyEpochs deletes a person's keys before number.
func (s *Store) destroyEpochs(ctx context.Context, subject store.ID, number int64) error {
	s.ring.forget(subject)
	there, err := s.epochNumbers(ctx, subject)
	if err != nil {
		return err
	}
	for _, n := range there {
		if n >= number {
			break
		}
		if err := s.objects.Delete(ctx, keyName(subject, n)); err != nil {
			return fmt.Errorf("store: destroy a key: %w", err)
		}
	}
	return nil
}
