//go:build unix

package spool

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/envelope"
)

// deadly is the real disk, and ends its process by SIGKILL before its n-th operation, or in the middle if that one writes.
type deadly struct {
	FS
	left *int
}

// step counts one operation.
func (d deadly) step() {
	if *d.left--; *d.left == 0 {
		die()
	}
}

func die() {
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err)
	}
	select {}
}

func (d deadly) Create(name string) (File, error) {
	d.step()
	f, err := d.FS.Create(name)
	return deadlyFile{f, d}, err
}

func (d deadly) Rename(from, to string) error { d.step(); return d.FS.Rename(from, to) }
func (d deadly) Remove(name string) error     { d.step(); return d.FS.Remove(name) }
func (d deadly) SyncDir(dir string) error     { d.step(); return d.FS.SyncDir(dir) }

type deadlyFile struct {
	File
	d deadly
}

func (f deadlyFile) Write(b []byte) (int, error) {
	if *f.d.left--; *f.d.left == 0 {
		_, _ = f.File.Write(b[:len(b)/2])
		die()
	}
	return f.File.Write(b)
}

func (f deadlyFile) Sync() error  { f.d.step(); return f.File.Sync() }
func (f deadlyFile) Close() error { f.d.step(); return f.File.Close() }

// TestVictim is the process that is killed: it works in the folder that BYLEAVE_VICTIM names until its n-th operation, and says on its
// standard output what is durable and what it gives up. Without that it has nothing to do.
func TestVictim(t *testing.T) {
	dir, count, ok := strings.Cut(os.Getenv("BYLEAVE_VICTIM"), "|")
	if !ok {
		return
	}
	n, err := strconv.Atoi(count)
	must(t, err)
	left := n
	s, _, err := Open(deadly{OS(), &left}, dir, quiet)
	must(t, err)
	must(t, s.Use(testKeys(consentA)))
	for i := range 3 {
		fmt.Println("durable", lineOf(cutOne(t, s, i)))
	}
	for range 2 {
		b, ok := s.Next(time.Now().Add(time.Hour), 0)
		if !ok {
			t.Fatal("no box")
		}
		must(t, s.Sent(b.Header().Batch))
		fmt.Println("sent", lineOf(b))
	}
	_, err = s.Prune(time.Now().Add(time.Hour), 0, 0)
	must(t, err)
	must(t, s.Close())
	fmt.Println("done", n-left)
}

// lineOf is a box as one process tells another of it: its number, its id, its hash, its digest and the digest of the box before it.
func lineOf(b envelope.Box) string {
	h, digest := b.Header(), b.Digest()
	return fmt.Sprintf("%d %x %x %x %x", h.Sequence, h.Batch[:], sha256.Sum256(b.Bytes()), digest[:], h.Previous[:])
}

// TestI16KilledAtEveryFailpoint kills a real process on the real disk before each of its operations, and in the middle of each write: what it
// called durable is there, whole and once, the next start is clean, and in the end every box has left once and in order, without a number left
// out. BYLEAVE_NIGHTLY kills 2,500 times, at random, in one folder. What has piled up in it leaves every few kills, so that each costs the same.
func TestI16KilledAtEveryFailpoint(t *testing.T) {
	if os.Getenv("BYLEAVE_VICTIM") != "" {
		return
	}
	w := &widow{dir: filepath.Join(t.TempDir(), "spool"), durable: map[string]string{}}
	points := w.kill(t, 0)
	if points < 40 {
		t.Fatalf("only %d operations", points)
	}
	for n := 1; n <= points; n++ {
		w.kill(t, n)
	}
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		for w.kills < 2500 {
			w.kill(t, 1+rand.IntN(points))
		}
	}
	w.drain(t, 0)
	for id := range w.durable {
		t.Errorf("box %s was durable, and never left", id)
	}
	t.Logf("%d failpoints, %d kills, %d boxes called durable, %d left, in order and without a gap, 0 lost, 0 doubled; at most %d held, the slowest start after a kill took %v",
		points, w.kills, w.boxes, w.left.sequence, w.most, w.slowest)
}

// widow starts victims and looks after what they leave.
type widow struct {
	dir     string
	durable map[string]string // boxes that were called durable and have not left yet, by batch: the hash of the box
	left    leaver            // the last box that left

	kills, boxes int
	most         int // boxes held at once
	slowest      time.Duration
}

// leaver is a box as lineOf tells of it.
type leaver struct {
	sequence                      uint64
	batch, hash, digest, previous string
}

