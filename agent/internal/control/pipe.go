package control

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Windows has no socket whose other end the system would name, so there the door is a named pipe. What guards it is written here,
// apart from the calls, so that it is tested on every system.

// pipeName is the pipe that stands for the socket at path of the account sid. Every name on a computer lies in one place, so it
// tells nothing of the folder, and two accounts or folders never meet.
func pipeName(sid, path string) string {
	sum := sha256.Sum256([]byte(sid + "\n" + strings.ToLower(path)))
	return `\\.\pipe\byleave-` + hex.EncodeToString(sum[:16])
}

// pipeGuard is the security descriptor of the pipe, in the system's own language. The owner is sid, by which a caller knows that
// this is no pipe of somebody else; nothing is inherited; who comes over the network is refused before anybody is let in; sid
// alone may open it, not even an administrator; and no program of sid that Windows runs below the usual integrity, such as the
// sandbox of a browser, may read or write it.
func pipeGuard(sid string) string {
	return "O:" + sid + "G:" + sid + "D:P(D;;GA;;;NU)(A;;GA;;;" + sid + ")S:(ML;;NWNRNX;;;ME)"
}
