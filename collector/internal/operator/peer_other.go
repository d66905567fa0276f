//go:build !linux && !darwin

package operator

import "net"

const peersKnown = false

func peerUID(net.Conn) (uint32, error) { return 0, ErrUnsupported }
