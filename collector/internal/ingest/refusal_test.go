package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// bare collects every refusal that reached a client and does not say what to do.
type bare struct {
	mu    sync.Mutex // guards what follows
	found []string
	seen  map[codes.Code]int // refusals that say it
}

// note looks at one answer. What never reached the server, or was answered by gRPC below the server's own code, is left out.
func (b *bare) note(method string, err error) {
	st, ok := status.FromError(err)
	if !ok || st.Code() == codes.OK || st.Code() == codes.Canceled || st.Code() == codes.DeadlineExceeded {
		return
	}
	for _, below := range []string{"connection error", "error reading from server", "write tcp", "read tcp", "malformed method name", "received message larger than max", "unexpected HTTP status", "transport"} {
		if strings.Contains(st.Message(), below) {
			return
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.seen == nil {
		b.seen = map[codes.Code]int{}
	}
	b.seen[st.Code()]++
	if says(st) == "" {
		b.found = append(b.found, fmt.Sprintf("%s: %v", method, err))
	}
}

// says is what a refusal tells its caller to do, "" if nothing that can be relied upon.
func says(st *status.Status) string {
	closed := []string{ReasonReEnrol, ReasonForbidden, ReasonMend, ReasonGiveAnew, ReasonDrawAnew, ReasonNotServed}
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.RetryInfo:
			if _, final := reasons[st.Code()]; !final && d.GetRetryDelay().AsDuration() > 0 {
				return "retry"
			}
		case *errdetails.ErrorInfo:
			if d.GetReason() == reasons[st.Code()] && d.GetDomain() == Domain && slices.Contains(closed, d.GetReason()) {
				return d.GetReason()
			}
		}
	}
	return ""
}

func (b *bare) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := next(ctx, method, req, reply, cc, opts...)
	b.note(method, err)
	return err
}

func (b *bare) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	s, err := next(ctx, desc, cc, method, opts...)
	if err != nil {
		b.note(method, err)
		return nil, err
	}
	return &listening{s, b, method}, nil
}

type listening struct {
	grpc.ClientStream
	b      *bare
	method string
}

func (l *listening) RecvMsg(m any) error {
	err := l.ClientStream.RecvMsg(m)
	if err != nil {
		l.b.note(l.method, err)
	}
	return err
}

// check fails if a refusal said nothing, or if none was seen of a kind that must have been.
func (b *bare) check(t *testing.T, want ...codes.Code) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.found {
		t.Errorf("a refusal without RetryInfo or a reason of the closed list: %s", text)
	}
	for _, c := range want {
		if b.seen[c] == 0 {
			t.Errorf("no refusal with code %v was seen: the search is broken", c)
		}
	}
}

// TestDress: every code is either temporary with a time, or final with a reason.
func TestDress(t *testing.T) {
	for c := codes.Code(1); c <= codes.Unauthenticated; c++ {
		if c == codes.Canceled || c == codes.DeadlineExceeded {
			continue
		}
		st := status.Convert(dress(status.Error(c, "no")))
		if st.Code() != c || says(st) == "" {
			t.Errorf("%v says nothing: %v", c, st.Proto())
		}
	}
	if dress(nil) != nil {
		t.Error("a good answer became a refusal")
	}
	st := status.Convert(dress(retryLater("busy", busyRetry)))
	if n := len(st.Details()); n != 1 {
		t.Errorf("%d details, want the one that was there", n)
	}
	if got := says(status.Convert(dress(errors.New("inside")))); got != "retry" {
		t.Errorf("an error without a code says %q", got)
	}
}
