//go:build !linux || (!amd64 && !arm64)

package main

import (
	"os"

	"github.com/byleave/byleave/agent/internal/capture/ocr/talk"
)

// run says that nothing is read on this system.
func run() int {
	_ = talk.WriteGreeting(os.Stdout, talk.NoSystem) // whoever asked may be gone
	return 1
}
