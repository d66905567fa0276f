package upload

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
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
	u := run(t, c.identity(t), func(_ *Options, p *pace) { p.stall, p.most, p.first = 3*time.Second, time.Hour, time.Hour })
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
