//go:build !unix && !windows

package embed

import (
	"fmt"
	"os"
)

// lock relies on SQLite's own locks where the system has none that we know; two collectors there would refuse each other's writes.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: open the lock: %w", err)
	}
	return f, nil
}
