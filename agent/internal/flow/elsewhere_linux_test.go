package flow

import (
	"flag"
	"os"
	ossignal "os/signal"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"golang.org/x/sys/unix"
)

// A withdrawal that cannot be written down stops all the same.
func TestI06WithdrawnElsewhereOnAFullDisk(t *testing.T) {
	first := version(5, nil)
	a := device(t, first)
	a.agree(t, first)
	stub := otherStub(t, 1, must(a.keys.ErasureCode()), nil)
	room := full(t)
	if a.withdrawnElsewhere([]*pb.Signed{stub}) == nil {
		t.Fatal("no error: it would not be told again")
	}
	if at, err := a.keys.Elsewhere(); err != nil || !at.IsZero() {
		t.Fatalf("the control: it was written: %v, %v", at, err)
	}
	if s := a.status(); a.rules.Load() != nil || a.budget.Why(time.Now()) == "" || s.Words != "you withdrew elsewhere" {
		t.Fatalf("it goes on: %+v", s)
	}
	room()
	check(t, a.withdrawnElsewhere([]*pb.Signed{stub}))
	if s := a.status(); a.rules.Load() != nil || !strings.Contains(s.Note, "heard of on") {
		t.Fatalf("%+v", s)
	}
}

// full lets no byte of this process reach a file until room is called.
func full(t *testing.T) (room func()) {
	t.Helper()
	flushTestLog()
	ossignal.Ignore(unix.SIGXFSZ)
	var was unix.Rlimit
	check(t, unix.Getrlimit(unix.RLIMIT_FSIZE, &was))
	check(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Max: was.Max}))
	room = func() { check(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &was)) }
	t.Cleanup(room)
	return room
}

// flushTestLog makes room in what the test binary notes for the go command of files and variables that are looked at: it would reach its file, too, when
// its buffer is full, and what is refused once fails the whole binary at its end.
func flushTestLog() {
	log := flag.Lookup("test.testlogfile")
	if log == nil || log.Value.String() == "" {
		return
	}
	size := func() int64 {
		var st unix.Stat_t // not noted
		if unix.Stat(log.Value.String(), &st) != nil {
			return -1
		}
		return st.Size
	}
	before := size()
	for range 1000 { // more than any buffer has
		if size() != before {
			return
		}
		os.Getenv("BYLEAVE_TEST") // is noted
	}
}
