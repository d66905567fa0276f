package page

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"
)

// What the kernel's sock_diag(7) is asked, and what it answers: a head, a request or a description of one socket.
const (
	headSize  = unix.SizeofNlMsghdr
	askSize   = headSize + 8 + idSize
	idSize    = 48
	idAt      = headSize + 4
	stateAt   = headSize + 1
	uidAt     = idAt + idSize + 12
	byFamily  = 20 // SOCK_DIAG_BY_FAMILY
	noCookie  = ^uint64(0)
	anyState  = ^uint32(0)
	listening = 10
)

var works struct {
	sync.Once
	yes bool
}

// diagnoses tells whether the kernel answers for single sockets; it is tried once, on the listener at that address. A kernel that cannot says the same as
// one that knows no such socket.
func diagnoses(listener netip.AddrPort) bool {
	works.Do(func() {
		state, _, err := diagnose(listener, netip.AddrPortFrom(listener.Addr(), 1))
		works.yes = err == nil && state == listening
	})
	return works.yes
}

// ownerByDiag is the user whose socket is bound to local and connected to remote. It takes the same time however many sockets there are.
func ownerByDiag(local, remote netip.AddrPort) (int, error) {
	state, uid, err := diagnose(local, remote)
	if err == nil && state != open {
		err = errNobody
	}
	return uid, err
}

// diagnose describes the socket that takes what comes to local from remote.
func diagnose(local, remote netip.AddrPort) (state uint8, uid int, err error) {
	s, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return 0, -1, fmt.Errorf("ask for a socket's owner: %w", err)
	}
	defer unix.Close(s)
	kernel := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	if err := unix.Sendto(s, question(local, remote), 0, kernel); err != nil {
		return 0, -1, fmt.Errorf("ask for a socket's owner: %w", err)
	}
	var b [1 << 10]byte
	n, from, err := unix.Recvfrom(s, b[:], 0)
	if err != nil {
		return 0, -1, fmt.Errorf("ask for a socket's owner: %w", err)
	}
	if from, ok := from.(*unix.SockaddrNetlink); !ok || from.Pid != 0 {
		return 0, -1, errors.New("somebody else than the kernel answered")
	}
	order := binary.NativeEndian
	if n < uidAt+4 || order.Uint16(b[4:]) != byFamily || order.Uint16(b[idAt:]) != order.Uint16(question(local, remote)[headSize+8:]) {
		return 0, -1, errNobody
	}
	return b[stateAt], int(order.Uint32(b[uidAt:])), nil
}

// question asks for one socket. Ports and addresses are in the order of the network, the rest in that of the processor.
func question(local, remote netip.AddrPort) []byte {
	b, order := make([]byte, askSize), binary.NativeEndian
	order.PutUint32(b, askSize)
	order.PutUint16(b[4:], byFamily)
	order.PutUint16(b[6:], unix.NLM_F_REQUEST)
	b[headSize], b[headSize+1] = unix.AF_INET6, unix.IPPROTO_TCP
	if local.Addr().Unmap().Is4() {
		b[headSize] = unix.AF_INET
	}
	order.PutUint32(b[headSize+4:], anyState)
	id := b[headSize+8:]
	binary.BigEndian.PutUint16(id, local.Port())
	binary.BigEndian.PutUint16(id[2:], remote.Port())
	copy(id[4:], local.Addr().Unmap().AsSlice())
	copy(id[20:], remote.Addr().Unmap().AsSlice())
	order.PutUint64(id[40:], noCookie)
	return b
}
