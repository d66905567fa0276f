package main

import (
	"runtime"
	"testing"
)

// TestOneThreadMore: serve runs on a thread more than it was given, unless the operator has said on how many.
func TestOneThreadMore(t *testing.T) {
	given := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(given) })
	t.Setenv("GOMAXPROCS", "2")
	runMore()
	if n := runtime.GOMAXPROCS(0); n != given {
		t.Errorf("the operator has spoken, and it runs on %d threads, not %d", n, given)
	}
	t.Setenv("GOMAXPROCS", "")
	runMore()
	if n := runtime.GOMAXPROCS(0); n != given+inSyncs {
		t.Errorf("%d threads, want %d", n, given+inSyncs)
	}
}
