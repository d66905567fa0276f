package main

import (
	"os/exec"
	"syscall"
)

// setApart lets a program go on when a ctrl+c at the terminal ends this one.
func setApart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
