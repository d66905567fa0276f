//go:build linux || darwin

package control

import (
	"errors"
	"net"
	"os"
	"strconv"
)

// superuser may do what a verb allows it.
const superuser = "0"

// self is the user of this process.
func self() (string, error) { return strconv.Itoa(os.Getuid()), nil }

// peer asks the kernel which user opened the other end.
func peer(c net.Conn) (string, error) {
	u, ok := inner(c).(*net.UnixConn)
	if !ok {
		return "", errors.New("not a Unix socket")
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return "", err
	}
	var uid uint32
	var askErr error
	if err := raw.Control(func(fd uintptr) { uid, askErr = peerUID(int(fd)) }); err != nil {
		return "", err
	}
	return strconv.FormatUint(uint64(uid), 10), askErr
}
