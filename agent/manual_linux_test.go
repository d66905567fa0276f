package main

import (
	"testing"

	"github.com/byleave/byleave/e2e/manual"
)

// TestManualIsWritten: docs/byleave.md is what the program says of itself. With BYLEAVE_GENERATE it is written.
func TestManualIsWritten(t *testing.T) { manual.Hold(t, command(), "../docs/byleave.md") }
