package spool

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/byleave/byleave/proto/envelope"
)

// fault makes the n-th operation fail, and all after it if it lasts, until heal.
type fault struct {
	name  string
	err   error
	short bool
	only  string // kind of operation, empty for any
	lasts bool
}

var faults = []fault{
	{name: "one EIO", err: errIO},
	{name: "EIO from then on", err: errIO, lasts: true},
	{name: "disk full from then on", err: errFull, lasts: true, short: true},
	{name: "one short write", err: errFull, short: true, only: "write"},
	{name: "one short write that nobody tells of", err: errSilent, short: true, only: "write"},
	{name: "one failed fsync", err: errIO, only: "sync"},
	{name: "one failed fsync of the folder", err: errIO, only: "syncdir"},
	{name: "one failed rename", err: errIO, only: "rename"},
}

// plant arms the disk; it returns a function that heals it and one that tells whether the fault was met.
func (f fault) plant(d *disk, n int) (heal func(), met func() bool) {
	count, healed := 0, false
	d.short = f.short
	d.before = func(op string) error {
		if healed || (f.only != "" && f.only != op) {
			return nil
		}
		if count++; count == n || (f.lasts && count > n) {
			return f.err
		}
		return nil
	}
	return func() { healed = true }, func() bool { return count >= n }
}

// TestFaults: every operation fails once, or from then on, in every way. Nothing that Cut promised is lost, trouble is sticky and
// visible, and after the disk is well again recording goes on. A file whose fsync failed is never used again.
func TestFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			n := 1
			for ; faultRun(t, f, n); n++ {
			}
			if n < 3 {
				t.Fatalf("only %d operations met", n)
			}
		})
	}
}

func faultRun(t *testing.T, f fault, n int) bool {
	t.Helper()
	d := newDisk()
	heal, met := f.plant(d, n)
	s, _, err := Open(d, "/spool", quiet)
	if err != nil {
		if !met() {
			t.Fatalf("operation %d: open failed by itself: %v", n, err)
		}
		heal()
		s, _ = mustOpen(t, d)
	}
	promised := faultScript(t, s, met)
	heal()
	if err := s.Retry(); err != nil {
		t.Fatalf("operation %d: no recovery: %v", n, err)
	}
	if st := s.Stats(); st.Waiting != 0 || st.Trouble != nil {
		t.Fatalf("operation %d: trouble stays: %+v", n, st)
	}
	must(t, s.Use(testKeys(consentA)))
	b := cutOne(t, s, 99)
	promised[b.Header().Batch] = b.Bytes()
	if len(d.touched) > 0 {
		t.Errorf("operation %d: a file whose fsync failed was used again: %v", n, d.touched)
	}
	after := wrap(d.CrashClone(vfs.CrashCloneCfg{}))
	_, report := mustOpen(t, after)
	if report.SetAside+report.Stuck > 0 {
		t.Errorf("operation %d: torn files after a crash: %+v", n, report)
	}
	there := inFolder(t, after)
	for id, want := range promised {
		if !bytes.Equal(there[id], want) {
			t.Errorf("operation %d: a durable box is lost", n)
		}
	}
	seen := map[uint64]bool{}
	for _, raw := range there {
		b, err := envelope.Parse(raw)
		must(t, err)
		if q := b.Header().Sequence; seen[q] {
			t.Errorf("operation %d: sequence %d twice", n, q)
		} else {
			seen[q] = true
		}
	}
	return met()
}

// faultScript works on through failures, and returns the boxes that Cut or Retry promised.
func faultScript(t *testing.T, s *Spool, met func() bool) map[envelope.ID][]byte {
	t.Helper()
	promised := map[envelope.ID][]byte{}
	fine := func(what string, err error) bool {
		if err != nil && !met() {
			t.Fatalf("%s failed by itself: %v", what, err)
		}
		return err == nil
	}
	fine("use", s.Use(testKeys(consentA)))
	for i := range 4 {
		if err := s.Append(gap(i)); err != nil {
			fine("append", err)
			if !errors.Is(err, ErrDisk) || s.Stats().Trouble == nil {
				t.Fatalf("refused without visible trouble: %v", err)
			}
			fine("retry", s.Retry())
			continue
		}
		if fine("cut", s.Cut()) {
			b, ok := newest(s)
			if !ok {
				t.Fatal("Cut returned nil without a box")
			}
			promised[b.Header().Batch] = b.Bytes()
		} else if err := s.Append(gap(i)); !errors.Is(err, ErrDisk) {
			t.Fatalf("trouble is not sticky: %v", err)
		}
	}
	if b, ok := s.Next(time.Now(), 0); ok {
		fine("sent", s.Sent(b.Header().Batch))
	}
	if b, ok := s.Next(time.Now(), 0); ok {
		fine("quarantine", s.Quarantine(b.Header().Batch, "refused"))
	}
	return promised
}

