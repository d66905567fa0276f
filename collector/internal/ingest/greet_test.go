package ingest

import (
	"crypto/tls"
	"net"
	"sync"
	"testing"

	"github.com/byleave/byleave/proto/pb"
)

// TestGreeterTakesTurns: many connect at once through a single turn, and one that says nothing, or half a word, holds nobody up.
func TestGreeterTakesTurns(t *testing.T) {
	r := newRig(t, nil)
	conf, err := r.authority.ServerTLS(nil)
	must(t, err)
	g := newGreeter(1)
	creds := g.credentials(conf)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var served sync.WaitGroup
	served.Go(func() {
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			served.Go(func() {
				defer raw.Close()
				if c, _, err := creds.ServerHandshake(raw); err == nil {
					c.Write([]byte("w"))
				}
			})
		}
	})
	var silent []net.Conn
	for _, word := range []string{"", "\x16\x03\x01\x02\x00", "no TLS at all"} {
		c, err := net.Dial("tcp", l.Addr().String())
		must(t, err)
		_, err = c.Write([]byte(word))
		must(t, err)
		silent = append(silent, c)
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			// Turns are tested, not trust: the server's certificate is of no authority.
			c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"}})
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if _, err := c.Read(make([]byte, 1)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, c := range silent {
		must(t, c.Close())
	}
	must(t, l.Close())
	served.Wait()
	if len(g.turns) != 0 {
		t.Errorf("%d turns are lost", len(g.turns))
	}
}

// TestGreeterIsConnected: the server's own handshakes take turns, and give them back.
func TestGreeterIsConnected(t *testing.T) {
	r := newRig(t, nil)
	g := r.ingest.greeter
	for range cap(g.turns) {
		g.turns <- struct{}{} // all are taken
	}
	answered := make(chan error, 1)
	go func() {
		_, err := pb.NewLedgerClient(r.dial()).Checkpoint(t.Context(), &pb.CheckpointRequest{})
		answered <- err
	}()
	eventually(t, "somebody waits for a turn", func() bool { return g.waiting.Load() == 1 })
	select {
	case err := <-answered:
		t.Fatal("greeted without a turn:", err)
	default:
	}
	<-g.turns
	<-answered // greeted; what the ledger says does not matter here
	for range cap(g.turns) - 1 {
		<-g.turns
	}
	if len(g.turns) != 0 {
		t.Errorf("%d turns are lost", len(g.turns))
	}
}
