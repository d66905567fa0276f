package e2e

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/pty"
)

// TestInterruptEndsAQuestion: whatever waits for the keyboard ends at once when it is interrupted, changes nothing, and the terminal shows again what is typed.
func TestInterruptEndsAQuestion(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	bin, err := filepath.Abs("../bin")
	check(t, err)
	for _, c := range []struct{ first, until, program, words string }{
		{`{"text":"before"}` + "\n", `"spans"`, "byleave", "redact --jsonl"},
		{"", "The invitation or code: ", "byleave", "enrol -"},
		{"", "Your receipt", "byleave", "verify --receipt -"},
		{"", "Your receipt", "byleave", "export-mine --receipt - mine"},
		{"", "Your receipt", "byleave", "forget --receipt -"},
		{"", "Your invitation: ", "byleave-collector", "custodian new --name us --invite - --out key.json"},
		{"", "The receipt, or its code: ", "byleave-collector", "erase --receipt -"},
	} {
		t.Run(c.program+" "+c.words, func(t *testing.T) {
			home := t.TempDir()
			cmd := exec.CommandContext(ctx, "sh", "-c", `trap : INT; "$0" `+c.words+`; echo "ended with $?"; stty -a`, filepath.Join(bin, c.program))
			cmd.Dir, cmd.Env = home, append(cmd.Environ(), "BYLEAVE_HOME="+filepath.Join(home, "byleave"))
			term, err := pty.Start(cmd)
			check(t, err)
			check(t, term.Type(c.first))
			check(t, term.Until(ctx, c.until))
			check(t, term.Type("\x03"))
			shown, err := term.Wait()
			if said := string(shown); err != nil || !strings.Contains(said, "ended with 1") || !strings.Contains(said, "interrupt") || !strings.Contains(said, " echo ") {
				t.Errorf("%v\n%s", err, shown)
			}
		})
	}
}
