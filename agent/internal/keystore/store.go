package keystore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// ErrLoose means that others could read or change a key: the mode is too wide, or the owner is another user.
var ErrLoose = errors.New("not private")

// ErrNotEnrolled means that this device has no identity yet.
var ErrNotEnrolled = errors.New("this device is not enrolled; run byleave enrol with the invitation that you were given")

// ErrDamaged means that a file is there and cannot be understood. Nothing is guessed in its place.
var ErrDamaged = errors.New("damaged")

// ErrUnprepared means that no signed withdrawal lies ready for this consent.
var ErrUnprepared = errors.New("no withdrawal was prepared for this consent")

// leftBehind is the age from which on an unfinished file is surely nobody's: a save takes milliseconds.
const leftBehind = time.Hour

// Store is an open key store. All methods are safe for concurrent use within one process.
type Store struct {
	dir string
	mu  sync.Mutex // one writer at a time, so that read-compare-write (SaveWall, SaveStub) is whole
}

// Open opens the key store in dir and makes the folder if there is none. It refuses with ErrLoose a folder that others may
// enter or that belongs to another user.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the key folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, fmt.Errorf("look at the key folder: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("the key folder %s is not a folder; move it away", dir)
	}
	if err := private(info, dir, "chmod 700"); err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	if err := s.sweep(); err != nil {
		return nil, err
	}
	return s, nil
}

// private refuses what others may touch. remedy is the command that mends the mode.
func private(info fs.FileInfo, path, remedy string) error {
	if !ownedByUs(info) {
		return fmt.Errorf("%s belongs to another user: %w; run as its owner, or choose another folder", path, ErrLoose)
	}
	if tooWide(info) {
		return fmt.Errorf("%s has mode %04o, so others could read it: %w; run %s %s", path, info.Mode().Perm(), ErrLoose, remedy, path)
	}
	return nil
}

// sweep removes what a crash in the middle of a save left behind. Such a file was never the state. A young one may be another process's
// that is saving just now, and stays.
func (s *Store) sweep() error {
	left, err := filepath.Glob(filepath.Join(s.dir, tempPattern))
	if err != nil {
		return fmt.Errorf("look for unfinished files: %w", err)
	}
	for _, path := range left {
		if info, err := os.Lstat(path); err != nil || time.Since(info.ModTime()) < leftBehind {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove an unfinished file: %w", err)
		}
	}
	return nil
}
