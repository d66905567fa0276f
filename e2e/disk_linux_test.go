package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
	"github.com/byleave/byleave/proto/pb"
)

// smallDisk puts the agent's folder on a disk of its own, of 2 MiB, that ends with the test. It needs root, or sudo without a question.
func smallDisk(t *testing.T) func(string) error {
	t.Helper()
	return func(home string) error {
		if err := os.MkdirAll(home, 0o700); err != nil {
			return err
		}
		if err := asRoot("mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", home); err != nil {
			return err
		}
		t.Cleanup(func() { check(t, asRoot("umount", home)) })
		info, err := os.Stat(filepath.Dir(home))
		if err != nil {
			return err
		}
		owner := info.Sys().(*syscall.Stat_t)
		return asRoot("chown", fmt.Sprintf("%d:%d", owner.Uid, owner.Gid), home)
	}
}

func asRoot(args ...string) error {
	if os.Getuid() != 0 {
		args = append([]string{"sudo", "-n"}, args...)
	}
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s (a test with a small disk needs root, or sudo without a password): %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// fill takes all free space of the agent's disk; the function that it returns gives it back.
func fill(t *testing.T, s *stage.Stage) (makeRoom func()) {
	t.Helper()
	name := filepath.Join(s.Home, "other-program's-data")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
	check(t, err)
	defer f.Close()
	for n := 64 << 10; n > 0; n /= 2 { // the last bytes too
		for {
			if _, err = f.Write(make([]byte, n)); err != nil {
				break
			}
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("filled the disk until: %v", err)
		}
	}
	return func() { check(t, os.Remove(name)) }
}

// typist types words into the editor, far enough from edges to be recorded.
func typist(ctx context.Context, t *testing.T, s *stage.Stage) func(words string) {
	t.Helper()
	hand, err := s.Desk.Hand()
	check(t, err)
	t.Cleanup(hand.Close)
	return func(words string) {
		t.Helper()
		awayFromEdges()
		check(t, hand.Type(ctx, words+" ", 20*time.Millisecond))
		awayFromEdges()
	}
}

// TestDiskFull: the disk runs full while the person works. Recording stops and says what helps; what was sealed before stays; what waits
// in RAM is written when there is room; then it goes on, and every box arrives exactly once.
func TestDiskFull(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{Disk: smallDisk(t)})
	_, editor := record(ctx, t, s)
	hand, err := s.Desk.Hand()
	check(t, err)
	defer hand.Close()
	area, err := s.Desk.Geometry(editor.ID)
	check(t, err)
	place := func(n int) int { return area.Min.X + 200 + 20*n } // each click has one of its own; typing would need an answer of the editor
	mouse := clicker{hand: hand}
	clicks := func(n int) { mouse.click(t, place(n), area.Min.Y+200) }
	check(t, s.KillCollector())
	clicks(0)
	_, err = s.Byleave(ctx, "pause") // seals what is open
	check(t, err)
	check(t, s.Until(ctx, "the pause to seal", func(st stage.Status) bool { return st.State == "paused" && st.Spool.Held > 0 }))
	_, err = s.Byleave(ctx, "resume")
	check(t, err)
	check(t, s.Until(ctx, "the pause to end", recording))
	before, err := s.Boxes()
	check(t, err)
	clicks(1)
	makeRoom := fill(t, s)

	_, err = s.Byleave(ctx, "pause")
	if err == nil || !strings.Contains(err.Error(), "recording is paused, but a restart would end the pause") || !strings.Contains(err.Error(), "make room") {
		t.Errorf("a pause that could not be written: %v", err)
	}
	check(t, s.Until(ctx, "the pause all the same", func(st stage.Status) bool { return st.State == "paused" }))
	_, err = s.Byleave(ctx, "resume")
	check(t, err)
	check(t, s.Until(ctx, "the word that the disk is full", func(st stage.Status) bool {
		return st.State == "blind" && st.Words == "disk not safe" && st.Mark && strings.Contains(st.Disk, "check the disk and its free space")
	}))
	clicks(2)
	after, err := s.Boxes()
	check(t, err)
	if len(after) != len(before) {
		t.Errorf("%d boxes on the full disk, %d before", len(after), len(before))
	}

	makeRoom()
	check(t, s.Until(ctx, "recording again", func(st stage.Status) bool { return st.State == "recording" && st.Disk == "" }))
	clicks(3)
	check(t, s.Serve(ctx))
	pauseSealsAll(t, s)
	boxes, err := s.Boxes()
	check(t, err)
	found, gaps := clicked(boxes), 0
	for _, b := range boxes {
		for _, g := range b.Gaps() {
			t.Logf("gap %v, %v", g.Reason, g.Until.Sub(g.From))
			if g.Reason == pb.Reason_REASON_DISK {
				gaps++
			}
		}
	}
	for n, want := range []int{1, 1, 0, 1} {
		if at := mouse.made[n]; found[place(n)] != want && (found[place(n)] > 0 || !unseen(boxes, at[0], at[1])) {
			t.Errorf("click %d stands %d times in the boxes, want %d: %v", n, found[place(n)], want, found)
		}
	}
	if gaps != 1 {
		t.Errorf("%d gaps say that the disk was full, want one", gaps)
	}
	onceEach(t, s, boxes)
}

