package control

import (
	"strings"
	"testing"
)

const someone = "S-1-5-21-1-2-3-1001"

// TestPipeNamesDoNotMeet: one name for one account and folder, however its letters are written, and no word of either in it.
func TestPipeNamesDoNotMeet(t *testing.T) {
	name := pipeName(someone, `C:\Users\ann\AppData\Local\Byleave\run\control.sock`)
	if name != pipeName(someone, `c:\users\Ann\AppData\Local\Byleave\run\control.sock`) {
		t.Error("the same folder has two names")
	}
	for _, other := range []string{
		pipeName("S-1-5-21-1-2-3-1002", `C:\Users\ann\AppData\Local\Byleave\run\control.sock`), pipeName(someone, `D:\Byleave\run\control.sock`),
	} {
		if other == name {
			t.Error("two doors have one name")
		}
	}
	if !strings.HasPrefix(name, `\\.\pipe\byleave-`) || strings.Contains(name, "ann") || strings.Contains(name, someone) {
		t.Errorf("the name %s", name)
	}
}

// TestPipeGuard reads the descriptor entry by entry: each is a promise, and an entry more would be a way in.
func TestPipeGuard(t *testing.T) {
	const want = "O:S-1-5-21-1-2-3-1001" + // a caller asks whose pipe this is
		"G:S-1-5-21-1-2-3-1001" +
		"D:P" + // nothing is inherited
		"(D;;GA;;;NU)" + // the network is refused first
		"(A;;GA;;;S-1-5-21-1-2-3-1001)" + // the person, nobody else
		"S:(ML;;NWNRNX;;;ME)" // nothing below medium integrity
	if got := pipeGuard(someone); got != want {
		t.Errorf("the guard is %s", got)
	}
}
