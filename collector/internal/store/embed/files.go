package embed

import (
	"fmt"
	"os"
	"path/filepath"
)

// disk is what packs need of a file system; tests put one beneath that lies, fails or is full.
type disk interface {
	// Create makes a new file that must not exist yet, mode 0600.
	Create(path string) (file, error)
	// SyncDir makes the names in dir durable.
	SyncDir(dir string) error
}

// file is an open pack that is written at its end only.
type file interface {
	Write(p []byte) (int, error)
	// Sync returns when all written bytes are on stable storage. After an error nothing can be known of them.
	Sync() error
	Truncate(size int64) error
	Seek(offset int64, whence int) (int64, error)
	Close() error
}

type osDisk struct{}

type osFile struct{ *os.File }

func (f osFile) Sync() error { return syncData(f.File) }

func (osDisk) Create(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osDisk) SyncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return fmt.Errorf("sync the folder: %w", err)
	}
	err = syncFolder(d)
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}
