//go:build !linux && !darwin && !windows

package main

// ended has nothing to wait for: no agent answers on this system, because who calls it cannot be asked.
func ended(int) error { return nil }
