package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"
)

// listen opens the pipe that stands for the socket at path. It must be the first of its name (the library asks for a new one, and
// for one that refuses other computers), so nobody can have put another in its place.
func listen(path string) (net.Listener, error) {
	sid, name, err := pipeOf(path)
	if err != nil {
		return nil, err
	}
	release, err := alone(name)
	if err != nil {
		return nil, err
	}
	l, err := winio.ListenPipe(name, &winio.PipeConfig{SecurityDescriptor: pipeGuard(sid)})
	if err == nil {
		l, err = settled(l, name)
		release()
		return l, err
	}
	release()
	if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("open the control pipe: %w", err)
	}
	c, err := dial(context.Background(), path)
	if err != nil {
		return nil, errors.New("a program of another user of this computer holds the name of the control pipe; restart the computer, or find that program")
	}
	return nil, errors.Join(ErrRunning, c.Close())
}

// dial opens the pipe of the agent at path. The agent may ask who calls, and no more: it cannot act as the caller. A pipe that
// belongs to another account is not spoken to.
func dial(ctx context.Context, path string) (net.Conn, error) {
	sid, name, err := pipeOf(path)
	if err != nil {
		return nil, err
	}
	release, err := alone(name)
	if err != nil {
		return nil, err
	}
	c, err := winio.DialPipeAccessImpLevel(ctx, name, windows.GENERIC_READ|windows.GENERIC_WRITE, winio.PipeImpLevelIdentification)
	release()
	if err != nil {
		return nil, err
	}
	owner, err := ownerOf(c)
	if err == nil && owner != sid {
		err = fs.ErrPermission
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// pipeOf is the account of this process, and the name of its pipe.
func pipeOf(path string) (sid, name string, err error) {
	if sid, err = self(); err != nil {
		return "", "", err
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", "", fmt.Errorf("find the folder of the control pipe: %w", err)
	}
	return sid, pipeName(sid, path), nil
}

// ownerOf is the account that made the pipe. An account cannot give what it makes to another one.
func ownerOf(c net.Conn) (string, error) {
	h, err := handleOf(c)
	if err != nil {
		return "", err
	}
	sd, err := windows.GetSecurityInfo(h, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return "", fmt.Errorf("ask whose control pipe this is: %w", err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return "", fmt.Errorf("ask whose control pipe this is: %w", err)
	}
	return owner.String(), nil
}
