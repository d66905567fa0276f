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

func (c *Capture) run(context.Context, func(raw.Event)) error { return Probe("") }

// Probe says why nothing can be recorded here.
func Probe(string) error {
	return errors.New("input: unavailable on " + runtime.GOOS + "; recording needs a Linux desktop with Xorg")
}

func now() policy.Moment { return policy.Moment{Wall: time.Now()} }

func asksPassword(int) bool { return true }
