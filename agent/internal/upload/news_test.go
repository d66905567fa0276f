package upload

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/proto/pb"
)

// push is a collector that says news with its first answer, and keeps what devices say that they heard.
type push struct {
	collector
	heard [][]byte
}

func pushing(t *testing.T, news *pb.News) *push {
	c := &push{}
	c.upload = func(n int, id string, s pb.Device_UploadServer) (*pb.UploadResponse, error) {
		if n == 1 {
			if err := s.Send(&pb.UploadResponse{News: news, CreditBytes: 2 << 20}); err != nil {
				return nil, err
			}
		}
		return c.store(id), nil
	}
	c.first = func(heard []byte) { c.mu.Lock(); defer c.mu.Unlock(); c.heard = append(c.heard, heard) }
	c.start(t, newAuthority(t))
	return c
}

// TestNewsDownTheStream: a policy and withdrawals that come between answers reach who judges them, before the next box leaves; their mark is
// kept and said with the next stream.
func TestNewsDownTheStream(t *testing.T) {
	mark := bytes.Repeat([]byte{7}, 32)
	news := &pb.News{Policy: &pb.Signed{Body: []byte("policy")}, Withdrawn: []*pb.Signed{{Body: []byte("stub")}}, Mark: mark}
	c := pushing(t, news)
	var policies [][]byte
	var stubs []*pb.Signed
	u := run(t, c.identity(t), func(o *Options, _ *pace) {
		o.Policy = func(b []byte) { policies = append(policies, b) }
		o.Elsewhere = func(s []*pb.Signed) error { stubs = append(stubs, s...); o.Budget.Stop("you withdrew"); return nil }
	})
	u.send(newBox(t, 1, 1))
	until(t, "the words", func() bool { return u.queue.done() == 1 && u.opt.Budget.Why(time.Now()) == "you withdrew" })
	u.send(newBox(t, 2, 1))
	until(t, "the reason", func() bool { return u.Status().Words == "you withdrew" })
	if n := c.count(func() int { return len(c.received) }); n != 1 || u.queue.left() != 1 {
		t.Fatalf("%d boxes came, %d are left", n, u.queue.left())
	}
	fatal(t, u.keys.SaveWithdrawal(newStub(t, 7, true))) // the person's own word goes out all the same
	u.Kick()
	until(t, "the withdrawal", func() bool { return c.count(func() int { return len(c.told) }) == 1 })
	u.opt.Budget.Stop("")
	u.Kick()
	until(t, "the second box", func() bool { return u.queue.done() == 2 })
	u.stop()
	var p pb.Signed
	if len(policies) != 1 || proto.Unmarshal(policies[0], &p) != nil || string(p.GetBody()) != "policy" || len(stubs) != 1 || string(stubs[0].GetBody()) != "stub" {
		t.Errorf("handed on: %q, %v", policies, stubs)
	}
	if len(c.heard) != 2 || !bytes.Equal(c.heard[0], make([]byte, 32)) || !bytes.Equal(c.heard[1], mark) {
		t.Errorf("said to have heard %x", c.heard)
	}
}

// TestNewsThatCannotBeKept: nothing is sent, and it is asked for again.
func TestNewsThatCannotBeKept(t *testing.T) {
	c := pushing(t, &pb.News{Mark: make([]byte, 32)})
	u := run(t, c.identity(t), func(o *Options, _ *pace) { o.Elsewhere = func([]*pb.Signed) error { return errors.New("disk full") } })
	u.send(newBox(t, 1, 1))
	until(t, "words", func() bool { return strings.Contains(u.Status().Words, "cannot be noted") })
	if u.keys.Mark() != ([32]byte{}) {
		t.Error("the mark was kept")
	}
}

// TestFloodOfNews: a collector that never ends to push is hung up on, whatever it pushes and whenever; nothing is lost.
func TestFloodOfNews(t *testing.T) {
	for _, c := range []struct {
		name  string
		push  *pb.UploadResponse
		after bool // all boxes are answered
	}{
		{"news", &pb.UploadResponse{News: &pb.News{Mark: []byte("short")}, CreditBytes: 2 << 20}, false},
		{"nothing", &pb.UploadResponse{}, false},
		{"credit", &pb.UploadResponse{CreditBytes: 2 << 20}, false},
		{"answers to nothing", answerWith("0123456789abcdef", pb.Outcome_OUTCOME_STORED), true},
	} {
		t.Run(c.name, func(t *testing.T) { flood(t, c.push, c.after) })
	}
}

func flood(t *testing.T, push *pb.UploadResponse, after bool) {
	ended := make(chan struct{})
	var once sync.Once
	pour := func(s pb.Device_UploadServer) error {
		defer once.Do(func() { close(ended) })
		for {
			if err := s.Send(push); err != nil {
				return err
			}
		}
	}
	c := &collector{}
	c.upload = func(_ int, id string, s pb.Device_UploadServer) (*pb.UploadResponse, error) {
		if !after {
			return nil, pour(s)
		}
		if err := s.Send(c.store(id)); err != nil {
			return nil, err
		}
		if _, err := s.Recv(); !errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, pour(s)
	}
	c.start(t, newAuthority(t))
	heard := 0
	u := run(t, c.identity(t), func(o *Options, p *pace) {
		o.Elsewhere = func([]*pb.Signed) error { heard++; return nil }
		p.first, p.most = time.Hour, time.Hour
	})
	u.send(newBox(t, 1, 1))
	until(t, "words", func() bool { return u.Status().Words == wordsRefused })
	select {
	case <-ended:
	case <-time.After(3 * time.Minute):
		t.Error("the line is open still")
	}
	u.stop()
	left := 1
	if after {
		left = 0
	}
	if heard > maxIdle+1 || u.queue.left() != left { // the check-in is one, too
		t.Errorf("heard %d times, %d boxes left", heard, u.queue.left())
	}
}
