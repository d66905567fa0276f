//go:build !unix

package keystore

import (
	"io/fs"
	"os"
)

// Without Unix modes the person's profile folder carries the access list, and files inherit it.
func ownedByUs(fs.FileInfo) bool { return true }

func tooWide(fs.FileInfo) bool { return false }

func openNoFollow(path string) (*os.File, error) { return os.Open(path) }

// syncDir has nothing to do: the file systems here journal the folder with the rename.
func (s *Store) syncDir() error { return nil }
