package embed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

// Store is a store.Store in one folder.
type Store struct {
	*Index
	log  *slog.Logger
	dir  string
	lock *os.File
	now  func() time.Time

	ring *ring
	// what Put says to the index, by its text
	prepared   map[string]*sql.Stmt
	compacting sync.Mutex    // one compaction at a time; taken before erasing
	erasing    sync.Mutex    // one erasure at a time; taken before mu
	freed      chan struct{} // something was erased since the last compaction
	pausing    func(moment)  // for tests, which do something at that moment
	moving     sync.Mutex    // one move of the index's log at a time; taken last
	move       chan struct{}
	mover      sync.WaitGroup

	mu      sync.Mutex // guards what follows, and so the order of packs and rows
	packs   packs
	closed  bool
	arrived chan struct{}
	unmoved unmoved // of the index's log
	sealing []byte  // room for the capsules of a group
}

var _ store.Store = (*Store)(nil)

// Report says what Open found and did.
type Report struct {
	Torn    int  // packs whose unacknowledged tail was cut
	Missing int  // rows taken out because their bytes were gone; their devices may send again
	Salved  bool // the index was damaged; what could be read of it lives in a new one, the old one lies in damaged/
	Lost    int  // tables of the old index that could not be read to their end
	Erased  int  // erasures that were completed: they were cut short, or the index is from before them
	Shut    int  // boxes taken out because the index is from before an erasure by their person, whose key was replaced since
	Keyless int  // people whose key is not in keys/
}

// Open takes the folder for this process, repairs it and returns the store. No content of a file keeps it from starting;
// what does is another collector in the same folder, a folder that cannot be written, or a full disk.
func Open(ctx context.Context, dir string, log *slog.Logger) (*Store, Report, error) {
	return open(ctx, dir, log, osDisk{})
}

func open(ctx context.Context, dir string, log *slog.Logger, d disk) (*Store, Report, error) {
	var rep Report
	packDir, keyDir, journalDir := filepath.Join(dir, "packs"), filepath.Join(dir, "keys"), filepath.Join(dir, journalName)
	for _, folder := range []string{packDir, keyDir, journalDir} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, rep, fmt.Errorf("store: make the folder: %w", err)
		}
	}
	lk, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, rep, err
	}
	s := &Store{log: log, dir: dir, lock: lk, now: time.Now, arrived: make(chan struct{}), freed: make(chan struct{}, 1), move: make(chan struct{}, 1), ring: newRing(dir, d)}
	if err = finishRestore(dir); err == nil {
		s.Index, err = openChecked(ctx, dir, &rep)
	}
	if err != nil {
		return nil, rep, errors.Join(err, lk.Close())
	}
	s.journal.disk = d
	s.packs = packs{disk: d, dir: packDir}
	if err = s.repair(ctx, &rep); err == nil {
		err = s.completeErasures(ctx, &rep)
	}
	if err == nil {
		err = s.completeEnds(ctx)
	}
	if err == nil {
		s.prepared, err = s.prepareHot(ctx)
	}
	if err != nil {
		s.suspect(err)
		return nil, rep, errors.Join(err, s.Index.Close(), lk.Close())
	}
	s.mover.Go(s.moveLog)
	return s, rep, nil
}

// Close waits for a running Put or compaction, moves the log of the index into it and frees the folder.
func (s *Store) Close() error {
	s.compacting.Lock()
	defer s.compacting.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.arrived)
	close(s.move)
	s.mover.Wait()
	// On a full disk the log stays beside the index, where the next start reads it: nothing is lost.
	if err := s.emptyLog(context.Background()); err != nil {
		s.log.Warn("the index's log could not be moved into it and stays beside it", "error", err)
	}
	return errors.Join(s.packs.close(), s.Index.Close(), s.lock.Close())
}

// Arrived is closed after the next stored group and at Close.
func (s *Store) Arrived() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived
}

// moment is one at which another may be quicker.
type moment uint8

const (
	lookedUp moment = iota // a row was read, its bytes not yet
	copied                 // boxes were copied, their rows not yet moved
)

func (s *Store) pause(m moment) {
	if s.pausing != nil {
		s.pausing(m)
	}
}

// suspect makes the next start read the whole index, because SQLite found it damaged while it ran.
func (s *Store) suspect(err error) {
	if !isCorrupt(err) {
		return
	}
	f, e := os.OpenFile(filepath.Join(s.dir, suspectName), os.O_CREATE|os.O_WRONLY, 0o600)
	if e == nil {
		e = f.Close()
	}
	s.log.Error("the index is damaged: restart the collector to salvage it", "marked", e == nil)
}