// onceEach checks that the collector has exactly these boxes, each once, in one chain.
func onceEach(t *testing.T, s *stage.Stage, boxes []stage.Box) {
	t.Helper()
	arrived := index(t, filepath.Join(s.Data(), "index.db"))
	for i, b := range boxes {
		if n := arrived[fmt.Sprintf("%x", b.Header.Batch[:])]; n != int64(b.Header.Sequence) || n != int64(i+1) {
			t.Errorf("box %d of the chain is the %d. on the device and the %d. at the collector", b.Header.Sequence, i+1, n)
		}
	}
	if len(arrived) != len(boxes) {
		t.Errorf("%d boxes arrived, %d were sealed", len(arrived), len(boxes))
	}
}

// TestWithdrawOnAFullDisk: a withdrawal needs no free space, and a restart on the full disk does not bring the consent back.
func TestWithdrawOnAFullDisk(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{Disk: smallDisk(t)})
	agent, _ := record(ctx, t, s)
	check(t, s.KillCollector())
	makeRoom := fill(t, s) // with nothing held whose end would make room
	_, err := s.Byleave(ctx, "consent", "withdraw")
	check(t, err)
	off := func(st stage.Status) bool {
		return st.State == "off" && !st.Mark && st.Spool.Held == 0 && !strings.Contains(st.Disk, "restart")
	}
	check(t, s.Until(ctx, "the end of the consent", off))
	check(t, agent.Kill())
	run(t, s)
	check(t, s.Until(ctx, "no consent after the restart", func(st stage.Status) bool { return st.State == "off" && st.Spool.Held == 0 }))
	makeRoom()
	check(t, s.Serve(ctx))
	check(t, desktop.Until(ctx, "the collector to hear of it", func() bool { return count(t, s, "stub-*.withdrawn.told") == 1 }))
}

// TestWithdrawWhereNothingCanBeWritten: it stops all the same, says that a restart would undo it, and is made durable as soon as it can be.
func TestWithdrawWhereNothingCanBeWritten(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	record(ctx, t, s)
	check(t, s.KillCollector())
	check(t, os.Chmod(s.Home, 0o500))
	defer os.Chmod(s.Home, 0o700)
	_, err := s.Byleave(ctx, "consent", "withdraw")
	if err == nil || !strings.Contains(err.Error(), "recording has stopped") || !strings.Contains(err.Error(), "a restart would bring the consent back") {
		t.Errorf("said of a withdrawal that could not be written: %v", err)
	}
	check(t, s.Until(ctx, "the end of recording", func(st stage.Status) bool {
		return st.State == "off" && !st.Mark && strings.Contains(st.Disk, "tried again")
	}))
	if n := count(t, s, "stub-*.withdrawn.*"); n != 0 {
		t.Fatalf("the control: %d withdrawals were written where nothing can be", n)
	}
	check(t, os.Chmod(s.Home, 0o700))
	check(t, s.Until(ctx, "the withdrawal to be durable", func(st stage.Status) bool { return st.State == "off" && st.Disk == "" }))
	if n := count(t, s, "stub-*.withdrawn.due"); n != 1 {
		t.Errorf("%d withdrawals are written, want 1", n)
	}
}

// count counts files of the agent's folder.
func count(t *testing.T, s *stage.Stage, pattern string) int {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(s.Home, pattern))
	check(t, err)
	return len(names)
}
