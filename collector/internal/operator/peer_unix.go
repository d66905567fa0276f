//go:build linux || darwin

package operator

import (
	"errors"
	"net"
)

const peersKnown = true

// peerUID asks the kernel who has the other end of conn.
func peerUID(conn net.Conn) (uid uint32, err error) {
	uc, ok := conn.(*net.UnixConn)
	if !ok {
		return 0, ErrUnsupported
	}
	raw, err := uc.SyscallConn()
	if err != nil {
		return 0, err
	}
	var inner error
	err = raw.Control(func(fd uintptr) { uid, inner = uidOf(int(fd)) })
	return uid, errors.Join(err, inner)
}
