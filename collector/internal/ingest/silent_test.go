package ingest

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// silentStreams opens n upload streams, each of a device of its own, that send nothing.
func silentStreams(t *testing.T, r *rig, n int) []pb.Device_UploadClient {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	var all []pb.Device_UploadClient
	for range n {
		stream, err := pb.NewDeviceClient(r.device(newHPKE(t).PublicKey()).conn).Upload(ctx)
		must(t, err)
		all = append(all, stream)
	}
	eventually(t, "all are open", func() bool { return silentIn(r.ingest) == n })
	return all
}

func silentIn(in *Ingest) int {
	in.silent.mu.Lock()
	defer in.silent.mu.Unlock()
	return len(in.silent.of)
}

func crowdIn(in *Ingest) int {
	in.crowd.mu.Lock()
	defer in.crowd.mu.Unlock()
	return in.crowd.n
}

// retryOf is when an error says to come back, 0 if it does not.
func retryOf(err error) time.Duration {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration()
		}
	}
	return 0
}

// TestDrainEndsSilentStreams: who has sent nothing yet is told to come back at once, and who opens a stream then, too.
func TestDrainEndsSilentStreams(t *testing.T) {
	r := newRig(t, nil)
	late := r.device(newHPKE(t).PublicKey())
	streams := silentStreams(t, r, 3)
	r.ingest.Drain()
	stream, err := pb.NewDeviceClient(late.conn).Upload(t.Context())
	must(t, err)
	for i, s := range append(streams, stream) {
		if _, err := s.Recv(); codeOf(err) != codes.Canceled || retryOf(err) != drainRetry {
			t.Errorf("stream %d ended with %v", i, err)
		}
	}
	if silentIn(r.ingest) != 0 {
		t.Error("streams that ended are remembered")
	}
}

// TestSilentStreamEnds: who goes away without a word is forgotten, and may come again.
func TestSilentStreamEnds(t *testing.T) {
	r := newRig(t, nil)
	streams := silentStreams(t, r, 2)
	if n := crowdIn(r.ingest); n != 2 {
		t.Errorf("%d streams are counted", n)
	}
	for _, s := range streams {
		must(t, s.CloseSend())
		if _, err := s.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("it ended with %v", err)
		}
	}
	if silentIn(r.ingest) != 0 {
		t.Error("streams that ended are remembered")
	}
	eventually(t, "none is counted", func() bool { return crowdIn(r.ingest) == 0 }) // that is done after the answer
}

// TestSilentStreamIsOneGoroutine: beside what grpc runs for a connection, a stream that has sent nothing is one goroutine.
func TestSilentStreamIsOneGoroutine(t *testing.T) {
	r := newRig(t, nil)
	connected := r.device(newHPKE(t).PublicKey())
	must(t, connected.consent(nil))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	before := runtime.NumGoroutine()
	_, err := pb.NewDeviceClient(connected.conn).Upload(ctx)
	must(t, err)
	eventually(t, "it is open", func() bool { return silentIn(r.ingest) == 1 })
	if more := runtime.NumGoroutine() - before; more > 2 { // one of them the client's
		t.Errorf("%d goroutines", more)
	}
}
