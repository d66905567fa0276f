//go:build !unix

package ocr

import (
	"errors"
	"os"
	"path/filepath"
)

// trusted tells whether the program is there. Who may write to the folder of installed programs is the system's business.
func trusted(path string) error {
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return errors.New("put byleave-ocr beside byleave")
	}
	return nil
}

// root is the folder that the process begins in.
func root(path string) string { return filepath.VolumeName(path) + `\` }
