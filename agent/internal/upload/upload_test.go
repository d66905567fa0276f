package upload

import (
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/proto/pb"
)

func TestBoxesArriveOnceAndInOrder(t *testing.T) {
	c := new(collector).start(t, newAuthority(t))
	u := run(t, c.identity(t), nil)
	boxes := newBoxes(t, 40)
	u.send(boxes[:30]...)
	until(t, "thirty boxes", func() bool { return u.queue.done() == 30 })
	u.send(boxes[30:]...)
	until(t, "all boxes", func() bool { return u.queue.left() == 0 && u.queue.done() == 40 })
	for i, b := range boxes {
		h := b.Header()
		if u.queue.sent[i] != h.Batch || c.stored[string(h.Batch[:])] != 1 {
			t.Fatalf("box %d: sent as another one, or stored %d times", i, c.stored[string(h.Batch[:])])
		}
	}
	if s := u.Status(); s.Sent != 40 || s.Words != "" || s.LastSent.IsZero() {
		t.Fatalf("status: %+v", s)
	}
}

// TestCutStreamsLoseNothing cuts streams at random: before and after a box is stored, with and without its ack.
func TestCutStreamsLoseNothing(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var mu sync.Mutex
	c := &collector{}
	c.upload = func(_ int, id string, _ pb.Device_UploadServer) (*pb.UploadResponse, error) {
		mu.Lock()
		roll := rng.IntN(10)
		mu.Unlock()
		switch roll {
		case 0:
			return nil, status.Error(codes.Unavailable, "cut before it was stored")
		case 1, 2:
			c.store(id)
			return nil, status.Error(codes.Unavailable, "cut before the ack")
		}
		return c.store(id), nil
	}
	c.start(t, newAuthority(t))
	u := run(t, c.identity(t), nil)
	boxes := newBoxes(t, 60)
	u.send(boxes...)
	until(t, "all boxes", func() bool { return u.queue.left() == 0 })
	u.stop()
	for _, b := range boxes {
		h := b.Header()
		if c.stored[string(h.Batch[:])] != 1 || !slices.Contains(u.queue.sent, h.Batch) {
			t.Fatal("a box was lost or stored twice")
		}
	}
	if len(u.queue.sent) != 60 {
		t.Fatalf("%d acks for 60 boxes", len(u.queue.sent))
	}
}

// TestNoAckNoSent: whatever the collector says but STORED or DUPLICATE, the box stays.
func TestNoAckNoSent(t *testing.T) {
	for name, res := range map[string]func(id string) *pb.UploadResponse{
		"unspecified": func(id string) *pb.UploadResponse { return answerWith(id, pb.Outcome_OUTCOME_UNSPECIFIED) },
		"unknown":     func(id string) *pb.UploadResponse { return answerWith(id, 99) },
		"retry":       func(id string) *pb.UploadResponse { return answerWith(id, pb.Outcome_OUTCOME_RETRY) },
		"withdrawn":   func(id string) *pb.UploadResponse { return answerWith(id, pb.Outcome_OUTCOME_WITHDRAWN) },
		"re-enrol":    func(id string) *pb.UploadResponse { return answerWith(id, pb.Outcome_OUTCOME_RE_ENROL) },
		"no consent":  func(id string) *pb.UploadResponse { return answerWith(id, pb.Outcome_OUTCOME_SEND_CONSENT) },
		"another id":  func(string) *pb.UploadResponse { return answerWith("0123456789abcdef", pb.Outcome_OUTCOME_STORED) },
		"a short id":  func(string) *pb.UploadResponse { return answerWith("x", pb.Outcome_OUTCOME_STORED) },
	} {
		t.Run(name, func(t *testing.T) {
			c := &collector{upload: func(_ int, id string, _ pb.Device_UploadServer) (*pb.UploadResponse, error) { return res(id), nil }}
			c.start(t, newAuthority(t))
			u := run(t, c.identity(t), nil)
			u.send(newBox(t, 1, 1))
			until(t, "words", func() bool { return u.Status().Words != "" })
			u.stop()
			if u.queue.left() != 1 || u.queue.done() != 0 || len(u.queue.aside) != 0 {
				t.Fatalf("left %d, sent %d, set aside %d", u.queue.left(), u.queue.done(), len(u.queue.aside))
			}
		})
	}
}

