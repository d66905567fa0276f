//go:build !linux || (!amd64 && !arm64)

package main

import (
	"os"

	"github.com/byleave/byleave/agent/internal/capture/ocr/wire"
)

// run says that nothing is read on this system.
func run() int {
	_ = wire.WriteGreeting(os.Stdout, wire.NoSystem) // whoever asked may be gone
	return 1
}
