//go:build !windows

package keeper

import "context"

// Kept is ctx: on this system nobody's agent is kept by a service of the computer.
func Kept(ctx context.Context) context.Context { return ctx }
