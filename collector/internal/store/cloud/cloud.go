package cloud

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/bucket"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/jackc/pgx/v5"
)

const (
	connectMost = 10 * time.Second
	idleMost    = time.Minute     // that a transaction may wait for its collector, which may be gone
	callMost    = 2 * time.Minute // that one group, one erasure's transaction or one job's step may take
	watchEvery  = 5 * time.Second // while somebody waits for boxes of other collectors
)

// objects is what the store needs of the object store; tests put one beneath that fails.
type objects interface {
	// Put writes an object that must not exist yet, durably. bucket.ErrExists.
	Put(ctx context.Context, key string, body []byte) error
	// Get reads a whole object. bucket.ErrMissing.
	Get(ctx context.Context, key string) ([]byte, error)
	Range(ctx context.Context, key string, at, n int64) ([]byte, error)
	// Delete deletes an object; one that is not there is no error.
	Delete(ctx context.Context, key string) error
	// List yields objects in the order of their names.
	List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error]
	// Forgets says what keeps deleted objects, or nil.
	Forgets(ctx context.Context) error
}

// Store is a store.Store that many processes have open at once.
type Store struct {
	*Index
	objects objects
	close   func() // of the object store
	wrap    [32]byte
	log     *slog.Logger
	now     func() time.Time
	ring    ring
	// how old a pack without rows is before it goes
	orphanAge  time.Duration
	watchEvery time.Duration
	work       chan struct{} // there may be a job
	forgot     time.Time     // when Run looked for keys that others destroyed

	mu       sync.Mutex // guards what follows
	closed   bool
	arrived  chan struct{}
	watching bool
	ear      *pgx.Conn // to which others' withdrawals are told; Hear takes it
	seen     int64     // number of boxes when somebody was woken last
	running  sync.WaitGroup
}

var _ store.Store = (*Store)(nil)

// Report says what Open found and did.
type Report struct {
	Erased  int // erasures that were completed: they were cut short, or the database is from before them
	Shut    int // boxes taken out because the database is from before an erasure by their person, whose key was replaced since
	Missing int // rows taken out because their pack was gone; their devices may send again
	Orphans int // packs removed that no row names
}

// Open connects to database and bucket and completes erasures before anybody is served. wrap wraps persons' epoch keys; all collectors of a
// store have the same. It fails if database and bucket do not belong together, or the database does not keep what it commits, or does not
// tell what others commit.
func Open(ctx context.Context, c Config, wrap [32]byte, log *slog.Logger) (*Store, Report, error) {
	b, err := bucket.Open(ctx, c.Bucket)
	if err != nil {
		return nil, Report{}, err
	}
	return open(ctx, c, b, b.Close, wrap, log)
}

func open(ctx context.Context, c Config, o objects, closeObjects func(), wrap [32]byte, log *slog.Logger) (*Store, Report, error) {
	s, err := connect(ctx, c, o, closeObjects, wrap, log)
	if err != nil {
		return nil, Report{}, err
	}
	var rep Report
	err = s.completeErasures(ctx, &rep)
	if err == nil {
		err = s.want(ctx, s.pool, jobSweep, nil, 0)
	}
	if err == nil {
		err = s.want(ctx, s.pool, jobMerge, nil, 0)
	}
	if err == nil {
		s.ear, err = s.listen(ctx)
	}
	if err != nil {
		return nil, rep, errors.Join(err, s.Close())
	}
	return s, rep, nil
}

// connect opens the store and repairs nothing.
func connect(ctx context.Context, c Config, o objects, closeObjects func(), wrap [32]byte, log *slog.Logger) (*Store, error) {
	x, err := OpenIndex(ctx, c)
	if err != nil {
		closeObjects()
		return nil, err
	}
	s := &Store{Index: x, objects: o, close: closeObjects, wrap: wrap, log: log, now: time.Now, orphanAge: orphanAge, watchEvery: watchEvery, work: make(chan struct{}, 1),
		arrived: make(chan struct{})}
	s.ring.have = map[store.ID]cachedKey{}
	if err = x.durable(ctx); err == nil {
		err = s.belong(ctx)
	}
	if err == nil {
		s.seen, err = s.boxes(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close waits for what runs and lets go of database and bucket.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.arrived)
	s.mu.Unlock()
	s.running.Wait()
	if ear := s.takeEar(); ear != nil {
		hangUp(context.Background(), ear)
	}
	s.pool.Close()
	s.close()
	return nil
}

// enter counts a call that Close waits for; the caller calls leave. ErrClosed.
func (s *Store) enter() (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	s.running.Add(1)
	return s.running.Done, nil
}

// Arrived is closed after the next group that this collector stores, some seconds after one of another, and at Close.
func (s *Store) Arrived() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && !s.watching {
		s.watching = true
		s.running.Add(1)
		go s.watch(s.arrived)
	}
	return s.arrived
}

