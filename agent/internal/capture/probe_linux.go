package capture

import (
	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
	"github.com/byleave/byleave/agent/internal/capture/internal/x11"
)

// Unavailable says that nothing can be recorded on this system, whatever was agreed to; on this one something can.
func Unavailable() error { return nil }

// Probe says whether display could be recorded, in words for the person if not. It records nothing.
func Probe(display string) error {
	server, err := x11.Open(display)
	if err != nil {
		return err
	}
	defer server.Close()
	return server.Managed()
}

// ProbeText says whether typed text could be recorded in this session, in words for the person if not. It records nothing.
func ProbeText() error { return a11y.Present() }
