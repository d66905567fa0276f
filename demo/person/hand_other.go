//go:build !linux || !cgo

package main

import (
	"errors"

	"github.com/byleave/byleave/demo/script"
)

type hand struct{}

func newHand(int64) *hand { return &hand{} }

// do refuses: this build has no robotgo.
func (*hand) do(script.Act) (x, y int, err error) {
	return 0, 0, errors.New("the scripted person needs Linux and a build with CGO_ENABLED=1")
}
