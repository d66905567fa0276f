package embed

import (
	"io"
	"path/filepath"
)

// Lock keeps every other collector out of a folder until the result is closed, also one whose store lies elsewhere.
func Lock(dir string) (io.Closer, error) { return lock(filepath.Join(dir, "lock")) }
