package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTimersMayBeLate: the program starts again as the same process, once, and each of its threads has the slack.
func TestTimersMayBeLate(t *testing.T) {
	const started = "BYLEAVE_TEST_SLACK"
	if os.Getenv(started) != "" {
		slacken()
		fmt.Print("\nprocess ", os.Getpid(), " threads ", least(), "\n")
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestTimersMayBeLate$")
	cmd.Env = append(os.Environ(), started+"=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprint("\nprocess ", cmd.Process.Pid, " threads ", int(slack), "\n"); strings.Count(string(out), "process") != 1 || !strings.Contains(string(out), want) {
		t.Errorf("it said %q, want %q", out, want)
	}
}

// least is the least slack of some threads, each of its own.
func least() int {
	const threads = 8
	each := make(chan int)
	done := make(chan struct{})
	for range threads {
		go func() {
			runtime.LockOSThread()
			n, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
			if err != nil {
				n = -1
			}
			each <- n
			<-done
		}()
	}
	defer close(done)
	of := <-each
	for range threads - 1 {
		of = min(of, <-each)
	}
	return of
}
