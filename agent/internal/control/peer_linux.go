package control

import "golang.org/x/sys/unix"

// peerUID asks the kernel which user opened the other end (SO_PEERCRED: the credentials at connect time, unforgeable).
func peerUID(fd int) (uint32, error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, err
	}
	return cred.Uid, nil
}
