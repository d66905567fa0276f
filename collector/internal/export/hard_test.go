package export

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/pb"
)

// TestTombstonesAreBounded: a box of a few KiB cannot make the exporter keep megabytes until it ends.
func TestTombstonesAreBounded(t *testing.T) {
	w := newWorld(t, 1)
	d := w.newDevice(t)
	d.params.Sequence = 100_000
	p := clicked(t, "a", 1)
	for i := range uint64(100_000) {
		p.InsteadOf = append(p.InsteadOf, &pb.Tombstone{Sequence: i + 1, Previous: make([]byte, 32), Digest: make([]byte, 32)})
	}
	w.seal(t, d, p)
	m, err := w.export(t, filepath.Join(t.TempDir(), "x"))
	fatal(t, err)
	if m.Boxes != 0 || m.Refused[errContent.Error()] != 1 {
		t.Errorf("%d boxes, refused %v", m.Boxes, m.Refused)
	}
}

// TestPartsAreLight: of a box that was written, and of one that was written before the export was cut off, nothing stays in memory that grows
// with what is in it.
func TestPartsAreLight(t *testing.T) {
	w := newWorld(t, 1)
	d := w.newDevice(t)
	w.seal(t, d, clicked(t, "a", 1))
	d.params.Sequence++
	p := clicked(t, "b", 2)
	p.InsteadOf = []*pb.Tombstone{{Sequence: 2, Previous: make([]byte, 32), Digest: make([]byte, 32)}}
	w.seal(t, d, p)
	w.seal(t, d, clicked(t, "c", 3))
	w.cutAt = 2
	dir := filepath.Join(t.TempDir(), "x")
	if _, err := w.export(t, dir); err == nil {
		t.Fatal("it was not cut off")
	}
	again, err := newWriter(dir, Query{Purpose: purpose})
	fatal(t, err)
	fatal(t, again.box(w.mustParse(t, 2), clicked(t, "c", 3)))
	fatal(t, again.lock.Close())
	cut := 0
	for _, p := range again.parts {
		if len(p.Steps)+len(p.Frames)+len(p.Stones) > 0 {
			t.Errorf("%+v is kept", p)
		}
		if p.cut {
			cut++
		}
	}
	if len(again.parts) != 3 || cut != 1 {
		t.Errorf("%d parts, %d of them cut", len(again.parts), cut)
	}
}

// TestHalfWrittenFilesStayOut: what a death in the middle of a write leaves is no part of the export.
func TestHalfWrittenFilesStayOut(t *testing.T) {
	w := newWorld(t, 1)
	d := w.newDevice(t)
	for i := range 3 {
		w.seal(t, d, clicked(t, "a", uint8(i)))
	}
	w.cutAt = 2
	dir := filepath.Join(t.TempDir(), "x")
	if _, err := w.export(t, dir); err == nil {
		t.Fatal("it was not cut off")
	}
	for _, folder := range []string{"", "frames", "trajectories", partsDir} {
		fatal(t, os.WriteFile(filepath.Join(dir, folder, ".new-123"), []byte("half a fi"), 0o600))
	}
	m, err := w.export(t, dir)
	fatal(t, err)
	if len(names(t, dir)) != len(m.Files)+1 {
		t.Errorf("%v", names(t, dir))
	}
	for name := range m.Files {
		if strings.Contains(name, ".new-") {
			t.Errorf("%s stands in the manifest", name)
		}
	}
}

// TestExportThatBarelyBegan goes on: it was cut off between its folders and its state.
func TestExportThatBarelyBegan(t *testing.T) {
	w := newWorld(t, 1)
	w.seal(t, w.newDevice(t), clicked(t, "a", 1))
	dir := t.TempDir()
	fatal(t, os.Mkdir(filepath.Join(dir, partsDir), 0o700))
	fatal(t, os.WriteFile(filepath.Join(dir, partsDir, ".new-123"), []byte("{"), 0o600))
	if m, err := w.export(t, dir); err != nil || m.Boxes != 1 {
		t.Fatal(m, err)
	}
}

// TestLockIsOnes: the lock itself, which another process could hold as well; it is free again when it is closed, and leaves nothing.
func TestLockIsOnes(t *testing.T) {
	dir, err := os.MkdirTemp("", "byleave-lock-") // Wine cannot take a folder away as t.TempDir does
	fatal(t, err)
	fatal(t, os.WriteFile(dir+".lock", []byte("somebody's own"), 0o600))
	for range 2 {
		mine, err := lockFolder(dir)
		fatal(t, err)
		if _, err := lockFolder(dir); err == nil || !strings.Contains(err.Error(), "another export writes") {
			t.Error("two have the lock:", err)
		}
		fatal(t, mine.Close())
	}
	if left, err := filepath.Glob(dir + "*"); err != nil || len(left) != 2 {
		t.Errorf("%v stay, %v", left, err)
	}
	fatal(t, errors.Join(os.Remove(dir+".lock"), os.Remove(dir)))
}

// TestOneExportAtATime: two in one folder would take each other's parts away.
func TestOneExportAtATime(t *testing.T) {
	w := newWorld(t, 1)
	w.seal(t, w.newDevice(t), clicked(t, "a", 1))
	dir := t.TempDir()
	first, err := newWriter(dir, Query{Purpose: purpose})
	fatal(t, err)
	if _, err := w.export(t, dir); err == nil || !strings.Contains(err.Error(), "another export writes") {
		t.Error("two exports write one folder:", err)
	}
	if len(w.ids) != 0 {
		t.Error("something was released for the second")
	}
	fatal(t, first.lock.Close())
	if m, err := w.export(t, dir); err != nil || m.Boxes != 1 {
		t.Error("the first ended, and the second does not go on:", m, err)
	}
}