// TestFullDisk: recording stops visibly, the sealed batch waits in RAM, nothing more is taken, and all is stored once there is room.
func TestFullDisk(t *testing.T) {
	d := newDisk()
	s := mustStart(t, d)
	cutOne(t, s, 1)
	full := true
	d.short = true
	d.before = func(op string) error {
		if full && (op == "write" || op == "create") {
			return errFull
		}
		return nil
	}
	must(t, s.Append(gap(2)))
	for range 3 {
		if err := s.Cut(); !errors.Is(err, ErrDisk) || !errors.Is(err, errFull) {
			t.Fatalf("cut on a full disk: %v", err)
		}
		if err := s.Append(gap(3)); !errors.Is(err, ErrDisk) {
			t.Fatalf("append in trouble: %v", err)
		}
		if err := s.Retry(); !errors.Is(err, ErrDisk) {
			t.Fatalf("retry on a full disk: %v", err)
		}
	}
	if st := s.Stats(); st.Waiting != 1 || st.Held != 1 || st.Trouble == nil {
		t.Errorf("stats %+v", st)
	}
	full = false
	must(t, s.Retry())
	cutOne(t, s, 4)
	if st := s.Stats(); st.Waiting != 0 || st.Held != 3 || st.Trouble != nil {
		t.Errorf("after there is room: %+v", st)
	}
	for i, e := range s.held {
		if e.sequence != uint64(i+1) {
			t.Errorf("box %d has sequence %d", i, e.sequence)
		}
	}
}

// TestFullAtStart: a full disk is no reason not to start.
func TestFullAtStart(t *testing.T) {
	d := newDisk()
	must(t, d.MakeDir("/spool"))
	full := true
	d.before = func(string) error {
		if full {
			return errFull
		}
		return nil
	}
	s, r := mustOpen(t, d)
	if r.Trouble == nil {
		t.Error("the report says nothing of the full disk")
	}
	if err := s.Use(testKeys(consentA)); !errors.Is(err, ErrDisk) {
		t.Errorf("use: %v", err)
	}
	if err := s.Append(gap(1)); !errors.Is(err, ErrDisk) {
		t.Errorf("append: %v", err)
	}
	full = false
	must(t, s.Retry())
	cutOne(t, s, 1)
}

// three is a folder with three held boxes and its marks, as files.
func three(t *testing.T) (files map[string][]byte, names []string) {
	t.Helper()
	d := newDisk()
	s := mustStart(t, d)
	for i := range 3 {
		cutOne(t, s, i)
		names = append(names, s.held[i].name+heldSuffix)
	}
	must(t, s.Close())
	files = map[string][]byte{}
	for _, n := range append([]string{chainName}, names...) {
		b, err := d.Read("/spool/"+n, envelope.MaxSize)
		must(t, err)
		files[n] = b
	}
	return files, names
}

// folder lays files out on a fresh disk.
func folder(t *testing.T, files map[string][]byte) *disk {
	t.Helper()
	d := wrap(vfs.NewMem())
	must(t, d.MkdirAll("/spool", 0o700))
	for name, b := range files {
		put(t, d.MemFS, "/spool/"+name, b)
	}
	return d
}

// TestI15CorruptionAtEveryByte: one changed byte sets exactly that box aside, at the start or before it would leave.
func TestI15CorruptionAtEveryByte(t *testing.T) {
	files, names := three(t)
	victim := names[1]
	whole := files[victim]
	step := 1
	if testing.Short() || underRace {
		step = 13
	}
	for i := 0; i < len(whole); i += step {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 1 << (i % 8)
		files[victim] = damaged
		s := mustStart(t, folder(t, files))
		var left []uint64
		for {
			b, ok := s.Next(time.Now().Add(time.Hour), 0)
			if !ok {
				break
			}
			left = append(left, b.Header().Sequence)
			must(t, s.Sent(b.Header().Batch))
		}
		if fmt.Sprint(left) != "[1 3]" || s.Stats().Quarantined != 1 {
			t.Fatalf("byte %d: boxes %v leave, %d set aside", i, left, s.Stats().Quarantined)
		}
		if s.last.sequence != 3 {
			t.Fatalf("byte %d: goes on after %d", i, s.last.sequence)
		}
	}
}

