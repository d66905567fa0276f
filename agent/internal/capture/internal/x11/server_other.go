//go:build !linux

package x11

import (
	"errors"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
)

var errUnsupported = errors.New("x11: not supported on this system: recording needs an X display on Linux")

// Server listens to nothing here.
type Server struct{}

// Open fails: this system has no X display that we can listen to.
func Open(string) (*Server, error) { return nil, errUnsupported }

// Events is a closed channel.
func (*Server) Events() <-chan Event {
	c := make(chan Event)
	close(c)
	return c
}

// Err says that the system is not supported.
func (*Server) Err() error { return errUnsupported }

// Close does nothing.
func (*Server) Close() {}

// Record fails.
func (*Server) Record(bool) error { return errUnsupported }

// Watch fails.
func (*Server) Watch(uint32) error { return errUnsupported }

// Moment is the zero Moment.
func (*Server) Moment(uint32) policy.Moment { return policy.Moment{} }

// Focus is unknown.
func (*Server) Focus() Focus { return Focus{} }

// Before gives no picture.
func (*Server) Before(uint32, uint32) (*raw.Shot, string) { return nil, "not supported" }

// Grab gives no picture.
func (*Server) Grab(uint32) (*raw.Shot, string) { return nil, "not supported" }

// Layout is empty.
func (*Server) Layout() (raw.Rect, []raw.Rect, float64) { return raw.Rect{}, nil, 0 }

// Owns denies.
func (*Server) Owns(uint32, int, int) bool { return false }

// Rect is empty.
func (*Server) Rect(uint32) raw.Rect { return raw.Rect{} }
