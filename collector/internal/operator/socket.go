package operator

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
)

// ErrUnsupported says that this system cannot tell who is at the other end of a socket.
var ErrUnsupported = errors.New("operator: tail and stats need Linux or macOS")

// Listen opens the operator's socket at path, for the collector's own user alone: its mode keeps others out, and who connects
// is asked of the system. A socket that a dead collector left is replaced.
func Listen(path string) (net.Listener, error) {
	if !peersKnown {
		return nil, ErrUnsupported
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("operator: replace the socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("operator: open the socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("operator: guard the socket: %w", err), l.Close())
	}
	return &ownListener{l}, nil
}

// ownListener hangs up on everybody but our own user.
type ownListener struct{ net.Listener }

func (l *ownListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, err := peerUID(conn)
		if err == nil && uid == uint32(os.Getuid()) {
			return conn, nil
		}
		if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return nil, fmt.Errorf("operator: hang up: %w", err)
		}
	}
}
