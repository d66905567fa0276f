//go:build !linux

package service

import (
	"context"
	"os/exec"
)

// Outside makes a command of a program that the agent starts for the person. Services of this system filter nothing.
func Outside(ctx context.Context, program string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, program, args...)
}
