package spool

import (
	"errors"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// fullAfter is a spool of n held boxes whose quota leaves no room for another.
func fullAfter(t *testing.T, d *disk, n int, drop bool) *Spool {
	t.Helper()
	s := mustStart(t, d)
	for i := range n {
		cutOne(t, s, i)
	}
	s.Limit(Quota{Bytes: s.Stats().HeldBytes + envelope.MaxSize - 1, DropOldest: drop})
	return s
}

// TestQuotaStopsRatherThanLoses: without copies that can go, recording stops visibly, nothing unsent is lost, and it goes on once there
// is room. A stop is a clean end all the same.
func TestQuotaStopsRatherThanLoses(t *testing.T) {
	d := newDisk()
	s := fullAfter(t, d, 3, false)
	for range 2 {
		if err := s.Append(gap(9)); !errors.Is(err, ErrFull) {
			t.Fatalf("append in a full spool: %v", err)
		}
		if err := s.Retry(); !errors.Is(err, ErrFull) {
			t.Fatalf("retry in a full spool: %v", err)
		}
	}
	if st := s.Stats(); st.Held != 3 || st.Dropped+st.Evicted != 0 || !errors.Is(st.Trouble, ErrFull) {
		t.Fatalf("stats %+v", st)
	}
	must(t, s.Cut())
	must(t, s.Use(testKeys(consentB)))
	b, _ := s.Next(time.Now(), 0)
	must(t, s.Sent(b.Header().Batch)) // now a copy can go
	must(t, s.Retry())
	cutOne(t, s, 10)
	if st := s.Stats(); st.Held != 3 || st.Sent != 0 || st.Evicted != 1 || st.Trouble != nil {
		t.Fatalf("after a box left: %+v", st)
	}
	if err := s.Append(gap(11)); !errors.Is(err, ErrFull) {
		t.Fatalf("full again: %v", err)
	}
	must(t, s.Close())
	if _, r := mustOpen(t, d); !r.Lost.IsZero() || r.Held != 3 {
		t.Errorf("the end was not clean: %+v", r)
	}
}

// TestQuotaTakesCopiesFirst: the oldest copies of what was sent go, and no more of them than needed; unsent boxes stay.
func TestQuotaTakesCopiesFirst(t *testing.T) {
	s := mustStart(t, newDisk())
	for i := range 6 {
		cutOne(t, s, i)
	}
	var copies []envelope.ID
	for range 4 {
		b, _ := s.Next(time.Now(), 0)
		copies = append(copies, b.Header().Batch)
		must(t, s.Sent(b.Header().Batch))
	}
	st := s.Stats()
	s.Limit(Quota{Bytes: st.HeldBytes + st.SentBytes + envelope.MaxSize - 1, DropOldest: true})
	cutOne(t, s, 7)
	left := map[envelope.ID]bool{}
	for e, err := range s.Boxes() {
		must(t, err)
		left[e.Batch] = true
	}
	if st := s.Stats(); st.Held != 3 || st.Sent != 3 || st.Evicted != 1 || st.Dropped != 0 || left[copies[0]] || !left[copies[1]] {
		t.Errorf("%+v; oldest copy still there: %v", st, left[copies[0]])
	}
}

// TestQuotaDropsOldestIfThePersonWishes: what is destroyed is the oldest, it is counted before it goes, and the count survives a crash
// before any operation.
func TestQuotaDropsOldestIfThePersonWishes(t *testing.T) {
	d := newDisk()
	s := fullAfter(t, d, 3, true)
	crashes := 0
	d.before = func(string) error {
		crashes++
		after, _ := mustOpen(t, wrap(d.CrashClone(vfs.CrashCloneCfg{})))
		if st := after.Stats(); st.Held < 3 && st.Dropped < 3-st.Held {
			t.Errorf("%d boxes are there and %d counted as dropped", st.Held, st.Dropped)
		}
		return nil
	}
	must(t, s.Append(gap(9)))
	d.before = nil
	must(t, s.Cut())
	if st := s.Stats(); st.Held != 3 || st.Dropped != 1 || s.held[0].sequence != 2 || crashes < 5 {
		t.Errorf("%+v, the first held is %d, %d crashes", st, s.held[0].sequence, crashes)
	}
	must(t, s.Close())
	again, r := mustOpen(t, d)
	if got := again.Stats().Dropped; got != 1 || r.SetAside != 0 {
		t.Errorf("%d counted after a restart: %+v", got, r)
	}
	must(t, again.Close())
	put(t, d.MemFS, "/spool/"+droppedName, []byte("byleave dropped 1\ncount 0\n"))
	if again, r := mustOpen(t, d); again.Stats().Dropped != 0 || r.SetAside != 1 {
		t.Errorf("a damaged count: %+v", r)
	}
}

// TestReadyGivesNothingOut: a box that was only looked at has not left: Forget destroys it without asking the collector.
func TestReadyGivesNothingOut(t *testing.T) {
	s := mustStart(t, newDisk())
	for i := range 3 {
		cutOne(t, s, i)
	}
	none := func(_, _ envelope.ID) bool { return false }
	first, all, sealed := s.Ready(time.Now(), 0, none)
	if first != s.held[0].size || all != s.Stats().HeldBytes || !sealed.Equal(s.held[0].at) {
		t.Errorf("ready: %d of %d, sealed %v", first, all, sealed)
	}
	s.held[0].at = time.Now().Add(time.Hour) // sealed while the clock was wrong
	if first, all, _ := s.Ready(time.Now(), 0, none); first != s.held[0].size || all != s.Stats().HeldBytes {
		t.Errorf("a clock that was wrong holds a box back: %d of %d", first, all)
	}
	if first, all, _ := s.Ready(time.Now(), time.Hour, none); first != 0 || all != 0 {
		t.Errorf("on hold, and ready: %d of %d", first, all)
	}
	if first, all, _ := s.Ready(time.Now(), 0, func(b, _ envelope.ID) bool { return b == s.held[0].batch }); first != s.held[1].size || all != s.held[1].size+s.held[2].size {
		t.Errorf("without the first: %d of %d", first, all)
	}
	f, err := s.Forget(gap(0).At(), gap(9).At(), func([]envelope.ID) error { t.Error("the collector is asked for what never left"); return nil })
	if must(t, err); f.Held != 3 {
		t.Errorf("forgot %+v", f)
	}
}
