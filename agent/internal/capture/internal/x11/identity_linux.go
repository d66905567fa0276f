package x11

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/res"
	"github.com/jezek/xgb/xproto"
)

// Limits of what is read of a property: a client may set a title of any size.
const (
	titleLimit   = 4 << 10
	classLimit   = 1 << 10
	machineLimit = 256
)

func isUTF8(b []byte) bool { return utf8.Valid(b) }

// identity reads who w belongs to, in one round trip. ok is false if w is gone.
func (s *Server) identity(w xproto.Window) (f Focus, ok bool) {
	c := s.ctl
	exists := xproto.GetWindowAttributes(c.Conn, w)
	class := c.property(w, "WM_CLASS", classLimit)
	machine := c.property(w, "WM_CLIENT_MACHINE", machineLimit)
	netName := c.property(w, "_NET_WM_NAME", titleLimit)
	name := c.property(w, "WM_NAME", titleLimit)
	claimed := c.property(w, "_NET_WM_PID", 4)
	pid := s.clientPID(w)

	f = Focus{Window: uint32(w)}
	f.Instance, f.Class = splitClass(text(class.Reply()))
	host := strings.TrimRight(text(machine.Reply()), "\x00")
	f.Title = cut(text(netName.Reply()), titleLimit)
	if plain := cut(text(name.Reply()), titleLimit); f.Title == "" {
		f.Title = plain
	}
	f.PID = pid()
	if ids := words(claimed.Reply()); f.PID == 0 && !s.hasRes && len(ids) == 1 && ids[0] < 1<<31 {
		f.PID = int(ids[0])
	}
	if host == "" || host == s.hostname || host == "localhost" {
		f.Executable = executable(f.PID)
	}
	_, err := exists.Reply()
	return f, err == nil
}

// splitClass takes WM_CLASS apart: two strings, each with a NUL behind it.
func splitClass(v string) (instance, class string) {
	instance, rest, _ := strings.Cut(v, "\x00")
	class, _, _ = strings.Cut(rest, "\x00")
	return instance, class
}

// cut shortens a text to n bytes at a rune.
func cut(v string, n int) string {
	if len(v) <= n {
		return v
	}
	for n > 0 && !utf8.RuneStart(v[n]) {
		n--
	}
	return v[:n]
}

// clientPID asks the X server which process made w: it knows from the socket, while _NET_WM_PID is the client's word.
// The returned function waits for the answer, 0 if there is none (a remote client).
func (s *Server) clientPID(w xproto.Window) func() int {
	if !s.hasRes {
		return func() int { return 0 }
	}
	const queryClientIDs, localPID = 4, 2
	s.ctl.ExtLock.RLock()
	op := s.ctl.Extensions["X-Resource"]
	s.ctl.ExtLock.RUnlock()
	buf := make([]byte, 16)
	buf[0], buf[1] = op, queryClientIDs
	xgb.Put16(buf[2:], 4)
	xgb.Put32(buf[4:], 1)
	xgb.Put32(buf[8:], uint32(w))
	xgb.Put32(buf[12:], localPID)
	cookie := s.ctl.NewCookie(true, true)
	s.ctl.NewRequest(buf, cookie)
	return func() int {
		r, err := cookie.Reply()
		if err != nil || len(r) < 48 || le.Uint32(r[8:]) != 1 || le.Uint32(r[36:]) != localPID || le.Uint32(r[40:]) != 4 {
			return 0
		}
		return int(int32(le.Uint32(r[44:])))
	}
}

// startRes tells whether the display has X-Resource 1.2, which knows process ids.
func startRes(c *conn) bool {
	if _, err := c.extension("X-Resource"); err != nil {
		return false
	}
	v, err := res.QueryVersion(c.Conn, 1, 2).Reply()
	return err == nil && (v.ServerMajor > 1 || (v.ServerMajor == 1 && v.ServerMinor >= 2))
}

// executable is the path of a process's program, empty unless the process runs as this very user.
func executable(pid int) string {
	if pid <= 0 {
		return ""
	}
	return program("/proc/" + strconv.Itoa(pid))
}

// program is executable of the process whose folder in /proc this is.
func program(dir string) string {
	status, err := os.ReadFile(dir + "/status")
	if err != nil || !sameUser(status, os.Geteuid()) {
		return ""
	}
	path, err := os.Readlink(dir + "/exe")
	if err != nil {
		return ""
	}
	path = strings.TrimSuffix(path, " (deleted)") // replaced by an update while it runs
	if !means(dir, path) {
		return ""
	}
	return strings.ToValidUTF8(path, "\uFFFD")
}

// means tells whether the path of a process's program means here what it means there. In a mount namespace of its own (a container, a sandbox)
// anything can lie at a path: where another file lies at it here, it says nothing. Where none does, it is the sandbox's own, which a policy may name.
func means(dir, path string) bool {
	theirs, err := os.Readlink(dir + "/ns/mnt")
	if err != nil {
		return false
	}
	ours, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil || theirs == ours {
		return err == nil
	}
	here, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	there, other := os.Stat(dir + "/exe")
	return err == nil && other == nil && os.SameFile(here, there)
}

// sameUser reads the Uid line of /proc/PID/status: real, effective, saved and file system user.
func sameUser(status []byte, uid int) bool {
	for line := range bytes.Lines(status) {
		rest, ok := bytes.CutPrefix(line, []byte("Uid:"))
		if !ok {
			continue
		}
		ids := strings.Fields(string(rest))
		want := strconv.Itoa(uid)
		return len(ids) == 4 && ids[0] == want && ids[1] == want
	}
	return false
}
