package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestRestKeepsWhatWasWritten: only what is as it is on the disk may be let go; a relocated page would come back unrelocated.
func TestRestKeepsWhatWasWritten(t *testing.T) {
	const smaps = `00400000-00daa000 r-xp 00000000 fe:00 12 /usr/bin/byleave
Size:               9896 kB
Anonymous:             0 kB
00daa000-01a41000 r--p 009aa000 fe:00 12 /usr/bin/byleave
Anonymous:             4 kB
01a41000-01a51000 r--p 01641000 fe:00 12 /usr/bin/byleave
Anonymous:             0 kB
01a51000-01ae9000 rw-p 01651000 fe:00 12 /usr/bin/byleave
Anonymous:             0 kB
02000000-02100000 r-xp 00000000 fe:00 13 /usr/lib/other-byleave
Anonymous:             0 kB
c000000000-c000400000 rw-p 00000000 00:00 0
Anonymous:             0 kB
`
	want := []pages{{0x400000, 0xdaa000}, {0x1a41000, 0x1a51000}}
	if got := pristine(smaps, "/usr/bin/byleave"); !slices.Equal(got, want) {
		t.Errorf("%x", got)
	}
}

// TestRestLetsGo: after a rest less of the program's file is in memory than before, and the program goes on.
func TestRestLetsGo(t *testing.T) {
	file := func() string {
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(status), "RssFile:")
		return strings.Fields(after)[0]
	}
	if len(filePages()) == 0 {
		t.Fatal("the program's file is not found in memory")
	}
	before := file()
	rest()
	if after := file(); len(after) > len(before) || len(after) == len(before) && after >= before {
		t.Errorf("%s kB of the program's file before a rest, %s kB after", before, after)
	}
}
