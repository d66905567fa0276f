//go:build !linux && !darwin && !windows

package spool

import (
	"errors"
	"io"
	"io/fs"
)

var errUnsupported = errors.New("the spool does not know how to make files durable on this system: use Linux, macOS or Windows")

func private(fs.FileInfo) error { return errUnsupported }

func lockDir(string) (io.Closer, error) { return nil, errUnsupported }

func syncDir(string) error { return errUnsupported }
