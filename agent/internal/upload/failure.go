package upload

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/byleave/byleave/proto/pin"
)

// failure is a session that ended early. Nothing is lost by it; words say why, and what helps.
type failure struct {
	words   string
	after   time.Duration // the collector's own wish
	reEnrol bool
}

func (f failure) Error() string { return f.words }

// The words of a failure are sentences for the person, because status shows them.
const (
	wordsAway    = "the collector does not answer; what is recorded waits here until it does"
	wordsWrongCA = "whoever answers at the collector's address is not the collector that you enrolled with; if a proxy inspects TLS, exempt that address"
	wordsExpired = "this device's certificate has expired or was revoked; ask the operator for an invitation and enrol again"
	wordsBusy    = "the collector asked to wait"
	wordsSilent  = "the collector stopped answering in the middle; it is tried again"
	wordsStub    = "the collector refuses the record of a consent; withdraw it or give it again"
	wordsErase   = "the collector refuses an erasure that you asked for; use your receipt, or tell the operator"
	wordsRefused = "the collector does not understand this agent; one of them needs an update"
)

// explain makes a failure of what gRPC says. server tells what the handshake with addr saw.
func explain(err error, server *pin.Server, addr string) error {
	if err == nil {
		return nil
	}
	if f := (failure{}); errors.As(err, &f) {
		return f
	}
	st := status.Convert(err)
	switch code := st.Code(); {
	case server.Refused():
		return failure{words: wrongServer(addr)}
	case code == codes.Unauthenticated || code == codes.PermissionDenied || rejectedByPeer(st.Message()):
		return failure{words: wordsExpired, reEnrol: true}
	case code == codes.Unavailable:
		return failure{words: wordsAway, after: retryInfo(st)}
	case code == codes.ResourceExhausted || code == codes.Aborted:
		return failure{words: wordsBusy, after: retryInfo(st)}
	case code == codes.DeadlineExceeded || code == codes.Canceled || errors.Is(err, context.Canceled):
		return failure{words: wordsSilent, after: retryInfo(st)}
	case code == codes.Unimplemented || code == codes.InvalidArgument:
		return failure{words: wordsRefused, after: retryInfo(st)}
	}
	return failure{words: wordsAway, after: retryInfo(st)}
}

// rejectedByPeer tells whether the other end ended the handshake over our certificate. In TLS 1.3 the client learns this
// after its own handshake is done, and gRPC passes it on as text alone.
func rejectedByPeer(message string) bool {
	for _, alert := range []string{"bad certificate", "expired certificate", "revoked certificate", "unknown certificate authority", "certificate required"} {
		if strings.Contains(message, "remote error: tls: "+alert) {
			return true
		}
	}
	return false
}

// maxWish bounds what the collector may ask for: a day, so that no message stops a device for good.
const maxWish = 24 * time.Hour

func retryInfo(st *status.Status) time.Duration {
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			return min(max(info.GetRetryDelay().AsDuration(), 0), maxWish)
		}
	}
	return 0
}

// backOff is how long to wait after the n-th failure in a row: twice as long each time, between half and all of it by chance,
// so that devices do not return all at once. The collector's wish is honoured, and only lengthened.
func backOff(p pace, n int, wish time.Duration) time.Duration {
	d := p.most
	if n < 20 && p.first<<n < p.most {
		d = p.first << n
	}
	d = d/2 + rand.N(d/2+1)
	if wish > d {
		d = wish + rand.N(wish/10+1)
	}
	return d
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a time.Time, rest ...time.Time) time.Time {
	for _, t := range rest {
		if t.Before(a) {
			a = t
		}
	}
	return a
}
