package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/bucket"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// Put, in the order of the code below:
//
//	1 learn   facts.go: what the index knows of the group; what need not be stored is answered
//	2 pack    the rest, capsules under fresh shred keys, becomes one object of a new name, which is durable from here on; without a row it is removed later
//	3 keys    the epoch key of each person
//	4 commit  one transaction, in which nobody can withdraw, be revoked or erase: the group is judged again, and rows, capsules and
//	          leaves of what still counts are written

// Lanes is how many groups are best stored at once: most of the time each of them waits for the bucket.
func (s *Store) Lanes() int { return 4 }

// Put judges the group, writes what is new to a pack, and commits rows, capsules and leaves.
func (s *Store) Put(ctx context.Context, group []store.Record) ([]store.Outcome, error) {
	leave, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, callMost)
	defer cancel()
	known, err := learn(ctx, s.pool, nil, group)
	if err != nil {
		return nil, err
	}
	first, fresh := known.JudgeGroup(group)
	if len(fresh) == 0 {
		return first, nil
	}
	p, err := newPack(s.newName(), group, fresh)
	if err != nil {
		return nil, err
	}
	defer p.clear()
	if err := s.putPack(ctx, p.name, p.body); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		out, err := s.commit(ctx, group, p, known.epochs, first)
		if err == nil {
			s.tell()
			return out, nil
		}
		// The same box on another collector at the same moment, or an erasure in between: what is known now decides.
		again := isRace(err) || isUnique(err) && constraint(err) != "packs_pkey"
		if !again || try == updateTries {
			return nil, err
		}
		if known, err = learn(ctx, s.pool, nil, group); err != nil {
			return nil, err
		}
	}
}

// pack is one that was written, and what of a group lies in it where.
type pack struct {
	name    store.ID
	body    []byte
	places  map[int]place    // by place in the group
	keys    map[int][]byte   // shred keys, the same
	byBatch map[store.ID]int // place in the group
}

func newPack(name store.ID, group []store.Record, fresh []int) (pack, error) {
	p := pack{name: name, places: map[int]place{}, keys: map[int][]byte{}, byBatch: map[store.ID]int{}}
	records, sealed := make([]*store.Record, len(fresh)), make([][]byte, len(fresh))
	for n, i := range fresh {
		records[n] = &group[i]
		var err error
		if sealed[n], p.keys[i], err = deposit.Seal(nil, group[i].Digest, group[i].Capsules); err != nil {
			return p, err
		}
	}
	body, places := encodePack(records, sealed)
	for n, i := range fresh {
		p.places[i], p.byBatch[group[i].Batch] = places[n], i
	}
	p.body = body
	return p, nil
}

// clear overwrites the shred keys, which the index holds by then.
func (p pack) clear() {
	for _, key := range p.keys {
		clear(key)
	}
}

// putPack writes a pack. Its name was drawn for it: one that is there is this call's own, whose answer was lost.
func (s *Store) putPack(ctx context.Context, name store.ID, body []byte) error {
	err := s.objects.Put(ctx, packKey(name), body)
	if errors.Is(err, bucket.ErrExists) {
		var there []byte
		if there, err = s.objects.Get(ctx, packKey(name)); err == nil && !bytes.Equal(there, body) {
			err = bucket.ErrExists
		}
	}
	if err != nil {
		return fmt.Errorf("store: write a pack: %w", err)
	}
	return nil
}

// keysAtOnce bounds the calls to the bucket for the keys of one group.
const keysAtOnce = 32

// keysFor is step 3: most keys are remembered, and after a start many are fetched at once.
func (s *Store) keysFor(ctx context.Context, group []store.Record, p pack, epochs map[store.ID]int64) (map[store.ID]deposit.Epoch, error) {
	keys := map[store.ID]deposit.Epoch{}
	for i := range p.places {
		keys[group[i].Subject] = deposit.Epoch{}
	}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(keysAtOnce)
	for _, subject := range slices.Collect(maps.Keys(keys)) {
		if k, ok := s.ring.get(subject, epochs[subject], s.now()); ok {
			mu.Lock()
			keys[subject] = k
			mu.Unlock()
			continue
		}
		g.Go(func() error {
			k, err := s.epochFor(ctx, subject, epochs[subject])
			mu.Lock()
			defer mu.Unlock()
			keys[subject] = k
			return err
		})
	}
	return keys, g.Wait()
}

// commit is steps 3 and 4.
func (s *Store) commit(ctx context.Context, group []store.Record, p pack, epochs map[store.ID]int64, first []store.Outcome) (out []store.Outcome, err error) {
	keys, err := s.keysFor(ctx, group, p, epochs)
	if err != nil {
		return nil, err
	}
	var locks []int64
	for subject := range keys {
		locks = append(locks, lockKey(subject))
	}
	slices.Sort(locks) // so that no two wait for each other
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		known, err := learn(ctx, tx, locks, group)
		if err != nil {
			return err
		}
		var fresh []int
		if out, fresh, err = known.judgeAgain(group, p, first); err != nil || len(fresh) == 0 {
			return err
		}
		for _, i := range fresh {
			if subject := group[i].Subject; keys[subject].Number < known.epochs[subject] {
				return errMoved // an erasure replaced the key
			}
		}
		return insertGroup(ctx, tx, group, fresh, p, keys, known.epochs)
	})
	return out, err
}