func readLeaver(t *testing.T, fields []string) (l leaver) {
	t.Helper()
	if len(fields) != 5 {
		t.Fatalf("not a box: %q", fields)
	}
	n, err := strconv.ParseUint(fields[0], 10, 64)
	must(t, err)
	return leaver{n, fields[1], fields[2], fields[3], fields[4]}
}

// leaves notes that a box left: the one after the last, as it was called durable if it was.
func (w *widow) leaves(t *testing.T, l leaver) {
	t.Helper()
	if l.sequence != w.left.sequence+1 || w.left.sequence > 0 && l.previous != w.left.digest {
		t.Errorf("box %d leaves after box %d, or does not follow it: lost, doubled or out of order", l.sequence, w.left.sequence)
	}
	if hash, ok := w.durable[l.batch]; ok && hash != l.hash {
		t.Errorf("box %d has changed since it was durable", l.sequence)
	}
	delete(w.durable, l.batch)
	w.left = l
}

// kill runs one victim to its n-th operation, 0 to its end, and judges the folder. It returns how many operations a whole run has.
func (w *widow) kill(t *testing.T, n int) (points int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestVictim$", "-test.v")
	cmd.Env = append(os.Environ(), fmt.Sprintf("BYLEAVE_VICTIM=%s|%d", w.dir, n))
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		switch f := strings.Fields(lines.Text()); {
		case len(f) > 1 && f[0] == "durable":
			l := readLeaver(t, f[1:])
			w.durable[l.batch] = l.hash
			w.boxes++
		case len(f) > 1 && f[0] == "sent":
			w.leaves(t, readLeaver(t, f[1:]))
		case len(f) == 2 && f[0] == "done":
			points, err = strconv.Atoi(f[1])
			must(t, err)
		}
	}
	err = cmd.Wait()
	killed := err != nil && cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	if points == 0 && !killed {
		t.Fatalf("operation %d: the victim neither ended nor was killed: %v\n%s", n, err, strings.Join(said, "\n"))
	}
	if killed {
		w.kills++
	}
	w.judge(t, n)
	return points
}

// pile is how many held boxes may lie in the folder before they leave.
const pile = 12

// judge starts anew and compares: every box in the folder is whole and there once, and each that was called durable is there.
func (w *widow) judge(t *testing.T, n int) {
	t.Helper()
	began := time.Now()
	s, report, err := Open(OS(), w.dir, quiet)
	must(t, err)
	w.slowest = max(w.slowest, time.Since(began))
	if report.SetAside+report.Stuck > 0 || report.Trouble != nil {
		t.Errorf("operation %d: a start after it sets aside %d files: %+v", n, report.SetAside, report)
	}
	must(t, s.Close())
	there, numbers, held := map[string]string{}, map[uint64]bool{}, 0
	entries, err := os.ReadDir(w.dir) // sorted by name, which begins with the number
	must(t, err)
	for _, e := range entries {
		sequence, batch, suffix, ok := parseName(e.Name())
		if !ok || suffix != heldSuffix && suffix != sentSuffix {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(w.dir, e.Name()))
		must(t, err)
		box, err := envelope.Parse(raw)
		if err != nil || numbers[sequence] {
			t.Fatalf("operation %d: box %d is torn (%v) or there twice (%v)", n, sequence, err, numbers[sequence])
		}
		numbers[sequence] = true
		l := readLeaver(t, strings.Fields(lineOf(box)))
		there[hex.EncodeToString(batch[:])] = l.hash
		switch {
		case suffix == heldSuffix && sequence <= w.left.sequence:
			t.Errorf("operation %d: box %d has left, and would leave again", n, sequence)
		case suffix == heldSuffix:
			held++
		case sequence > w.left.sequence:
			w.leaves(t, l) // it was killed before it could say so
		}
	}
	for id, hash := range w.durable {
		if there[id] != hash {
			t.Errorf("operation %d: a durable box is lost (there: %v) or has changed", n, there[id] != "")
			delete(w.durable, id)
		}
	}
	if w.most = max(w.most, held); held > pile {
		w.drain(t, rand.IntN(pile/2))
	}
}

// drain lets all held boxes but so many leave, and takes their copies away.
func (w *widow) drain(t *testing.T, keep int) {
	t.Helper()
	s, _, err := Open(OS(), w.dir, quiet)
	must(t, err)
	for s.Stats().Held > keep {
		b, ok := s.Next(time.Now().Add(time.Hour), 0)
		if !ok {
			t.Fatalf("%d boxes are held, and none can leave", s.Stats().Held)
		}
		must(t, s.Sent(b.Header().Batch))
		w.leaves(t, readLeaver(t, strings.Fields(lineOf(b))))
	}
	_, err = s.Prune(time.Now().Add(time.Hour), 0, 0)
	must(t, err)
	must(t, s.Close())
}
