package x11

import (
	"net"
	"testing"

	"github.com/jezek/xgb/xproto"
)

// tap is the socket of a connection, seen by a test.
type tap struct {
	net.Conn
	writes int
	before map[byte]func() // of a request with this opcode
}

func (p *tap) Write(b []byte) (int, error) {
	p.writes++
	sent := 0
	for at := 0; at+4 <= len(b); at += 4 * int(le.Uint16(b[at+2:])) {
		f := p.before[b[at]]
		if f == nil {
			continue
		}
		if n, err := p.Conn.Write(b[sent:at]); err != nil {
			return sent + n, err
		}
		sent = at
		f()
	}
	n, err := p.Conn.Write(b[sent:])
	return sent + n, err
}

// tapped looks at what a connection sends from now on. Nobody may be sending.
func tapped(c *conn) *tap {
	p := &tap{Conn: c.wire.Conn, before: map[byte]func(){}}
	c.wire.Conn = p
	return p
}

// TestQuestionsGoAsOnePiece: what is asked before a press is one piece for the display; a patch is one; a whole picture is one for each part of it. No
// answer is missing, however many requests are kept.
func TestQuestionsGoAsOnePiece(t *testing.T) {
	s, a, w, _ := watched(t, 100, 100)
	s.mu.Lock()
	defer s.mu.Unlock()
	p := tapped(s.pic)
	pieces := func(what string, want int, f func() string) {
		t.Helper()
		p.writes = 0
		if why := f(); why != "" {
			t.Fatalf("%s: %s", what, why)
		}
		if p.writes != want {
			t.Errorf("%s: %d pieces were sent, want %d", what, p.writes, want)
		}
	}
	catchUp := func() string { why, _ := s.catchUp(); return why }
	renew := func() string { _, why := s.renew(); return why }
	pieces("a look", 1, catchUp)
	s.room, s.watch.stale.all = 0, true
	s.giveBack()
	s.pic.Sync()
	if _, why := s.renew(); why != "" { // borrows the memory
		t.Fatal(why)
	}
	s.watch.stale.all = true
	pieces("a whole picture in two parts", 2, renew)
	a.paintPart(w, orange, 20, 60, 60, 8)
	a.Sync()
	pieces("a look", 1, catchUp)
	pieces("a patch", 1, renew)
	pieces("the time", 1, func() string { _ = s.stamp(0); return "" })

	send := s.pic.wire.gather()
	var cookies []xproto.GetGeometryCookie
	for range mostGathered { // more than the library takes without an answer
		cookies = append(cookies, xproto.GetGeometry(s.pic.Conn, xproto.Drawable(w)))
	}
	send()
	for i, c := range cookies {
		if _, err := c.Reply(); err != nil {
			t.Fatalf("request %d of %d: %v", i, len(cookies), err)
		}
	}
}
