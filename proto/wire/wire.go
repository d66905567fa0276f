package wire

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

const (
	window = 1 << 20  // bytes that the collector may send before they are read
	gather = 64 << 10 // bytes of frames that are encrypted and leave together
)

// Pace hears whenever bytes move on a connection, and may keep them to a rate. Its methods are called from any goroutine.
type Pace interface {
	// Moved hears of n bytes that came, or that the system took to be sent.
	Moved(n int)
	// Spread returns once n bytes may leave.
	Spread(n int)
}

// Options are those of every connection of a device to a collector. p may be nil. Windows are fixed: to measure them takes a packet of ours
// for each answer.
func Options(conf *tls.Config, p Pace) []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithTransportCredentials(paced{credentials.NewTLS(conf), p}),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(newCodec())),
		grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window),
		grpc.WithWriteBufferSize(gather),
	}
}

// paced are credentials that put a pace beneath what they make safe.
type paced struct {
	credentials.TransportCredentials
	pace Pace
}

// ClientHandshake is that of credentials.TransportCredentials.
func (p paced) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	r, err := below(raw, p.pace)
	if err != nil {
		return nil, nil, err
	}
	conn, info, err := p.TransportCredentials.ClientHandshake(ctx, authority, r)
	if err != nil {
		return nil, nil, err
	}
	return &whole{Conn: conn, below: r}, info, nil
}

// Clone is that of credentials.TransportCredentials.
func (p paced) Clone() credentials.TransportCredentials {
	return paced{p.TransportCredentials.Clone(), p.pace}
}

// whole is a connection above TLS. All records of one write leave together.
type whole struct {
	net.Conn
	below   *records
	writing atomic.Bool
}

// Write is that of net.Conn.
func (w *whole) Write(b []byte) (int, error) {
	w.writing.Store(true)
	defer w.writing.Store(false)
	w.below.hold()
	n, err := w.Conn.Write(b)
	if e := w.below.release(); err == nil && e != nil {
		return 0, e
	}
	return n, err
}

// Close is that of net.Conn. A write that is under way is broken, as TLS does, and gets no word after it.
func (w *whole) Close() error {
	if w.writing.Load() {
		return w.below.Close()
	}
	return w.Conn.Close()
}
