package power

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// kernel is a file that tells of pressure as the kernel does.
type kernel struct{ file string }

func (k kernel) says(t *testing.T, share float64) {
	t.Helper()
	line := fmt.Sprintf("some avg10=%.2f avg60=0.00 avg300=0.00 total=1234567\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", share)
	if err := os.WriteFile(k.file, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
}

// later is what p says once the kernel can have told something new.
func later(p *Pressure) bool {
	p.mu.Lock()
	p.looked = time.Time{}
	p.mu.Unlock()
	return p.Busy()
}

// TestPressureBeginsAndEnds: much waiting says busy, little says free, and between the two it stays what it was. Each change is told once.
func TestPressureBeginsAndEnds(t *testing.T) {
	k := kernel{filepath.Join(t.TempDir(), "cpu")}
	k.says(t, 0)
	changes := 0
	p := WatchPressure(k.file, func() { changes++ })
	defer p.Close()
	for i, step := range []struct {
		share float64
		busy  bool
	}{{0, false}, {39.9, false}, {40, true}, {100, true}, {20, true}, {19.99, false}, {30, false}, {73.5, true}, {0, false}} {
		k.says(t, step.share)
		if got := later(p); got != step.busy || p.Busy() != step.busy {
			t.Errorf("step %d, %.1f %%: busy %v", i, step.share, got)
		}
	}
	if changes != 4 {
		t.Errorf("%d changes were told, not 4", changes)
	}
}

// TestPressureIsLookedAtSeldom: between two looks the kernel is not asked.
func TestPressureIsLookedAtSeldom(t *testing.T) {
	k := kernel{filepath.Join(t.TempDir(), "cpu")}
	k.says(t, 0)
	p := WatchPressure(k.file, func() { t.Error("a change was told") })
	defer p.Close()
	p.mu.Lock()
	p.looked = time.Now().Add(time.Hour) // it was looked at just now
	p.mu.Unlock()
	k.says(t, 100)
	if p.Busy() {
		t.Error("it looked again at once")
	}
}

// TestPressureLapses: what nobody asks about any more ends by itself, once, and then nothing runs.
func TestPressureLapses(t *testing.T) {
	k := kernel{filepath.Join(t.TempDir(), "cpu")}
	k.says(t, 100)
	said := make(chan struct{}, 10)
	p := WatchPressure(k.file, func() { said <- struct{}{} })
	defer p.Close()
	if !later(p) {
		t.Fatal("pressure counts as none")
	}
	<-said
	p.over.Reset(0) // the time is over
	<-said
	p.mu.Lock()
	busy := p.busy
	p.mu.Unlock()
	if busy || p.over.Stop() {
		t.Error("it goes on")
	}
}

// TestNoPressureToTell: without a file, with a torn one and with none open any more there is no pressure. What this machine's kernel tells is understood.
func TestNoPressureToTell(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cpu")
	if err := os.WriteFile(file, []byte("some avg10=lots"), 0o600); err != nil {
		t.Fatal(err)
	}
	never := func() { t.Error("a change was told") }
	torn := WatchPressure(file, never)
	for name, p := range map[string]*Pressure{"none": nil, "no file": WatchPressure("", never), "not there": WatchPressure(file+"x", never), "torn": torn} {
		if p.Busy() {
			t.Errorf("%s: busy", name)
		}
	}
	torn.Close()
	if later(torn) {
		t.Error("closed: busy")
	}
	real := WatchPressure("/proc/pressure/cpu", func() {})
	defer real.Close()
	if real.file == nil {
		return
	}
	if share, ok := real.look(); ok && (share < 0 || share > 100) {
		t.Errorf("%.2f %%", share)
	} else if _, err := os.ReadFile("/proc/pressure/cpu"); err == nil && !ok {
		t.Error("what the kernel tells is not understood")
	}
}
