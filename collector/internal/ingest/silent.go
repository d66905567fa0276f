package ingest

import (
	"context"
	"sync"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
	"google.golang.org/protobuf/proto"
)

// silent are the upload streams that have sent no box yet. Most of a fleet may be among them, so one goroutine serves each, and waits for its
// first box. It wakes by the end of the stream's context alone, so a drain ends that.
type silent struct {
	mu sync.Mutex // guards of
	of map[*callOff]struct{}
}

// callOff ends a stream from outside of it.
type callOff struct {
	stream pb.Device_UploadServer
	cancel context.CancelFunc
}

// end tells the device to come back. gRPC itself answers a stream whose context has ended, without details but those of the trailer.
func (c *callOff) end() {
	st := status.New(codes.Canceled, "the collector restarts")
	if dressed, err := proto.Marshal(status.Convert(withRetry(st, drainRetry)).Proto()); err == nil {
		c.stream.SetTrailer(metadata.Pairs("grpc-status-details-bin", string(dressed)))
	}
	c.cancel()
}

type callOffKey struct{}

// tapStreams puts a callOff into the context of an upload stream as it opens: grpc gives no other hand on it.
func tapStreams(ctx context.Context, info *tap.Info) (context.Context, error) {
	if info.FullMethodName != pb.Device_Upload_FullMethodName {
		return ctx, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	return context.WithValue(ctx, callOffKey{}, &callOff{cancel: cancel}), nil
}

// first waits for the first box of a stream, and not beyond draining.
func (s *silent) first(stream pb.Device_UploadServer, draining <-chan struct{}) (*pb.UploadRequest, error) {
	c, ok := stream.Context().Value(callOffKey{}).(*callOff)
	if !ok {
		return stream.Recv()
	}
	c.stream = stream
	s.mu.Lock()
	s.of[c] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.of, c)
	}()
	select {
	case <-draining: // it may have missed this stream
		c.end()
	default:
	}
	return stream.Recv()
}

// end calls off all of them.
func (s *silent) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.of {
		c.end()
	}
}