func TestRetryIsTriedAgainNotBeforeItsTime(t *testing.T) {
	const wish = 300 * time.Millisecond
	var first, second time.Time
	c := &collector{}
	c.upload = func(n int, id string, _ pb.Device_UploadServer) (*pb.UploadResponse, error) {
		if n == 1 {
			first = time.Now()
			r := answerWith(id, pb.Outcome_OUTCOME_RETRY)
			r.Ack.RetryAfterMs = uint32(wish.Milliseconds())
			return r, nil
		}
		second = time.Now()
		return c.store(id), nil
	}
	c.start(t, newAuthority(t))
	u := run(t, c.identity(t), nil)
	u.send(newBox(t, 1, 1))
	until(t, "the box", func() bool { u.Kick(); return u.queue.done() == 1 }) // kicks do not shorten the wait
	u.stop()
	if got := second.Sub(first); got < wish {
		t.Fatalf("came back after %v, asked for %v", got, wish)
	}
}

func TestQuarantineSetsAsideAndGoesOn(t *testing.T) {
	c := &collector{}
	c.upload = func(n int, id string, _ pb.Device_UploadServer) (*pb.UploadResponse, error) {
		if n == 1 {
			return answerWith(id, pb.Outcome_OUTCOME_QUARANTINE), nil
		}
		return c.store(id), nil
	}
	c.start(t, newAuthority(t))
	u := run(t, c.identity(t), nil)
	boxes := newBoxes(t, 2)
	u.send(boxes...)
	until(t, "both answers", func() bool { return u.queue.left() == 0 })
	if u.queue.aside[0] != boxes[0].Header().Batch || u.queue.sent[0] != boxes[1].Header().Batch || u.Status().SetAside != 1 {
		t.Fatal("the wrong box was set aside")
	}
}

func TestConsentIsSentWhenAskedFor(t *testing.T) {
	c := &collector{}
	c.upload = func(_ int, id string, _ pb.Device_UploadServer) (*pb.UploadResponse, error) {
		if c.count(func() int { return len(c.told) }) < 2 { // once at the start, once because we asked
			return answerWith(id, pb.Outcome_OUTCOME_SEND_CONSENT), nil
		}
		return c.store(id), nil
	}
	c.start(t, newAuthority(t))
	u := run(t, c.identity(t), nil)
	fatal(t, u.keys.SaveStub(newStub(t, 1, false)))
	u.send(newBox(t, 1, 1))
	until(t, "the box", func() bool { return u.queue.done() == 1 })
}

// A collector that asks for a consent which this device never gave gets nothing made up, and the box stays.
func TestConsentThatNobodyGave(t *testing.T) {
	c := &collector{}
	c.upload = func(_ int, id string, _ pb.Device_UploadServer) (*pb.UploadResponse, error) {
		return answerWith(id, pb.Outcome_OUTCOME_SEND_CONSENT), nil
	}
	c.start(t, newAuthority(t))
	u := run(t, c.identity(t), nil)
	fatal(t, u.keys.SaveStub(newStub(t, 2, false)))
	u.send(newBox(t, 1, 1))
	until(t, "words", func() bool { return strings.Contains(u.Status().Words, "no record of") })
	u.stop()
	for _, body := range c.told {
		var stub pb.ConsentStub
		fatal(t, proto.Unmarshal(body, &stub))
		if stub.GetId()[15] != 2 {
			t.Errorf("told of a consent that nobody gave: %v", &stub)
		}
	}
	if stub, err := u.keys.Stub([16]byte{15: 1}); stub != nil || err != nil || u.queue.left() != 1 || u.queue.done() != 0 {
		t.Errorf("stub %x, %v; %d boxes left", stub, err, u.queue.left())
	}
}

