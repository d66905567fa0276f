package wire

import (
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// line is a connection whose system holds as much as it was told and sends at a rate. It lives in a bubble, where time is what the test says.
type line struct {
	net.Conn
	rate   float64 // bytes a second
	most   int
	queued float64
	at     time.Time
	writes int
}

// SetWriteBuffer is that of net.TCPConn; Linux holds twice as much.
func (l *line) SetWriteBuffer(n int) error { l.most = 2 * n; return nil }

// Write is that of net.Conn: it waits until all has room.
func (l *line) Write(b []byte) (int, error) {
	l.writes++
	l.drain()
	if over := l.queued + float64(len(b)) - float64(l.most); over > 0 {
		time.Sleep(time.Duration(over / l.rate * float64(time.Second)))
		l.drain()
	}
	l.queued += float64(len(b))
	return len(b), nil
}

func (l *line) drain() {
	now := time.Now()
	l.queued = max(0, l.queued-l.rate*now.Sub(l.at).Seconds())
	l.at = now
}

// gaps is a pace that keeps the longest time in which nothing moved.
type gaps struct {
	last    time.Time
	longest time.Duration
}

func (g *gaps) Moved(int) {
	now := time.Now()
	g.longest, g.last = max(g.longest, now.Sub(g.last)), now
}

func (g *gaps) Spread(int) {}

// patience is what an agent has, before it takes a line for dead: pace.stall of agent/internal/upload.
const patience = time.Minute

// TestASlowLineMoves: on a slow line some bytes are seen to move long before patience ends, from the first byte on; on one that was quick and
// turns slow, too, if it is not slower than most are.
func TestASlowLineMoves(t *testing.T) {
	box := make([]byte, 300<<10)
	for _, c := range []struct {
		name         string
		first, then  float64
		firstB, most int
	}{
		{"slow from the first", 1000, 1000, 0, careful},
		{"slow, for long", 1000, 1000, 10, careful},
		{"quick", 50e6, 50e6, 100, quick},
		{"turns slow", 50e6, 10_000, 100, careful},
	} {
		synctest.Test(t, func(t *testing.T) {
			l, g := &line{rate: c.first, at: time.Now()}, &gaps{last: time.Now()}
			r, err := below(l, g)
			if err != nil {
				t.Fatal(err)
			}
			send := func(n int) {
				for range n {
					if k, err := r.Write(box); k != len(box) || err != nil {
						t.Fatalf("%d bytes, %v", k, err)
					}
				}
			}
			send(c.firstB)
			l.drain()
			l.rate = c.then
			send(3)
			if g.longest > patience {
				t.Errorf("%s: nothing moved for %v", c.name, g.longest)
			}
			if r.stride.most != c.most {
				t.Errorf("%s: in the end the system may hold %d bytes, want %d", c.name, r.stride.most, c.most)
			}
		})
	}
}

// TestAQuickLineCostsFewCalls: the more a line takes, the more it is given at once.
func TestAQuickLineCostsFewCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &line{rate: 50e6, at: time.Now()}
		r, err := below(l, nil)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1<<20)
		for range 2 {
			if _, err = r.Write(b); err != nil {
				t.Fatal(err)
			}
		}
		before := l.writes
		if _, err = r.Write(b); err != nil {
			t.Fatal(err)
		}
		if n := l.writes - before; n > len(b)/gather {
			t.Errorf("%d calls for %d bytes", n, len(b))
		}
	})
}

// TestARateKeepsAStrideShort: a line that is quick, and is kept to a rate, is given little at once: what leaves is spread.
func TestARateKeepsAStrideShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := below(&line{rate: 50e6, at: time.Now()}, kept(100_000))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if _, err := r.Write(make([]byte, 4<<20)); err != nil || r.stride.most != careful {
			t.Errorf("%d at once, %v", r.stride.length(), err)
		}
		if took := time.Since(began).Seconds(); took < 4<<20/100_000. {
			t.Errorf("they left in %v s", took)
		}
	})
}

// kept is a pace of so many bytes a second.
type kept int

func (kept) Moved(int) {}

func (k kept) Spread(n int) { time.Sleep(time.Duration(n) * time.Second / time.Duration(k)) }
