package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestEndedIsNotWaitedFor: an agent that ended is gone, also while whoever started it does not wait for it, and not before.
func TestEndedIsNotWaitedFor(t *testing.T) {
	for _, before := range []bool{true, false} { // it ends before it is asked about, or meanwhile
		child := exec.Command("cat")
		in, err := child.StdinPipe()
		must(t, err)
		must(t, child.Start())
		pid := child.Process.Pid
		done := make(chan error, 1)
		if before {
			must(t, in.Close())
			must(t, ended(pid))
		} else {
			go func() { done <- ended(pid) }()
			select {
			case err := <-done:
				t.Errorf("it is taken for gone while it runs: %v", err)
			default:
			}
			must(t, in.Close())
			must(t, <-done)
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		must(t, err)
		if _, state, _ := strings.Cut(string(stat), ") "); !strings.HasPrefix(state, "Z") {
			t.Errorf("it is taken for gone in the state %.1s", state)
		}
		must(t, child.Wait())
		must(t, ended(pid))
	}
}
