//go:build unix

package flow

import "golang.org/x/sys/unix"

// stampOf looks at a file without opening it, and makes nothing that would have to be tidied up.
func stampOf(path string) (stamp, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return stamp{}, err
	}
	return stamp{uint64(st.Dev), st.Ino, st.Size, st.Mtim.Nano()}, nil
}
