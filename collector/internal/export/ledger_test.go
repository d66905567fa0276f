package export

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"github.com/byleave/byleave/proto/tlog/tlogtest"
)

// TestI19NothingIsOpenedUnproved: a release whose leaf does not stand in the ledger that this custodian saw before, or is about something
// else, is not opened: not one file is written of it.
func TestI19NothingIsOpenedUnproved(t *testing.T) {
	for name, c := range map[string]struct {
		lie  func(*world)
		want string
	}{
		"another export": {func(w *world) {
			w.edit = func(r *tlog.Release) { r.Export = "00112233445566778899aabbccddeeff" }
		}, "about another release"},
		"another custodian": {func(w *world) { w.edit = func(r *tlog.Release) { r.Custodian = "Management" } }, "about another release"},
		"another purpose":   {func(w *world) { w.edit = func(r *tlog.Release) { r.Purpose = "ratings" } }, "about another release"},
		"another window":    {func(w *world) { w.edit = func(r *tlog.Release) { r.Until = 5 } }, "about another release"},
		"an older leaf":     {func(w *world) { w.lie = func(r *pb.ReleaseResponse) { r.Leaf = w.oldLeaf } }, "about another release"},
		"no leaf":           {func(w *world) { w.lie = func(r *pb.ReleaseResponse) { r.Leaf = nil } }, "about another release"},
		"a box first":       {func(w *world) { w.lie = func(r *pb.ReleaseResponse) { r.Box = w.boxes[0].Box } }, "before its leaf"},
		"at another place":  {func(w *world) { w.lie = func(r *pb.ReleaseResponse) { r.Position = 0 } }, "does not hold the leaf"},
		"past the end":      {func(w *world) { w.lie = func(r *pb.ReleaseResponse) { r.Position = 1 << 40 } }, "does not hold the leaf"},
		"never written": {func(w *world) {
			w.lie = func(*pb.ReleaseResponse) { w.log.Replace(1, make([]byte, 32)) }
		}, "does not hold the leaf"},
		"a past rewritten": {func(w *world) {
			w.lie = func(*pb.ReleaseResponse) { w.log.Replace(0, make([]byte, 32)) }
		}, "not the one that was seen before"},
		"rolled back":   {func(w *world) { w.lie = func(*pb.ReleaseResponse) { w.log.Truncate(2) } }, "shorter than it was"},
		"another key":   {func(w *world) { w.log.Key = tlogtest.New().Key }, "not signed by the key"},
		"tiles cut off": {func(w *world) { w.log.Cut = 32 }, "do not fit its checkpoint"},
		"more people than it says": {func(w *world) {
			for i, r := range w.boxes {
				r.Pseudonym = append(make([]byte, 15), byte(i))
			}
		}, "more than it wrote into the public ledger"},
		"more boxes than it says": {func(w *world) {
			w.edit = func(r *tlog.Release) { r.Few, r.Boxes = false, 0 }
		}, "more than it wrote into the public ledger"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			d := w.newDevice(t)
			n := 1
			if strings.Contains(c.want, "more than") {
				n = 10
			}
			for range n {
				w.seal(t, d, clicked(t, "a", 1))
			}
			if _, err := w.export(t, filepath.Join(t.TempDir(), "honest")); err != nil { // the ledger was seen
				t.Fatal(err)
			}
			w.oldLeaf, w.ids = w.lastLeaf, nil
			c.lie(w)
			dir := filepath.Join(t.TempDir(), "lied")
			_, err := w.export(t, dir)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("want %q: %v", c.want, err)
			}
			if !strings.Contains(c.want, "more than") && !errors.Is(err, ErrUnproved) {
				t.Errorf("it does not say that nothing was opened: %v", err)
			}
			frames, err := os.ReadDir(filepath.Join(dir, "frames"))
			if err != nil || len(frames) > 0 && !strings.Contains(c.want, "more than") {
				t.Errorf("%d frames were opened: %v", len(frames), err)
			}
			if _, err := os.Stat(filepath.Join(dir, manifestName)); err == nil {
				t.Error("it looks like a whole export")
			}
		})
	}
}

// TestKeyFilesFromBeforeTheLedgerAreRefused: without a pinned ledger nothing could be proved.
func TestKeyFilesFromBeforeTheLedgerAreRefused(t *testing.T) {
	if _, err := Dial("", newKeyFile(t)); err == nil || !strings.Contains(err.Error(), "custodian renew") {
		t.Fatal(err)
	}
}

// TestDamagedMemoryOfTheLedgerIsNoFirstLook: whoever could empty the file could show another past.
func TestDamagedMemoryOfTheLedgerIsNoFirstLook(t *testing.T) {
	w := newWorld(t, 1)
	w.seal(t, w.newDevice(t), clicked(t, "a", 1))
	fatal(t, os.WriteFile(string(w.seen), []byte("{"), 0o600))
	if _, err := w.export(t, filepath.Join(t.TempDir(), "x")); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Fatal(err)
	}
}
