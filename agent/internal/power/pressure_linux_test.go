package power

import (
	"context"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// urgent is a descriptor on which somebody can raise the event that the kernel raises under pressure: a socket and its urgent bytes.
func urgent(t *testing.T) (fd int, raise func(), end func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	check(t, err)
	near, err := l.Accept()
	check(t, err)
	file, err := near.(*net.TCPConn).File()
	check(t, err)
	far0, err := far.(*net.TCPConn).File()
	check(t, err)
	t.Cleanup(func() { near.Close(); far.Close(); file.Close(); far0.Close() })
	raise = func() { check(t, unix.Sendto(int(far0.Fd()), []byte{1}, unix.MSG_OOB, nil)) }
	return int(file.Fd()), raise, func() {
		b := make([]byte, 1)
		_, _, err := unix.Recvfrom(int(file.Fd()), b, unix.MSG_OOB)
		check(t, err)
	}
}

// TestPressureBeginsAndEnds: the first event says busy, quiet says free, and the end of the watch leaves nothing behind.
func TestPressureBeginsAndEnds(t *testing.T) {
	fd, raise, end := urgent(t)
	said := make(chan bool, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { check(t, follow(ctx, fd, 20*time.Millisecond, func(busy bool) { said <- busy })) })
	for range 3 {
		raise()
		if !<-said {
			t.Fatal("pressure counts as none")
		}
		end()
		if <-said {
			t.Fatal("no pressure counts as some")
		}
	}
	cancel()
	running.Wait()
	if len(said) > 0 {
		t.Error("something was said without an event")
	}
}

// TestPressureOfThisMachine: where the kernel tells it, twice as many busy threads as processors are pressure; where it does not, nothing is
// said. Either way Run ends.
func TestPressureOfThisMachine(t *testing.T) {
	const file = "/proc/pressure/cpu"
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+t.TempDir()+"/none")
	ctx, cancel := context.WithCancel(context.Background())
	busy := make(chan struct{})
	once := sync.OnceFunc(func() { close(busy) })
	var running sync.WaitGroup
	running.Go(func() {
		check(t, Run(ctx, Options{Pressure: file, Woke: func() {}, Changed: func(s State) {
			if s.Busy {
				once()
			}
		}}))
	})
	if tells(file) {
		for range 2 * runtime.NumCPU() {
			running.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
				}
			})
		}
		<-busy
	}
	cancel()
	running.Wait()
}

// tells is whether this kernel lets this account ask.
func tells(file string) bool {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = f.Write(append([]byte(trigger), 0))
	return err == nil
}
