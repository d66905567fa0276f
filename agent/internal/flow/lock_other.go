//go:build !unix

package flow

import (
	"errors"
	"os"
	"path/filepath"
)

// lock makes sure that one agent writes to home: an open file cannot be removed here, so a second agent cannot make it anew.
func lock(home string) (*os.File, error) {
	path := filepath.Join(home, "lock")
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("an agent already runs for this user; see byleave status")
	}
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
}
