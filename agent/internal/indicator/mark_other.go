//go:build !linux

package indicator

import "errors"

var errUnsupported = errors.New("indicator: not supported on this system: the mark needs an X display on Linux")

// Mark shows nothing here.
type Mark struct{}

// Open fails: this system has no display that we can draw on.
func Open(_, _ string) (*Mark, error) { return nil, errUnsupported }

// Show fails.
func (*Mark) Show(Face) error { return errUnsupported }

// Touched denies.
func (*Mark) Touched(uint32) bool { return false }

// Prove denies.
func (*Mark) Prove() bool { return false }

// Lost is a closed channel.
func (*Mark) Lost() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// Close does nothing.
func (*Mark) Close() {}
