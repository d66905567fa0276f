//go:build linux || darwin

package control

import (
	"errors"
	"net"
)

// controlFD runs ask on the descriptor under a connection.
func controlFD(c net.Conn, ask func(fd int) (int, error)) (int, error) {
	if b, ok := c.(*boundedConn); ok {
		c = b.Conn
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		return -1, errors.New("not a Unix socket")
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return -1, err
	}
	uid := -1
	var askErr error
	if err := raw.Control(func(fd uintptr) { uid, askErr = ask(int(fd)) }); err != nil {
		return -1, err
	}
	return uid, askErr
}
