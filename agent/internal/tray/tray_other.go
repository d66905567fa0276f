//go:build !linux && !windows

package tray

import (
	"context"
	"errors"
)

var errOS = errors.New("this system's tray is not supported yet; `byleave status` says the same")

// Run fails: this system has no tray that we can use without cgo.
func Run(context.Context, Options) error { return errOS }

// Hosted says that there is no tray here.
func Hosted(context.Context) string { return errOS.Error() }
