package control

import (
	"errors"
	"fmt"
	"net"
	"runtime"

	"golang.org/x/sys/windows"
)

// superuser is the account of Windows itself. The pipe's guard does not let it in; were it let in, it could do what root can.
const superuser = "S-1-5-18"

var impersonateNamedPipeClient = windows.NewLazySystemDLL("advapi32.dll").NewProc("ImpersonateNamedPipeClient")

// self is the account of this process.
func self() (string, error) {
	u, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", fmt.Errorf("ask which account this is: %w", err)
	}
	return u.User.Sid.String(), nil
}

// peer asks the system which account opened the other end: for a moment this thread takes on what the caller let be seen of
// itself. The system answers once something was read. A caller that hides is nobody.
func peer(c net.Conn) (string, error) {
	h, err := handleOf(c)
	if err != nil {
		return "", err
	}
	runtime.LockOSThread()
	if ok, _, err := impersonateNamedPipeClient.Call(uintptr(h)); ok == 0 {
		runtime.UnlockOSThread()
		return "", fmt.Errorf("ask who calls: %w", err)
	}
	sid, err := wornBy(windows.CurrentThread())
	if revert := windows.RevertToSelf(); revert != nil {
		return "", errors.Join(err, revert) // the thread stays locked, and ends with this connection
	}
	runtime.UnlockOSThread()
	return sid, err
}

// wornBy is the account that a thread has taken on.
func wornBy(thread windows.Handle) (string, error) {
	var t windows.Token
	if err := windows.OpenThreadToken(thread, windows.TOKEN_QUERY, true, &t); err != nil {
		return "", fmt.Errorf("ask who calls: %w", err)
	}
	defer t.Close()
	u, err := t.GetTokenUser()
	if err != nil {
		return "", fmt.Errorf("ask who calls: %w", err)
	}
	return u.User.Sid.String(), nil
}

// handleOf is the handle under a connection of the pipe.
func handleOf(c net.Conn) (windows.Handle, error) {
	p, ok := inner(c).(interface{ Fd() uintptr })
	if !ok {
		return 0, errors.New("not a named pipe")
	}
	return windows.Handle(p.Fd()), nil
}
