//go:build unix

package export

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sys "golang.org/x/sys/unix"
)

// childVariable holds what a test lets a process of its own export.
const childVariable = "BYLEAVE_EXPORT_CHILD"

// child is an export that ends before its time.
type child struct {
	Key, Dir string
	Seen     Seen
	Format   Format
	DieAt    int    // of how many times progress is told; 0: never
	FileSize uint64 // no file may be larger; 0: any
}

// runChild is what this process does instead of testing, if it is a child. It does not come back.
func runChild() {
	text := os.Getenv(childVariable)
	if text == "" {
		return
	}
	var c child
	err := json.Unmarshal([]byte(text), &c)
	if err == nil {
		err = c.export()
	}
	if err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
	os.Exit(0)
}

func (c child) export() error {
	key, err := Load(c.Key)
	if err != nil {
		return err
	}
	client, err := Dial(c.Seen, key)
	if err != nil {
		return err
	}
	if c.FileSize > 0 {
		signal.Ignore(sys.SIGXFSZ)
		if err := sys.Setrlimit(sys.RLIMIT_FSIZE, &sys.Rlimit{Cur: c.FileSize, Max: c.FileSize}); err != nil {
			return err
		}
	}
	_, err = client.Run(context.Background(), Query{Purpose: purpose, Format: c.Format}, c.Dir, func(string, int) {
		if c.DieAt--; c.DieAt == 0 {
			_ = sys.Kill(os.Getpid(), sys.SIGKILL)
			select {}
		}
	})
	return errors.Join(err, client.Close())
}

// start starts a child of this world. It finds the newest checkpoint where the parent does.
func (w *world) start(t *testing.T, c child) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	c.Key, c.Seen = filepath.Join(t.TempDir(), "key.json"), w.seen
	fatal(t, w.key.Save(c.Key))
	text, err := json.Marshal(c)
	fatal(t, err)
	self, err := os.Executable()
	fatal(t, err)
	cmd, said := exec.CommandContext(t.Context(), self), &strings.Builder{}
	cmd.Env, cmd.Stderr = append(os.Environ(), childVariable+"="+string(text)), said
	fatal(t, cmd.Start())
	return cmd, said
}

// TestKilledExportsGoOn: killed at any point, and started again with the same command, an export in any format becomes whole: two copies of what was left
// become the same to the byte, as large as one that was never killed, and nothing is left over. BYLEAVE_NIGHTLY kills at each box, and 150 times at random.
func TestKilledExportsGoOn(t *testing.T) {
	w := newWorld(t, 1)
	mixed(t, w)
	points, atRandom := []int{2, 12}, 0
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		points, atRandom = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, 50
	}
	for _, f := range Formats {
		t.Run(string(f), func(t *testing.T) {
			whole, err := w.exportAs(t, f, filepath.Join(t.TempDir(), "whole"))
			fatal(t, err)
			for _, n := range points {
				dir := filepath.Join(t.TempDir(), "x")
				cmd, said := w.start(t, child{Dir: dir, Format: f, DieAt: n})
				if err := cmd.Wait(); cmd.ProcessState.ExitCode() != -1 {
					t.Fatalf("it was not killed: %v %s", err, said)
				}
				w.goesOn(t, f, dir, whole)
			}
			for range atRandom {
				dir := filepath.Join(t.TempDir(), "x")
				cmd, _ := w.start(t, child{Dir: dir, Format: f})
				time.Sleep(time.Duration(rand.Int64N(int64(200 * time.Millisecond)))) // anywhere, or when it is done
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				if _, err := os.Stat(filepath.Join(dir, manifestName)); err != nil {
					w.goesOn(t, f, dir, whole)
				}
			}
		})
	}
}

// goesOn ends an export that was cut off, and a copy of it.
func (w *world) goesOn(t *testing.T, f Format, dir string, whole Manifest) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, manifestName)); err == nil {
		t.Error("what was cut off looks whole")
	}
	other := filepath.Join(t.TempDir(), "copy")
	begun := os.CopyFS(other, os.DirFS(dir)) == nil
	m, err := w.exportAs(t, f, dir)
	fatal(t, err)
	looksPrivate(t, dir, m, nil)
	if m.Boxes != whole.Boxes || m.Actions != whole.Actions || m.Gaps != whole.Gaps || m.Frames != whole.Frames || m.People != whole.People ||
		len(m.Refused) != 0 || len(m.Files) != len(whole.Files) || len(trajectories(readBack(t, f, dir))) != whole.People {
		t.Errorf("%+v", m)
	}
	if _, err := os.Stat(filepath.Join(other, partsDir, stateName)); err != nil || !begun {
		return // nothing was drawn yet
	}
	again, err := w.exportAs(t, f, other)
	fatal(t, err)
	if !maps.Equal(m.Files, again.Files) || m.Export != again.Export {
		t.Errorf("the same beginning ended in different files: %v, %v", m.Files, again.Files)
	}
}

// TestFullDiskIsNoExport: where a file cannot be written any further the export says which, keeps nothing that looks whole, and goes on when there is room.
func TestFullDiskIsNoExport(t *testing.T) {
	w := newWorld(t, 1)
	d := w.newDevice(t)
	for i := range 9 { // the lines fail at the end, when what is held back is written; the others before
		w.seal(t, d, clicked(t, "a", uint8(i)))
	}
	for _, f := range Formats {
		dir := filepath.Join(t.TempDir(), "x")
		cmd, said := w.start(t, child{Dir: dir, Format: f, FileSize: 5000})
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 || !strings.Contains(said.String(), "write 000001."+f.end()) {
			t.Errorf("%s: %v, it says %q", f, err, said)
		}
		for _, name := range names(t, dir) {
			if !strings.HasPrefix(name, partsDir) && !strings.HasPrefix(name, "frames/") {
				t.Errorf("%s: %s stays", f, name)
			}
		}
		m, err := w.exportAs(t, f, dir)
		fatal(t, err)
		looksPrivate(t, dir, m, nil)
		if m.Boxes != 9 || m.Frames != 9 || len(readBack(t, f, dir)) != 27 {
			t.Errorf("%s: %+v", f, m)
		}
	}
}
