//go:build !linux

package page

import "net"

// sameUser cannot be asked here; the address that works once and the cookie that it gives are what keeps others out.
func sameUser(net.Conn, ...int) bool { return true }
