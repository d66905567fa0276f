//go:build linux

package operator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/embed"
	"github.com/byleave/byleave/collector/internal/store/storetest"
	"github.com/byleave/byleave/proto/pb"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const childSocket = "BYLEAVE_OPERATOR_CHILD_SOCKET"

func TestMain(m *testing.M) {
	if path := os.Getenv(childSocket); path != "" {
		knock(path)
		return
	}
	goleak.VerifyTestMain(m)
}

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// desk is an operator with a store and a client on the socket.
type desk struct {
	store  *embed.Store
	client pb.OperatorClient
	path   string
}

// newDesk serves an operator whose clock stands two days after Noon, so that Noon's day has ended.
func newDesk(t *testing.T) *desk {
	t.Helper()
	s, _, err := embed.Open(ctx, storetest.Memory(t), quiet())
	must(t, err)
	dir, err := os.MkdirTemp("", "op") // short: the path of a socket has 107 bytes at most
	must(t, err)
	d := &desk{store: s, path: filepath.Join(dir, "operator.sock")}
	l, err := Listen(d.path)
	must(t, err)
	done := make(chan struct{})
	srv := grpc.NewServer()
	pb.RegisterOperatorServer(srv, New(s, quiet(), func() time.Time { return storetest.Noon.AddDate(0, 0, 2) }, done))
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	conn, err := grpc.NewClient("unix://"+d.path, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	d.client = pb.NewOperatorClient(conn)
	t.Cleanup(func() {
		close(done)
		must(t, conn.Close())
		srv.GracefulStop()
		must(t, <-served)
		must(t, s.Close())
		must(t, os.RemoveAll(dir))
	})
	return d
}

func (d *desk) put(t *testing.T, r store.Record) {
	t.Helper()
	out, err := d.store.Put(ctx, []store.Record{r})
	must(t, err)
	if out[0] != store.Stored {
		t.Fatalf("outcome %d", out[0])
	}
}

func (d *desk) tail(t *testing.T) []*pb.TailResponse {
	t.Helper()
	stream, err := d.client.Tail(ctx, &pb.TailRequest{})
	must(t, err)
	var out []*pb.TailResponse
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return out
		}
		must(t, err)
		out = append(out, r)
	}
}

// picture is everything that an operator can see, as text.
func (d *desk) picture(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, r := range d.tail(t) {
		fmt.Fprintln(&b, r)
	}
	s, err := d.client.Stats(ctx, &pb.StatsRequest{})
	must(t, err)
	fmt.Fprintln(&b, s.GetText(), s.GetBoxes(), s.GetBytes(), s.GetSuppressed(), s.GetDays())
	return b.String()
}
