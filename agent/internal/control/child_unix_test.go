//go:build unix

package control

import (
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// ofSystem are goroutines that live as long as the process: none here.
var ofSystem []goleak.Option

// TestAnotherUserIsRefused runs this binary as nobody when root; the folder and socket are opened wide first, so that the
// kernel's answer alone decides. As a plain user nothing can become another user, so a handler that thinks it belongs to
// another user stands in for it.
func TestAnotherUserIsRefused(t *testing.T) {
	ran := make(chan struct{}, 10)
	verbs := map[string]Verb{"pause": {Root: true, Do: recordRun(ran)}}
	if os.Getuid() != 0 {
		refusedByHandler(t, verbs)
	} else {
		path, _ := serve(t, verbs)
		if got := strings.TrimSpace(runAs(t, 65534, path, true)); got != "denied" {
			t.Fatalf("nobody's call: %s", got)
		}
		if got := strings.TrimSpace(runAs(t, 0, path, true)); got != "allowed" {
			t.Fatalf("our own user's call by the same way: %s", got)
		}
		<-ran
	}
	select {
	case <-ran:
		t.Fatal("the verb ran for a stranger")
	default:
	}
}

// TestForeignSocketIsNotSpokenTo: a socket in our place on which another user listens gets no request. Only root's test can be two users; a plain
// user's stands in for somebody else.
func TestForeignSocketIsNotSpokenTo(t *testing.T) {
	path := filepath.Join(folder(t), "control.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan int, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		n, _ := c.Read(make([]byte, 100))
		heard <- n
		_ = c.Close()
	}()
	if os.Getuid() != 0 {
		if _, err := dialAs(t.Context(), path, "somebody else"); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("a call to a foreign socket: %v", err)
		}
	} else if got := strings.TrimSpace(runAs(t, 65534, path, false)); got != "denied" {
		t.Errorf("a call to a foreign socket: %s", got)
	}
	if n := <-heard; n != 0 {
		t.Errorf("the foreign socket was told %d bytes", n)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// runAs calls the agent at path as uid; blindly is as a program that is not ours.
func runAs(t *testing.T, uid uint32, path string, blindly bool) string {
	t.Helper()
	for file, mode := range map[string]os.FileMode{filepath.Dir(path): 0o755, path: 0o666} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The build cache's folder is closed to others: hand the child an open copy.
	b, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	child := filepath.Join(filepath.Dir(path), "child")
	if err := os.WriteFile(child, b, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(child, "-test.run=^$")
	cmd.Dir = "/"
	cmd.Env = []string{childSocket + "=" + path}
	if blindly {
		cmd.Env = append(cmd.Env, childBlind+"=1")
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid, NoSetGroups: uid == 0}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("run as %d: %v: %s", uid, err, out)
	}
	return string(out)
}

func refusedByHandler(t *testing.T, verbs map[string]Verb) {
	path := filepath.Join(folder(t), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: &door{verbs: verbs, log: discard, self: "somebody else"}, ConnContext: withConn}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	if err := Call(t.Context(), path, "pause", nil, nil); !errors.Is(err, ErrDenied) {
		t.Errorf("a stranger's call: %v", err)
	}
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	<-done
}
