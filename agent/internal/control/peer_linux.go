package control

import (
	"net"

	"golang.org/x/sys/unix"
)

// peerUID asks the kernel which user opened the other end (SO_PEERCRED: the credentials at connect time, unforgeable).
func peerUID(c net.Conn) (int, error) {
	return controlFD(c, func(fd int) (int, error) {
		cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		if err != nil {
			return -1, err
		}
		return int(cred.Uid), nil
	})
}
