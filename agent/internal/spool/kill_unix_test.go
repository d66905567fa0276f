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
		b := cutOne(t, s, i)
		sum := sha256.Sum256(b.Bytes())
		id := b.Header().Batch
		fmt.Printf("durable %x %x\n", id[:], sum[:])
	}
	for range 2 {
		b, ok := s.Next(time.Now().Add(time.Hour), 0)
		if !ok {
			t.Fatal("no box")
		}
		must(t, s.Sent(b.Header().Batch))
		id := b.Header().Batch
		fmt.Printf("sent %x\n", id[:])
	}
	_, err = s.Prune(time.Now().Add(time.Hour), 0, 0)
	must(t, err)
	must(t, s.Close())
	fmt.Printf("done %d\n", n-left)
}

// TestI16KilledAtEveryFailpoint kills a real process on the real disk before each of its operations, and in the middle of each write: what it
// called durable is there, whole and once, and the next start is clean. BYLEAVE_NIGHTLY kills 2,500 times, at random, in one folder.
func TestI16KilledAtEveryFailpoint(t *testing.T) {
	if os.Getenv("BYLEAVE_VICTIM") != "" {
		return
	}
	w := &widow{dir: filepath.Join(t.TempDir(), "spool"), durable: map[string]string{}, sent: map[string]bool{}}
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
	t.Logf("%d failpoints, %d kills, %d boxes, 0 lost, 0 doubled; the slowest start after one took %v", points, w.kills, w.boxes, w.slowest)
}

// widow starts victims and looks after what they leave.
type widow struct {
	dir     string
	durable map[string]string // batch: the hash of the box
	sent    map[string]bool   // copies of what was sent, which a prune may take

	kills, boxes int
	slowest      time.Duration
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
		case len(f) == 3 && f[0] == "durable":
			w.durable[f[1]] = f[2]
			w.boxes++
		case len(f) == 2 && f[0] == "sent":
			w.sent[f[1]] = true
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

// judge starts anew and compares.
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
	there, numbers := map[string]string{}, map[uint64]bool{}
	entries, err := os.ReadDir(w.dir)
	must(t, err)
	for _, e := range entries {
		sequence, batch, suffix, ok := parseName(e.Name())
		if !ok || suffix != heldSuffix && suffix != sentSuffix {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(w.dir, e.Name()))
		must(t, err)
		if _, err := envelope.Parse(raw); err != nil || numbers[sequence] {
			t.Errorf("operation %d: box %d is torn (%v) or there twice (%v)", n, sequence, err, numbers[sequence])
		}
		numbers[sequence] = true
		sum := sha256.Sum256(raw)
		id := hex.EncodeToString(batch[:])
		there[id] = hex.EncodeToString(sum[:])
		w.sent[id] = w.sent[id] || suffix == sentSuffix
	}
	for id, sum := range w.durable {
		switch got, ok := there[id]; {
		case ok && got != sum:
			t.Errorf("operation %d: a durable box has changed", n)
		case !ok && w.sent[id]:
			delete(w.durable, id) // the copy was pruned, as the person wants it
		case !ok:
			t.Errorf("operation %d: a durable box is lost", n)
		}
	}
}
