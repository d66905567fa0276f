package pty

import (
	"os/exec"
	"strings"
	"testing"
)

func TestRunTypesAtATerminal(t *testing.T) {
	out, err := Run(exec.Command("sh", "-c", `test -t 0 && read -r answer && echo "heard $answer"`), "yes\n")
	if err != nil || !strings.Contains(string(out), "heard yes") {
		t.Fatalf("shown %q, %v", out, err)
	}
}

func TestRunGivesTheExitCode(t *testing.T) {
	if _, err := Run(exec.Command("sh", "-c", "exit 3"), ""); err == nil {
		t.Fatal("a command that failed is said to have done well")
	}
}
