package export

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// private has no modes to look at: the folder's access list decides who may read the file.
func private(*os.File) error { return nil }

// lockFolder keeps a second export out of a folder until the result is closed: by a file beside it, which nobody else may open meanwhile and which goes
// when it is closed or we die. Its name is one that nobody else gives a file: poetry.lock would be somebody's own.
func lockFolder(dir string) (io.Closer, error) {
	path := filepath.Clean(dir) + ".byleave-export"
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, fmt.Errorf("lock the export folder: %w", err)
	}
	h, err := windows.CreateFile(name, windows.GENERIC_WRITE|windows.DELETE, 0, nil, windows.OPEN_ALWAYS, windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_DELETE_ON_CLOSE, 0)
	if errors.Is(err, windows.ERROR_SHARING_VIOLATION) {
		return nil, fmt.Errorf("another export writes %s at this moment; let it end, or choose another folder", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the export folder: %w", err)
	}
	return os.NewFile(uintptr(h), path), nil
}
