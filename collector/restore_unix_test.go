//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// TestRestoreNamesLaterExports: what the ledger says was released after a backup is named by its restore, and what the backup knew is not.
func TestRestoreNamesLaterExports(t *testing.T) {
	dir, saved := filepath.Join(t.TempDir(), "d"), filepath.Join(t.TempDir(), "saved")
	say := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("byleave-collector", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
		return string(out)
	}
	say("init", "--dir", dir)
	live(t, dir, time.Now(), []lived{{1, 1, 1, 100}}, releases{3, "Early team", storetest.Purpose})
	say("backup", "--dir", dir, saved)
	if said := say("restore", "--dir", dir, saved); strings.Contains(said, "after the backup") {
		t.Errorf("nothing was released since, and it says:\n%s", said)
	}
	live(t, dir, time.Now(), []lived{{1, 1, 1, 100}}, releases{1, "Late team", storetest.Purpose})
	said := say("restore", "--dir", dir, saved)
	if !strings.Contains(said, "Released after the backup: 1 export.") || strings.Count(said, "the custodian “Late team” was given") != 1 || strings.Contains(said, "Early") {
		t.Errorf("it says:\n%s", said)
	}
	must(t, os.RemoveAll(filepath.Join(dir, "ledger"))) // as on a new machine
	if said := say("restore", "--dir", dir, saved); !strings.Contains(said, "what was released after it stands in no record here") {
		t.Errorf("it says:\n%s", said)
	}
}