func TestWithdrawnConsentDoesNotHoldBackAnother(t *testing.T) {
	c := &collector{}
	old := newBox(t, 1, 1)
	batch := old.Header().Batch
	c.upload = func(_ int, id string, _ pb.Device_UploadServer) (*pb.UploadResponse, error) {
		if id == string(batch[:]) {
			return answerWith(id, pb.Outcome_OUTCOME_WITHDRAWN), nil
		}
		return c.store(id), nil
	}
	c.start(t, newAuthority(t))
	u := run(t, c.identity(t), nil)
	u.send(old, newBox(t, 2, 2))
	until(t, "the other consent's box", func() bool { return u.queue.done() == 1 })
	u.send(newBox(t, 3, 1), newBox(t, 4, 2))
	until(t, "one more", func() bool { return u.queue.done() == 2 })
	until(t, "words", func() bool { return strings.Contains(u.Status().Words, "withdrawn") })
	u.stop()
	if u.queue.left() != 2 || c.count(func() int { return len(c.received) }) != 4-1 {
		t.Fatalf("left %d, received %d", u.queue.left(), len(c.received))
	}
}

func TestWithdrawalComesBeforeBoxesAndUntilItIsHeard(t *testing.T) {
	tries := 0
	c := &collector{}
	c.put = func(*pb.Signed) error {
		if tries++; tries < 4 {
			return status.Error(codes.Unavailable, "not yet")
		}
		return nil
	}
	c.upload = func(_ int, id string, _ pb.Device_UploadServer) (*pb.UploadResponse, error) {
		if c.count(func() int { return len(c.told) }) == 0 {
			t.Error("a box came before the withdrawal")
		}
		return c.store(id), nil
	}
	c.start(t, newAuthority(t))
	u := run(t, c.identity(t), nil)
	fatal(t, u.keys.SaveWithdrawal(newStub(t, 7, true)))
	u.send(newBox(t, 1, 1))
	u.Hurry()
	until(t, "the box", func() bool { return u.queue.done() == 1 })
	pending, err := u.keys.PendingStubs()
	if err != nil || len(pending) != 0 {
		t.Fatalf("%d stubs still wait: %v", len(pending), err)
	}
}

func TestRefusedStubHoldsBackNothing(t *testing.T) {
	c := &collector{put: func(s *pb.Signed) error {
		if strings.Contains(string(s.GetBody()), "\x01") && !strings.Contains(string(s.GetBody()), "\x02") {
			return status.Error(codes.InvalidArgument, "not this one")
		}
		return nil
	}}
	c.start(t, newAuthority(t))
	u := run(t, c.identity(t), nil)
	fatal(t, u.keys.SaveStub(newStub(t, 1, false)))
	fatal(t, u.keys.SaveStub(newStub(t, 2, false)))
	u.send(newBox(t, 1, 2))
	until(t, "the box", func() bool { return u.queue.done() == 1 })
	until(t, "words", func() bool { return u.Status().Words == wordsStub })
	if pending, err := u.keys.PendingStubs(); err != nil || len(pending) != 1 {
		t.Fatalf("%d stubs wait: %v", len(pending), err)
	}
}

// TestRateIsKept: what leaves takes at least as long as the person's rate says. Nobody can promise that it takes no longer.
func TestRateIsKept(t *testing.T) {
	boxes := newBoxes(t, 6)
	bytes := 0
	for _, b := range boxes {
		bytes += len(b.Bytes())
	}
	c := (&collector{}).start(t, newAuthority(t))
	const rate = 100_000
	began := time.Now()
	u := run(t, c.identity(t), func(o *Options, _ *pace) { o.Budget.Own(keystore.Limits{Rate: rate}, nil) })
	u.send(boxes...)
	until(t, "the boxes to leave", func() bool { return u.queue.done() == len(boxes) })
	if took, least := time.Since(began), time.Duration(bytes)*time.Second/rate; took < least {
		t.Errorf("%d bytes left in %v, at least %v were to pass", bytes, took, least)
	}
}

// TestNoCreditNoBox: after the first answers say zero, nothing more may come until credit does.
func TestNoCreditNoBox(t *testing.T) {
	boxes := newBoxes(t, 100)
	free := firstCredit / len(boxes[0].Bytes())
	if free >= 100 {
		t.Fatalf("the boxes are too small: %d fit", free)
	}
	acked := make(chan struct{})
	c := &collector{}
	c.upload = func(n int, id string, s pb.Device_UploadServer) (*pb.UploadResponse, error) {
		r := c.store(id)
		if n < free {
			r.CreditBytes = 0
			return r, nil
		}
		if n == free {
			r.CreditBytes = 0
			if err := s.Send(r); err != nil {
				return nil, err
			}
			close(acked)
			return nil, nil
		}
		return r, nil
	}
	c.start(t, newAuthority(t))
	u := run(t, c.identity(t), func(_ *Options, p *pace) { p.stall, p.most, p.first = 400*time.Millisecond, time.Hour, time.Hour })
	u.send(boxes...)
	<-acked
	until(t, "the stall to be noticed", func() bool { return u.Status().Words == wordsSilent })
	if got := c.count(func() int { return len(c.received) }); got != free {
		t.Fatalf("%d boxes came, credit was for %d", got, free)
	}
}

