//go:build !linux

package main

import "os/exec"

// setApart changes nothing: this program opens no browser on this system.
func setApart(*exec.Cmd) {}
