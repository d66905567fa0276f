package storetest

import (
	"os"
	"testing"
)

// Memory is a folder in memory for an embedded store, where the system has one with room, and else a folder of the test. It is for tests that do
// not ask whether a disk keeps what it was given: everything is the real store, and its syncs cost nothing. It goes with the test.
func Memory(t testing.TB) string {
	t.Helper()
	if parent := inMemory(); parent != "" {
		if dir, err := os.MkdirTemp(parent, "byleave-"); err == nil { // mode 0700
			t.Cleanup(func() {
				if err := os.RemoveAll(dir); err != nil {
					t.Error(err)
				}
			})
			return dir
		}
	}
	return t.TempDir()
}
