package ocr

import (
	"context"
	"errors"
	"image/color"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestPair: a second process reads while the first is busy, and only then; one that fails does not keep the other from reading.
func TestPair(t *testing.T) {
	p, l := NewPair(program), line(t, "Open the door", 16, color.Black, color.White)
	defer p.Close()
	for _, r := range p.readers {
		r.wait = time.Minute
	}
	reads := func() {
		t.Helper()
		if text, _, err := p.Read(t.Context(), l); err != nil || text != "Open the door" {
			t.Fatalf("read %q, %v", text, err)
		}
	}
	reads()
	reads()
	if p.readers[1].child != nil {
		t.Fatal("a second process runs for one line at a time")
	}
	first := pid(t, p.readers[0])
	if err := unix.Kill(first, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	end := make(chan error, 1)
	go func() {
		_, _, err := p.Read(ctx, l)
		end <- err
	}()
	waitForBytes(t, first)
	reads()
	if pid(t, p.readers[1]) == first {
		t.Error("both are one process")
	}
	cancel()
	if err := <-end; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	p.readers[0].rest = time.Now().Add(time.Hour) // it failed
	reads()
}

// TestPairWithoutProgram: nothing is read, and the person is told why.
func TestPairWithoutProgram(t *testing.T) {
	p := NewPair(filepath.Join(t.TempDir(), "byleave-ocr"))
	defer p.Close()
	for range 3 {
		if text, _, err := p.Read(t.Context(), line(t, "Open", 16, color.Black, color.White)); text != "" || err == nil {
			t.Errorf("read %q", text)
		}
	}
	if !errors.Is(p.State(), ErrAbsent) {
		t.Errorf("it says %v", p.State())
	}
}

// TestStandsBack: the person's own programs go first.
func TestStandsBack(t *testing.T) {
	r := reader()
	defer r.Close()
	read(t, r, line(t, "Open the door", 16, color.Black, color.White), "Open the door")
	own, err := unix.Getpriority(unix.PRIO_PROCESS, os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	got, err := unix.Getpriority(unix.PRIO_PROCESS, pid(t, r))
	if want := max(20-own, 5); err != nil || 20-got != want {
		t.Errorf("its niceness is %d, want %d: %v", 20-got, want, err)
	}
}
