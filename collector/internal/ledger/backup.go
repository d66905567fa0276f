package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Backup copies the ledger in dir to the folder to, beside a running collector if there is one; copy makes one durable file. What says how
// long the ledger is goes first, so that all that it needs is there when the rest is copied: files of a ledger never change.
// No ledger is no error.
func Backup(dir, to string, copy func(from, to string) error) error {
	root := filepath.Join(dir, folder)
	first := []string{"checkpoint", filepath.Join(".state", "treeState")}
	done := map[string]bool{}
	one := func(name string) error {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, folder, name)), 0o700); err != nil {
			return fmt.Errorf("ledger: copy: %w", err)
		}
		done[name] = true
		return copy(filepath.Join(root, name), filepath.Join(to, folder, name))
	}
	if _, err := os.Stat(filepath.Join(root, first[0])); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, name := range first {
		if err := one(name); err != nil {
			return err
		}
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil || done[name] || filepath.Ext(name) == ".lock" {
			return err
		}
		if err := one(name); err != nil && !errors.Is(err, fs.ErrNotExist) { // a file that was being written has another name now
			return err
		}
		return nil
	})
}
