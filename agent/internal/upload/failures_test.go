package upload

import (
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

func TestFailuresAreSaidAndMended(t *testing.T) {
	c := new(collector).start(t, newAuthority(t))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatal(t, err)
	gone := l.Addr().String()
	fatal(t, l.Close())
	away, foreign, ended := c.identity(t), c.identity(t), c.identity(t)
	away.Collector = gone
	foreign.CA = newAuthority(t).cert
	ended.TLS = c.ca.client(t, -time.Hour)
	notOurs := c.identity(t)
	notOurs.TLS = newAuthority(t).client(t, time.Hour)
	for name, k := range map[string]struct {
		u     *running
		words string
	}{
		"collector away":         {run(t, away, nil), wordsAway},
		"wrong authority":        {run(t, foreign, nil), wordsWrongCA},
		"expired certificate":    {run(t, ended, nil), wordsExpired},
		"certificate of another": {run(t, notOurs, nil), wordsExpired},
	} {
		k.u.send(newBox(t, 1, 1))
		until(t, name, func() bool { return k.u.Status().Words == k.words })
		k.u.stop()
		if k.u.queue.left() != 1 || c.count(func() int { return len(c.received) }) != 0 {
			t.Errorf("%s: the box left", name)
		}
	}
}

// TestExpiredCertificateAtTheServer: the device's clock is behind, so that the server is who notices.
func TestExpiredCertificateAtTheServer(t *testing.T) {
	c := new(collector).start(t, newAuthority(t))
	id := c.identity(t)
	id.TLS = c.ca.client(t, -time.Hour)
	id.TLS.Leaf = c.ca.client(t, time.Hour).Leaf
	u := run(t, id, nil)
	u.send(newBox(t, 1, 1))
	until(t, "words", func() bool { return u.Status().Words == wordsExpired && u.Status().ReEnrol })
}

func TestRevokedDeviceStops(t *testing.T) {
	c := &collector{policy: func() (*pb.Signed, error) { return nil, status.Error(codes.Unauthenticated, "revoked") }}
	c.start(t, newAuthority(t))
	u := run(t, c.identity(t), nil)
	u.send(newBox(t, 1, 1))
	until(t, "words", func() bool { return u.Status().ReEnrol })
	for range 20 {
		u.Kick()
	}
	u.stop()
	if c.checkIns != 1 || u.queue.left() != 1 {
		t.Fatalf("%d calls after the revocation", c.checkIns-1)
	}
}

func TestSpoolTroubleKeepsTheBox(t *testing.T) {
	c := new(collector).start(t, newAuthority(t))
	u := run(t, c.identity(t), nil)
	u.queue.fail = errors.New("disk")
	u.send(newBox(t, 1, 1))
	until(t, "the box as a duplicate", func() bool { return u.queue.done() == 1 })
	if len(c.received) != 2 {
		t.Fatalf("received %d times", len(c.received))
	}
}

func TestRetryInfoOfAStatusIsHonoured(t *testing.T) {
	st, err := status.New(codes.ResourceExhausted, "busy").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Minute)})
	fatal(t, err)
	if got := retryInfo(st); got != time.Minute {
		t.Fatal(got)
	}
	forever, err := status.New(codes.Unavailable, "").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(1e6 * time.Hour)})
	fatal(t, err)
	if got := retryInfo(forever); got != maxWish {
		t.Fatal(got)
	}
}

func TestBackOffGrowsAndIsBounded(t *testing.T) {
	p := pace{first: time.Second, most: time.Minute}
	for n := range 200 {
		d := backOff(p, n, 0)
		top := p.most
		if n < 6 {
			top = p.first << n
		}
		if d < top/2 || d > top {
			t.Fatalf("failure %d: %v", n, d)
		}
		if w := backOff(p, n, time.Hour); w < time.Hour || w > 2*time.Hour {
			t.Fatalf("failure %d with a wish: %v", n, w)
		}
	}
}

// TestNoReconnectStorm: 2,000 devices lose the collector in the same second, for an hour. None knocks more than 20 times, and when it is
// back they come by chance over a quarter of an hour: no ten seconds see more than one in twenty.
func TestNoReconnectStorm(t *testing.T) {
	const devices, window = 2000, 10 * time.Second
	var back []time.Duration
	for range devices {
		at, n := time.Duration(0), 0
		for ; at < time.Hour; n++ {
			at += backOff(usual, n, 0)
		}
		if n > 20 {
			t.Fatalf("a device tried %d times in an hour", n)
		}
		back = append(back, at)
	}
	slices.Sort(back)
	most := 0
	for i, j := 0, 0; j < len(back); j++ {
		for back[j]-back[i] > window {
			i++
		}
		most = max(most, j-i+1)
	}
	if most > devices/20 {
		t.Errorf("%d of %d devices came within %v", most, devices, window)
	}
	t.Logf("at most %d of %d devices within %v, all within %v", most, devices, window, back[len(back)-1]-back[0])
}
