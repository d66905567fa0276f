package spool

import (
	"errors"
	"io"
	"time"
)

// Errors of a FS that Open gives on.
var (
	// ErrOpenToOthers: other accounts of this machine can read the folder.
	ErrOpenToOthers = errors.New("the spool folder is open to other accounts: make it private with chmod 700, then start again")
	// ErrBusy: another agent works in the folder.
	ErrBusy = errors.New("another agent is using the spool folder: stop it first")
)

// FS is the disk as the spool needs it. OS is the real one; tests bring one that crashes, lies and runs full.
// Names are paths; no method follows up on a failure by itself.
type FS interface {
	// MakeDir makes a folder of mode 0700 with its parents, durably. An existing folder is left as it is.
	MakeDir(dir string) error
	// Private fails with ErrOpenToOthers if group or world may enter or read dir.
	Private(dir string) error
	// Lock takes dir for this process until the closer is closed or the process ends; ErrBusy if another has it.
	Lock(dir string) (io.Closer, error)
	// List gives the entries of dir in any order.
	List(dir string) ([]FileInfo, error)
	// Read gives at most limit bytes from the start of a regular file.
	Read(name string, limit int) ([]byte, error)
	// Create makes a new file of mode 0600 and fails if there is one of that name.
	Create(name string) (File, error)
	// Rename replaces to, if there is one.
	Rename(from, to string) error
	// Remove unlinks a file.
	Remove(name string) error
	// SyncDir makes creations, renames and removals in dir durable.
	SyncDir(dir string) error
}

// File is a file being written.
type File interface {
	io.WriteCloser
	// Sync returns once the bytes written are durable. After a failure nothing is known of any of them.
	Sync() error
}

// FileInfo is one entry of a folder.
type FileInfo struct {
	Name    string
	Size    int64
	At      time.Time // of the last change of its bytes
	Regular bool      // false for folders, links, pipes and devices, none of which the spool opens
	Dir     bool
}