func TestHoldPassesFirst(t *testing.T) {
	const hold = 250 * time.Millisecond
	c := new(collector).start(t, newAuthority(t))
	u := run(t, c.identity(t), func(o *Options, _ *pace) { o.Hold = func() time.Duration { return hold } })
	start := time.Now()
	u.send(newBox(t, 1, 1))
	until(t, "the box", func() bool { return u.queue.done() == 1 })
	if got := time.Since(start); got < hold {
		t.Fatalf("left after %v, hold is %v", got, hold)
	}
}

func TestWaitHoldsEverythingBack(t *testing.T) {
	c := new(collector).start(t, newAuthority(t))
	var mu sync.Mutex
	why := "the clock was set"
	u := run(t, c.identity(t), func(o *Options, _ *pace) {
		o.Wait = func() string { mu.Lock(); defer mu.Unlock(); return why }
	})
	u.send(newBox(t, 1, 1))
	until(t, "words", func() bool { return u.Status().Words == why })
	if c.count(func() int { return c.checkIns + c.streams }) != 0 {
		t.Fatal("something was sent")
	}
	mu.Lock()
	why = ""
	mu.Unlock()
	u.Kick()
	until(t, "the box", func() bool { return u.queue.done() == 1 && u.Status().Words == "" })
}

// TestWithdrawalIsToldUnderDoubt: a clock in doubt keeps boxes here, and no withdrawal. Whoever withdrew has no reason to say that the clock is
// right, and until the collector hears of it, it goes on giving away what it has.
func TestWithdrawalIsToldUnderDoubt(t *testing.T) {
	c := new(collector).start(t, newAuthority(t))
	u := run(t, c.identity(t), func(o *Options, _ *pace) { o.Wait = func() string { return "the clock was set" } })
	u.send(newBox(t, 1, 1))
	until(t, "the doubt", func() bool { return u.Status().Words == "the clock was set" })
	fatal(t, u.keys.SaveWithdrawal(newStub(t, 7, true)))
	u.Hurry()
	until(t, "the withdrawal at the collector", func() bool {
		pending, err := u.keys.PendingStubs()
		return err == nil && len(pending) == 0
	})
	if n := c.count(func() int { return len(c.received) }); n != 0 || u.queue.done() != 0 {
		t.Errorf("%d boxes left under a clock in doubt", n)
	}
}

func TestPolicyComesWithTheDailyCheckIn(t *testing.T) {
	got := make(chan []byte, 10)
	c := &collector{policy: func() (*pb.Signed, error) { return &pb.Signed{Body: []byte("policy")}, nil }}
	c.start(t, newAuthority(t))
	u := run(t, c.identity(t), func(o *Options, p *pace) {
		o.Policy = func(b []byte) { got <- b }
		p.day = 30 * time.Millisecond
	})
	for range 3 { // with nothing to send, nobody kicks: the check-in has its own clock
		if b := <-got; !strings.Contains(string(b), "policy") {
			t.Fatalf("%q", b)
		}
	}
	u.stop()
}

func TestNothingToSendNothingHappens(t *testing.T) {
	c := new(collector).start(t, newAuthority(t))
	u := run(t, c.identity(t), nil)
	until(t, "the first check-in", func() bool { return c.count(func() int { return c.checkIns }) == 1 })
	for range 50 {
		u.Kick()
	}
	u.send(newBox(t, 1, 1))
	until(t, "the box", func() bool { return u.queue.done() == 1 })
	u.stop()
	if c.checkIns != 1 || c.streams != 1 {
		t.Fatalf("%d check-ins, %d streams", c.checkIns, c.streams)
	}
}

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
