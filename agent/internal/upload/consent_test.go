package upload

import (
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

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
