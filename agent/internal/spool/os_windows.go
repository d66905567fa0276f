package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// private trusts the folder's inherited access list: below the account's own profile only the account, the system and
// administrators have access, and mode bits say nothing here.
func private(fs.FileInfo) error { return nil }

// lockDir holds a file beside the folder that nobody else may open at the same time.
func lockDir(dir string) (io.Closer, error) {
	name, err := windows.UTF16PtrFromString(dir + ".lock")
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(name, windows.GENERIC_WRITE, 0, nil, windows.OPEN_ALWAYS, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) {
		return nil, ErrBusy
	}
	if err != nil {
		return nil, fmt.Errorf("lock the spool folder: %w", err)
	}
	return os.NewFile(uintptr(h), dir+".lock"), nil
}

// syncDir has nothing to do: NTFS journals names, and a folder cannot be flushed.
func syncDir(string) error { return nil }
