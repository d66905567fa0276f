package upload

import (
	"crypto/tls"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"github.com/byleave/byleave/proto/pin"
)

const (
	maxMessage = 1<<20 + 1<<10 // a box of 1 MiB and what protobuf adds
	callLimit  = 30 * time.Second
)

// dial makes a connection that opens with the first call. HTTPS_PROXY and NO_PROXY are honoured; the proxy resolves the name.
// No compressor is registered: boxes are compressed and sealed already.
func dial(addr string, server *pin.Server, own ...tls.Certificate) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient(addr,
		grpc.WithTransportCredentials(credentials.NewTLS(server.TLS(own...))),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.WithDisableServiceConfig(), // what a name server says changes nothing here
	)
	if err != nil {
		return nil, fmt.Errorf("prepare the connection to %s: %w", addr, err)
	}
	return conn, nil
}
