package embed

import "context"

// The index's log grows with every commit, and SQLite moves it into the index once it is long, while whoever commits waits for two more
// syncs. So a goroutine moves it earlier, beside the writer, who shares the disk with it meanwhile. Where few boxes come at once, a device
// waits for each answer: the log is moved in small parts, and no box waits long for one. In a throng what counts is the work, which is less
// the more often a page was written before it is moved. A throng is told by the mean of its groups: among many a small one comes now and then.
// A writer that never pauses keeps the log from starting anew; at moveByWriter pages it moves what is left, which is little.
const (
	moveSome     = 500  // pages that were written since, about
	moveEvery    = 4000 // the same in a throng
	moveByWriter = 16000
	throng       = 16 // boxes in a group, in the mean
)

// About how many pages a commit writes, whatever is in it, and how many more with each box.
const (
	pagesPerGroup = 10
	pagesPerBox   = 3
)

// unmoved is what was written to the log since it was last moved.
type unmoved struct{ groups, boxes int }

// due tells whether it is time to move the log.
func (u unmoved) due() bool {
	most := moveSome
	if u.boxes >= throng*u.groups {
		most = moveEvery
	}
	return pagesPerGroup*u.groups+pagesPerBox*u.boxes >= most
}

// wrote counts what a group wrote to the log. Its user holds mu.
func (s *Store) wrote(boxes int) {
	s.unmoved.groups++
	s.unmoved.boxes += boxes
	if !s.unmoved.due() {
		return
	}
	select {
	case s.move <- struct{}{}:
		s.unmoved = unmoved{}
	default: // it moves already
	}
}

// moveLog runs until move is closed.
func (s *Store) moveLog() {
	for range s.move {
		s.moving.Lock()
		_, err := s.read.ExecContext(context.Background(), "PRAGMA wal_checkpoint(PASSIVE)")
		s.moving.Unlock()
		if err != nil {
			s.suspect(err)
			s.log.Warn("the index's log could not be moved into it; the next commit tries again", "error", err)
		}
	}
}

// emptyLog moves all of the log into the index and leaves nothing in it, so that old pages are nowhere.
func (s *Store) emptyLog(ctx context.Context) error {
	s.moving.Lock() // SQLite refuses two at once
	defer s.moving.Unlock()
	_, err := s.write.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return err
}
