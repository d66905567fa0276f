//go:build windows && byleave_wine

package control

import (
	"net"
	"runtime"
	"strings"

	"golang.org/x/sys/windows"
)

// This build is for the tests in Wine alone, and never packaged. Wine takes the first handle of a pipe, which on Windows nobody
// can reach, for one that waits for a caller. So one caller is led there and held there until the end, before any other is let in.

// alone keeps callers out while a pipe is made: whoever makes or opens one holds this until release is called.
func alone(name string) (release func(), err error) {
	p, err := windows.UTF16PtrFromString(strings.TrimPrefix(name, `\\.\pipe\`))
	if err != nil {
		return nil, err
	}
	runtime.LockOSThread() // a mutex belongs to a thread
	h, err := windows.CreateMutex(nil, false, p)
	if h == 0 {
		runtime.UnlockOSThread()
		return nil, err
	}
	if _, err := windows.WaitForSingleObject(h, windows.INFINITE); err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	return func() {
		_ = windows.ReleaseMutex(h)
		_ = windows.CloseHandle(h)
		runtime.UnlockOSThread()
	}, nil
}

// settled leads one caller to the first handle.
func settled(l net.Listener, name string) (net.Listener, error) {
	p, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(p, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING, 0, 0)
	return held{l, h}, err
}

type held struct {
	net.Listener
	caller windows.Handle
}

func (h held) Close() error {
	if err := windows.CloseHandle(h.caller); err != nil {
		return err
	}
	return h.Listener.Close()
}
