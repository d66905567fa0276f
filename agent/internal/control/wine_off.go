//go:build windows && !byleave_wine

package control

import "net"

// What Wine needs, Windows does not; see the other file.

func alone(string) (release func(), err error) { return func() {}, nil }

func settled(l net.Listener, _ string) (net.Listener, error) { return l, nil }
