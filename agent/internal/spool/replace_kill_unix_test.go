//go:build unix

package spool

import (
	"crypto/hpke"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/open"
)

// openWith is the person's key of a process that was killed.
func openWith(dir string) (hpke.PrivateKey, error) {
	b, err := os.ReadFile(filepath.Join(dir, "key"))
	if err != nil {
		return nil, err
	}
	return hpke.MLKEM768X25519().NewPrivateKey(b)
}

// cutAndDie seals three boxes, cuts the middle one and is killed on the way.
func cutAndDie(t *testing.T, dir string) {
	step, err := strconv.Atoi(os.Getenv("BYLEAVE_CUT_STEP"))
	must(t, err)
	key, err := person().Bytes()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "key"), key, 0o600))
	left := 1 << 30
	s, _, err := Open(dying{OS(), &left}, filepath.Join(dir, "spool"), quiet)
	must(t, err)
	must(t, s.Use(testKeys(consentA)))
	cutSaid(t, s, 1, "walrus one")
	b := cutSaid(t, s, 2, "walrus pelican")
	cutSaid(t, s, 3, "walrus two")
	p, err := open.ByPerson(b, person())
	must(t, err)
	n, err := redactor(t).Narrow(p, redact.Cut{Words: []string{"pelican"}})
	must(t, err)
	r, err := Reseal(testKeys(consentA), b, End{s.last.device, s.last.sequence, s.last.digest}, n)
	must(t, err)
	left = step
	must(t, s.Replace(r, device, func([]envelope.ID) error { return nil }))
	left = 1 << 30
	must(t, s.Close())
}

// dying is the real disk, on which this process is killed before its n-th operation.
type dying struct {
	FS
	left *int
}

func (d dying) step() {
	if *d.left--; *d.left < 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (d dying) Create(name string) (File, error) { d.step(); return d.FS.Create(name) }
func (d dying) Rename(from, to string) error     { d.step(); return d.FS.Rename(from, to) }
func (d dying) Remove(name string) error         { d.step(); return d.FS.Remove(name) }
func (d dying) SyncDir(dir string) error         { d.step(); return d.FS.SyncDir(dir) }

// TestCutIsKilled kills a real process before each operation of a replacement on the machine's own disk.
func TestCutIsKilled(t *testing.T) {
	if dir := os.Getenv("BYLEAVE_CUT_DIR"); dir != "" {
		cutAndDie(t, dir)
		return
	}
	for n := 0; ; n++ {
		dir := t.TempDir()
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCutIsKilled$")
		cmd.Env = append(os.Environ(), "BYLEAVE_CUT_DIR="+dir, "BYLEAVE_CUT_STEP="+strconv.Itoa(n))
		out, err := cmd.CombinedOutput()
		killed := err != nil && strings.Contains(err.Error(), "killed")
		if err != nil && !killed {
			t.Fatalf("step %d: %v: %s", n, err, out)
		}
		s, _, err := Open(OS(), filepath.Join(dir, "spool"), quiet)
		must(t, err)
		must(t, s.FinishReplace(func([]envelope.ID) error { return nil }))
		key, err := openWith(dir)
		must(t, err)
		var got []string
		for e := range s.Boxes() {
			b, err := e.Box()
			must(t, err)
			p, err := open.ByPerson(b, key)
			must(t, err)
			got = append(got, p.GetEvents()[0].GetTask().GetText())
		}
		slices.Sort(got)
		if words := strings.Join(got, "|"); words != whole && words != cutAway || !killed && words != cutAway {
			t.Fatalf("step %d (killed %v): %q", n, killed, words)
		}
		if trace, err := exec.CommandContext(t.Context(), "grep", "-rlE", "walrus|pelican", filepath.Join(dir, "spool")).Output(); err == nil {
			t.Fatalf("step %d: in the clear: %s", n, trace)
		}
		must(t, s.Close())
		if !killed {
			if n < 10 {
				t.Fatalf("only %d operations", n)
			}
			t.Logf("killed at %d operations", n)
			return
		}
	}
}
