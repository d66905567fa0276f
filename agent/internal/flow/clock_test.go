package flow

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// TestClockDoubt moves the boot clock against the wall clock of the bubble.
func TestClockDoubt(t *testing.T) {
	for name, tc := range map[string]struct {
		jump time.Duration // how far the wall runs ahead of the boot clock
		want bool
	}{
		"in step":          {0, false},
		"a time server":    {1500 * time.Millisecond, false},
		"an hour ahead":    {time.Hour, true},
		"ten years behind": {-10 * 365 * 24 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var skew time.Duration
				c := newClock(time.Time{}, false)
				c.boot = func() time.Duration { return time.Since(start) - skew }
				c.confirm()
				time.Sleep(time.Minute)
				c.now()
				skew = tc.jump
				c.now()
				if c.doubted() != tc.want {
					t.Fatalf("doubted = %v, want %v", c.doubted(), tc.want)
				}
				c.confirm()
				if c.now(); c.doubted() {
					t.Fatal("still in doubt after the person confirmed")
				}
			})
		})
	}
}

func TestClockBelowHighest(t *testing.T) {
	if !newClock(time.Now().Add(time.Hour), false).doubted() {
		t.Fatal("the wall clock lies an hour below the highest seen, and is believed")
	}
	if newClock(time.Now().Add(-time.Hour), false).doubted() {
		t.Fatal("a clock that went on is in doubt")
	}
	if !newClock(time.Time{}, true).doubted() {
		t.Fatal("a highest time that cannot be read is no doubt")
	}
}

// tzFile is what /etc/localtime says of a zone that is always that far from UTC.
func tzFile(name string, offset time.Duration) []byte {
	b := append([]byte("TZif"), make([]byte, 16+4*4)...) // version 1; no leap seconds, no changes
	b = binary.BigEndian.AppendUint32(b, 1)              // one kind of time
	b = binary.BigEndian.AppendUint32(b, uint32(len(name)+1))
	b = binary.BigEndian.AppendUint32(b, uint32(int32(offset/time.Second)))
	return append(append(b, 0, 0), name+"\x00"...)
}

// TestZoneIsFollowed: whoever sets another zone while the agent runs is asked for the hours of that one; one that cannot be read is doubt.
func TestZoneIsFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "localtime")
	set := func(b []byte) { // as timedatectl does: another file in its place
		t.Helper()
		must(t, os.WriteFile(path+".new", b, 0o644))
		must(t, os.Rename(path+".new", path))
	}
	set(tzFile("ONE", time.Hour))
	boot, wall := time.Hour, time.Date(2026, 12, 2, 11, 0, 0, 0, time.UTC)
	t.Setenv("TZ", "") // is put back at the end
	must(t, os.Unsetenv("TZ"))
	c := newClock(time.Time{}, false)
	c.boot, c.wall, c.zone = func() time.Duration { return boot }, func() time.Time { return wall }, newZone(path)
	c.confirm()
	hour := func() int {
		boot, wall = boot+zoneEvery, wall.Add(zoneEvery)
		return c.now().Wall.Hour()
	}
	if h := hour(); h != wall.Hour() {
		t.Fatalf("before anything changed the hour is %d", h)
	}
	for _, z := range []struct {
		name   string
		offset time.Duration
	}{{"NYC", -5 * time.Hour}, {"BER", time.Hour}, {"TYO", 9 * time.Hour}} {
		set(tzFile(z.name, z.offset))
		if h, want := hour(), wall.Add(z.offset).Hour(); h != want || c.doubted() {
			t.Errorf("in %s the hour is %d, want %d (in doubt: %v)", z.name, h, want, c.doubted())
		}
	}
	set([]byte("no zone at all"))
	if hour(); !c.doubted() {
		t.Error("a zone that cannot be read is believed")
	}
	must(t, os.Remove(path))
	c.confirm()
	if h := hour(); h != wall.Hour() || c.doubted() {
		t.Errorf("without a file it is UTC for everybody, and here the hour is %d", h)
	}
}
