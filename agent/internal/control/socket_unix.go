//go:build unix

package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// maxPath is what fits the kernel's address structure on every Unix that we build for.
const maxPath = 103

// listen opens the socket. A lock beside it decides between two agents that start at once; a socket without a listener is a
// leftover and is replaced, anything else at that path is left alone.
func listen(path string) (net.Listener, error) {
	if len(path) > maxPath {
		return nil, fmt.Errorf("the socket path %s is longer than %d bytes; set XDG_RUNTIME_DIR to a shorter folder", path, maxPath)
	}
	if err := privateFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	lock, err := takeLock(path + ".lock")
	if err != nil {
		return nil, err
	}
	l, err := listenLocked(path)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &lockedListener{Listener: l, lock: lock}, nil
}

func listenLocked(path string) (net.Listener, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("look at the control socket: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("%s is in the way and is not a socket; move it away", path)
	default:
		if c, err := net.Dial("unix", path); err == nil {
			return nil, errors.Join(ErrRunning, c.Close())
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("remove the leftover socket: %w", err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("protect the control socket: %w", err), l.Close())
	}
	return l, nil
}

// dial opens the socket of the agent at path. One that another user listens on is not spoken to: a folder that an environment names can be theirs,
// and they could answer that recording is paused. Root may speak to everybody's agent.
func dial(ctx context.Context, path string) (net.Conn, error) {
	user, err := self()
	if err != nil {
		return nil, err
	}
	return dialAs(ctx, path, user)
}

func dialAs(ctx context.Context, path, user string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	if err != nil || user == superuser {
		return c, err
	}
	other, err := peer(c)
	if err == nil && other != user {
		err = fs.ErrPermission
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// privateFolder makes the socket's folder, or refuses one that others may enter: the folder is what keeps them out.
func privateFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of the control socket: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at the folder of the control socket: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(st.Uid) != os.Geteuid() || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s must be a folder of this user with mode 0700; run chmod 700 on it, or set XDG_RUNTIME_DIR to another folder", dir)
	}
	return nil
}

// takeLock holds a lock for as long as the file is open; the kernel lets go of it if the agent dies.
func takeLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the control socket: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrRunning
		}
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

type lockedListener struct {
	net.Listener
	lock *os.File
}

// Close removes the socket first and lets go of the lock last.
func (l *lockedListener) Close() error {
	err := l.Listener.Close()
	if lockErr := l.lock.Close(); !errors.Is(lockErr, os.ErrClosed) {
		err = errors.Join(err, lockErr)
	}
	return err
}