// TestI15TornFiles: a file cut off at any length, and a chain mark damaged at any byte, cost nothing but themselves.
func TestI15TornFiles(t *testing.T) {
	files, names := three(t)
	whole := files[names[2]]
	for n := 0; n < len(whole); n += 7 {
		files[names[2]] = whole[:n]
		s := mustStart(t, folder(t, files))
		if len(s.held) != 2 || s.last.sequence != 3 {
			t.Fatalf("cut off at %d: %d boxes, goes on after %d", n, len(s.held), s.last.sequence)
		}
	}
	files[names[2]] = whole
	mark := files[chainName]
	for i := range mark {
		files[chainName] = bytes.Clone(mark)
		files[chainName][i] ^= 1
		s := mustStart(t, folder(t, files))
		if len(s.held) != 3 || s.last.sequence != 3 || s.Stats().Quarantined != 1 {
			t.Fatalf("mark damaged at %d: %d boxes, goes on after %d", i, len(s.held), s.last.sequence)
		}
	}
}

// TestI15ForeignFiles: whatever lies in the folder, the start goes on and the boxes are there.
func TestI15ForeignFiles(t *testing.T) {
	files, names := three(t)
	box := files[names[0]]
	foreign := map[string][]byte{
		"notes.txt": []byte("x"), "a\n\x1b[31mb": []byte("x"), "..box": nil, "session~": nil,
		"FFFFFFFFFFFFFFFF-00000000000000000000000000000000.box":  box,
		"ffffffffffffffff-00000000000000000000000000000000.box":  box, // no such sequence
		"3fffffffffffffff-00000000000000000000000000000000.box":  []byte("no box"),
		"0000000000000001-00000000000000000000000000000000.box":  box, // under another's name
		"0000000000000007-00000000000000000000000000000000.sent": []byte("short"),
	}
	for name, b := range foreign {
		files[name] = b
	}
	files["0000000000000009-00000000000000000000000000000000-1.tmp"] = box
	files["chain-12.tmp"] = box
	d := folder(t, files)
	must(t, d.MkdirAll("/spool/folder.box", 0o700))
	put(t, d.MemFS, "/spool/quarantine", []byte("not a folder"))
	s, r := mustOpen(t, d)
	if r.Held != 3 || r.Stuck != 0 || r.SetAside != len(foreign)+2 || r.Quarantined != r.SetAside {
		t.Errorf("report %+v", r)
	}
	must(t, s.Use(testKeys(consentA)))
	if h := cutOne(t, s, 1).Header(); h.Sequence != 8 {
		t.Errorf("goes on with %d; 7 was a damaged box's", h.Sequence)
	}
	_, again := mustOpen(t, d)
	if again.SetAside != 0 || again.Quarantined != r.Quarantined || again.Held != 4 {
		t.Errorf("second start: %+v", again)
	}
}

// TestDestroy: withdrawal leaves nothing of the consent that did not leave: not in RAM, not held, not set aside.
func TestDestroy(t *testing.T) {
	d := newDisk()
	s := mustStart(t, d)
	kept := cutOne(t, s, 1).Header().Batch
	must(t, s.Use(testKeys(consentB)))
	cutOne(t, s, 2)
	must(t, s.Quarantine(cutOne(t, s, 3).Header().Batch, "refused"))
	must(t, s.Append(gap(4)))
	if n, err := s.DestroyHeld(consentB); n != 2 || err != nil {
		t.Errorf("destroyed %d: %v", n, err)
	}
	if !s.Deadline().IsZero() {
		t.Error("the open batch is still there")
	}
	if there := inFolder(t, d); len(there) != 1 || there[kept] == nil {
		t.Errorf("%d boxes are left", len(there))
	}
	if n, err := s.DestroyHeld(consentB); n != 0 || err != nil {
		t.Errorf("a second time: %d, %v", n, err)
	}
}
