//go:build !linux

package capture

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
)

func (c *Capture) run(context.Context, func(raw.Event)) error { return Unavailable() }

// Unavailable says that nothing can be recorded on this system, whatever was agreed to.
func Unavailable() error {
	return errors.New("input: unavailable on " + runtime.GOOS + "; nothing is recorded on this system yet, recording needs a Linux desktop with Xorg")
}

// Probe says why nothing can be recorded here.
func Probe(string) error { return Unavailable() }

func now() policy.Moment { return policy.Moment{Wall: time.Now()} }

func asksPassword(int) bool { return true }

// ProbeText says why no text can be recorded here.
func ProbeText() error { return Unavailable() }
