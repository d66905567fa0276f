//go:build unix

package control

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNobodyListens(t *testing.T) {
	dir := folder(t)
	if err := Call(t.Context(), filepath.Join(dir, "no.sock"), "status", nil, nil); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("no socket: %v", err)
	}
	if err := Call(t.Context(), leftover(t, dir), "status", nil, nil); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("dead socket: %v", err)
	}
	if !strings.Contains(ErrNotRunning.Error(), "byleave run") {
		t.Fatal("the error does not name the remedy")
	}
}

// leftover is a socket file that nobody listens on, as a killed agent leaves it.
func leftover(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "left.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLeftoverSocketIsReplaced(t *testing.T) {
	path := leftover(t, folder(t))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, path, map[string]Verb{"echo": {Do: echo}}, discard, nil) }()
	until(t, func() bool { return Call(t.Context(), path, "echo", nil, nil) == nil })
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode of the socket: %v %v", info.Mode(), err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestBadPlacesAreRefused(t *testing.T) {
	dir := folder(t)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(dir, "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(open, link); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ path, says string }{
		"plain file in the way": {file, "in the way"},
		"folder open to others": {filepath.Join(open, "s"), "0700"},
		"folder is a link":      {filepath.Join(link, "s"), "0700"},
		"path too long":         {filepath.Join(dir, strings.Repeat("x", 120)), "XDG_RUNTIME_DIR"},
	} {
		if err := Serve(t.Context(), c.path, nil, discard, nil); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "precious" {
		t.Fatalf("the file in the way was touched: %q %v", b, err)
	}
}