const insertBoxes = `WITH last AS (UPDATE store SET boxes = boxes + $1::bigint RETURNING boxes - $1::bigint AS boxes)
	INSERT INTO batches (number, batch, subject, device, consent, policy, purpose, sequence, digest, bucket, size, hour, recipients, pack, at, head, body, sealed)
	SELECT last.boxes + n.place, n.batch, n.subject, n.device, n.consent, n.policy, n.purpose, n.sequence, n.digest, n.bucket, n.size, n.hour, n.recipients, $2, n.at, n.head, n.body, n.sealed
	FROM last, unnest($3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::text[], $9::bigint[], $10::bytea[], $11::smallint[], $12::bigint[],
		$13::bigint[], $14::bytea[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[])
	WITH ORDINALITY AS n (batch, subject, device, consent, policy, purpose, sequence, digest, bucket, size, hour, recipients, at, head, body, sealed, place)`

// insertGroup writes all rows in one round. The numbers come last: until the commit nobody else can store.
func insertGroup(ctx context.Context, tx pgx.Tx, group []store.Record, fresh []int, p pack, keys map[store.ID]deposit.Epoch, epochs map[store.ID]int64) error {
	var c boxColumns
	moved := map[store.ID]bool{}
	for _, i := range fresh {
		r := &group[i]
		if err := c.add(r, p.places[i], p.keys[i], keys[r.Subject]); err != nil {
			return err
		}
		if keys[r.Subject].Number != epochs[r.Subject] {
			moved[r.Subject] = true
		}
	}
	var b pgx.Batch
	b.Queue("INSERT INTO packs (name, size) VALUES ($1, $2)", p.name[:], len(p.body))
	if len(moved) > 0 {
		var people [][]byte
		var numbers []int64
		for _, subject := range sorted(moved) {
			people, numbers = append(people, subject[:]), append(numbers, keys[subject].Number)
		}
		b.Queue(`INSERT INTO epochs (subject, epoch) SELECT * FROM unnest($1::bytea[], $2::bigint[])
			ON CONFLICT (subject) DO UPDATE SET epoch = greatest(epochs.epoch, excluded.epoch)`, people, numbers)
	}
	b.Queue(`INSERT INTO capsules (batch, shred_key, epoch) SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[])
		ON CONFLICT (batch) DO UPDATE SET sealed = NULL, shred_key = excluded.shred_key, epoch = excluded.epoch`, c.batch, c.shred, c.epoch)
	b.Queue(`INSERT INTO outbox (kind, body, subject) SELECT kind, body, subject FROM unnest($1::smallint[], $2::bytea[], $3::bytea[])
		WITH ORDINALITY AS n (kind, body, subject, place) WHERE kind > 0 ORDER BY place`, c.kind, c.leaf, c.owner)
	b.Queue(insertBoxes, len(fresh), p.name[:], c.batch, c.subject, c.device, c.consent, c.policy, c.purpose, c.sequence, c.digest, c.bucket, c.size,
		c.hour, c.recipients, c.at, c.head, c.payload, c.inside)
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("store: write the index: %w", say(err))
	}
	return nil
}

func sorted(people map[store.ID]bool) []store.ID {
	out := make([]store.ID, 0, len(people))
	for id := range people {
		out = append(out, id)
	}
	slices.SortFunc(out, func(a, b store.ID) int { return bytes.Compare(a[:], b[:]) })
	return out
}

// boxColumns is a group as the database takes it: column by column.
type boxColumns struct {
	batch, subject, device, consent, policy, digest, recipients [][]byte
	purpose                                                     []string
	sequence, size, hour, at, head, payload, inside, epoch      []int64
	bucket, kind                                                []int16
	shred, leaf, owner                                          [][]byte
}

func (c *boxColumns) add(r *store.Record, p place, key []byte, k deposit.Epoch) error {
	w, err := deposit.NewWrapper(k)
	if err != nil {
		return err
	}
	recipients := []byte{}
	for _, key := range r.Recipients {
		recipients = append(recipients, key[:]...)
	}
	c.batch, c.subject, c.device = append(c.batch, r.Batch[:]), append(c.subject, r.Subject[:]), append(c.device, r.Device[:])
	c.consent, c.policy, c.digest = append(c.consent, r.Consent[:]), append(c.policy, r.Policy[:]), append(c.digest, r.Digest[:])
	c.recipients, c.purpose, c.sequence = append(c.recipients, recipients), append(c.purpose, r.Purpose), append(c.sequence, int64(r.Sequence))
	c.bucket, c.size, c.hour = append(c.bucket, int16(r.Bucket)), append(c.size, int64(r.Size())), append(c.hour, hour(r.Received))
	c.at, c.head, c.payload, c.inside = append(c.at, p.at), append(c.head, p.head), append(c.payload, p.payload), append(c.inside, p.sealed)
	c.shred, c.epoch = append(c.shred, w.Shred(r.Batch, key)), append(c.epoch, k.Number)
	c.kind, c.leaf = append(c.kind, int16(r.Leaf.Kind)), append(c.leaf, nonNil(r.Leaf.Body))
	var owner []byte
	if r.Leaf.Kind == store.PersonLeaf {
		owner = r.Leaf.Subject[:]
	}
	c.owner = append(c.owner, owner)
	return nil
}
