//go:build !linux

package main

import (
	"context"
	"errors"
)

var errSystem = errors.New("the demo needs Linux with X11")

func play(context.Context, options) error       { return errSystem }
func own(context.Context, options) error        { return errSystem }
func show(_ context.Context, _, _ string) error { return errSystem }
