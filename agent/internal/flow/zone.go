package flow

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// zoneFile is where Unix systems say in which zone the clock on the wall stands.
const zoneFile = "/etc/localtime"

// zoneEvery is how long what was seen of the file counts.
const zoneEvery = time.Second

// zone is that of the clock on the wall, which a person who travels sets anew. The runtime reads it once, when a program begins; an agent
// runs for weeks, and the hours that were agreed to are those that the person sees. It is looked at when somebody reads the clock, never
// by itself. Its user serialises its calls.
type zone struct {
	path   string         // "": the zone of the process stays
	loc    *time.Location // nil: the one that the process began with
	seen   stamp          // of what loc was read; zero: there is no file
	looked time.Duration  // on the boot clock
	bad    bool           // the file is there and cannot be understood
}

// stamp tells a file from one that took its place.
type stamp struct {
	device, inode uint64
	size, changed int64
}

// newZone follows the computer's zone, unless this process was given one of its own.
func newZone(path string) *zone {
	if _, own := os.LookupEnv("TZ"); own {
		path = ""
	}
	z := &zone{path: path}
	if path != "" {
		z.seen, _ = stampOf(path) // the runtime has read it
	}
	return z
}

// at gives wall in the zone of now; false if nobody knows that.
func (z *zone) at(wall time.Time, boot time.Duration) (time.Time, bool) {
	if z.path != "" && (z.looked == 0 || boot-z.looked >= zoneEvery || boot < z.looked) {
		z.looked = boot
		z.look()
	}
	if z.loc != nil {
		wall = wall.In(z.loc)
	}
	return wall, !z.bad
}

// look reads the file again if it is another one.
func (z *zone) look() {
	now, err := stampOf(z.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if z.seen != (stamp{}) { // what everybody takes for UTC
			z.loc, z.seen = time.UTC, stamp{}
		}
		z.bad = false
		return
	case err == nil && now == z.seen && !z.bad:
		return
	}
	data, err := os.ReadFile(z.path)
	loc, other := time.LoadLocationFromTZData("Local", data)
	if z.bad = err != nil || other != nil; !z.bad {
		z.loc, z.seen = loc, now
	}
}
