//go:build !unix

package export

import "os"

// private has no modes to look at: the folder's access list decides who may read the file.
func private(*os.File) error { return nil }