// watch asks the database for boxes of other collectors until some came, or the store is closed.
func (s *Store) watch(arrived chan struct{}) {
	defer s.running.Done()
	tick := time.NewTicker(s.watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-arrived: // this collector stored some, or is closed; somebody may wait for the next already
			s.mu.Lock()
			closed := s.closed
			arrived = s.arrived
			s.mu.Unlock()
			if closed {
				return
			}
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), callMost)
		n, err := s.boxes(ctx)
		cancel()
		if err == nil && s.saw(n) { // trouble is told by those who store
			return
		}
	}
}

// saw wakes who waits if the number of boxes is another one than before. Who is woken in vain looks and waits again.
func (s *Store) saw(n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n == s.seen {
		return false
	}
	s.seen, s.watching = n, false
	if !s.closed {
		close(s.arrived)
		s.arrived = make(chan struct{})
	}
	return true
}

// tell wakes who waits for boxes.
func (s *Store) tell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		close(s.arrived)
		s.arrived = make(chan struct{})
	}
}

const (
	identityKey   = "byleave-store"
	identityMagic = "BYLEAVE STORE 1\n"
)

// belong compares the identities of database and bucket, and makes both in a new store. It keeps a collector from taking out every row because
// the bucket is a wrong one, and from storing under another key than the other collectors.
func (s *Store) belong(ctx context.Context) error {
	id, fresh, err := s.identity(ctx)
	if err != nil {
		return err
	}
	body, err := s.objects.Get(ctx, identityKey)
	if errors.Is(err, bucket.ErrMissing) {
		if !fresh {
			return errors.New("store: the bucket is not the one that this database belongs to: it does not hold the object " + identityKey +
				"; name the right bucket, or put a copy of it back")
		}
		if body, err = s.newIdentity(id); err == nil {
			err = s.objects.Put(ctx, identityKey, body)
		}
		if errors.Is(err, bucket.ErrExists) { // another collector was faster
			body, err = s.objects.Get(ctx, identityKey)
		}
	}
	if err != nil {
		return fmt.Errorf("store: compare database and bucket: %w", err)
	}
	raw, ok := bytes.CutPrefix(body, []byte(identityMagic))
	if !ok || len(raw) < 16 {
		return errors.New("store: the bucket holds another thing under the name " + identityKey + ": use a bucket of its own")
	}
	if !bytes.Equal(raw[:16], id[:]) {
		return errors.New("store: database and bucket belong to two different stores: nothing was changed; name the right ones")
	}
	a, err := deposit.AEAD(s.wrap[:])
	if err != nil {
		return err
	}
	if _, err := a.Open(nil, nil, raw[16:], id[:]); err != nil {
		return errors.New("store: this collector has another vault.key than the one that made the store: copy the first collector's folder")
	}
	return s.once(ctx, body)
}

// once refuses an object store that writes an object twice: two collectors would each have a key, or a ledger, of their own.
func (s *Store) once(ctx context.Context, identity []byte) error {
	err := s.objects.Put(ctx, identityKey, identity)
	if errors.Is(err, bucket.ErrExists) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("store: try whether the bucket writes an object once: %w", err)
	}
	return errors.New("store: the object store does not honour If-None-Match, so that collectors would overwrite each other: use another one, or a newer version")
}

func (s *Store) newIdentity(id store.ID) ([]byte, error) {
	a, err := deposit.AEAD(s.wrap[:])
	if err != nil {
		return nil, err
	}
	return append(append([]byte(identityMagic), id[:]...), a.Seal(nil, nil, nil, id[:])...), nil
}

// newName draws the name of a pack: the hour, so that a sweep need not list what it saw before, and random bytes.
func (s *Store) newName() store.ID {
	name := firstName(s.now())
	rand.Read(name[hourBytes:]) // never fails: it ends the program rather than giving weak bytes
	return name
}

const hourBytes = 4

// firstName is no name of an hour's packs, and comes before all of them.
func firstName(t time.Time) (name store.ID) {
	binary.BigEndian.PutUint32(name[:], uint32(t.Unix()/3600))
	return name
}

const packPrefix = "packs/"

func packKey(name store.ID) string { return packPrefix + hex.EncodeToString(name[:]) }
