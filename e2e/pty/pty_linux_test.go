package pty

import (
	"context"
	"errors"
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

func TestUntilSeesWhatIsShown(t *testing.T) {
	term, err := Start(exec.Command("sh", "-c", `printf 'who? '; read -r who; printf 'how old? '; read -r age; echo "$who is $age"`))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range [][2]string{{"who? ", "Ada\n"}, {"how old? ", "36\n"}, {"Ada is 36", ""}} {
		if err := errors.Join(term.Until(t.Context(), step[0]), term.Type(step[1])); err != nil {
			t.Fatal(err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := term.Until(ended, "Bob"); err == nil {
		t.Error("saw what is not there")
	}
	if _, err := term.Wait(); err != nil {
		t.Fatal(err)
	}
}
