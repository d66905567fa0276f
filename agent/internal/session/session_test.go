package session

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for _, p := range pairs {
			if v, ok := strings.CutPrefix(p, name+"="); ok {
				return v
			}
		}
		return ""
	}
}

func TestFrom(t *testing.T) {
	got := From(environment("DISPLAY=:7", "XAUTHORITY=/run/x", "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/bus", "XDG_SESSION_TYPE=x11"))
	if diff := cmp.Diff(Session{":7", "/run/x", "unix:path=/run/bus", "x11"}, got); diff != "" {
		t.Fatal(diff)
	}
}

// TestWaylandIsSaid: the X display that a Wayland session offers shows a part of the desktop only.
func TestWaylandIsSaid(t *testing.T) {
	for _, env := range [][]string{{"DISPLAY=:0", "WAYLAND_DISPLAY=wayland-0"}, {"DISPLAY=:0", "XDG_SESSION_TYPE=wayland"}} {
		if !From(environment(env...)).Wayland() {
			t.Errorf("%v is not seen as Wayland", env)
		}
	}
	if From(environment("DISPLAY=:0", "XDG_SESSION_TYPE=x11")).Wayland() {
		t.Error("an X session is seen as Wayland")
	}
}

func TestCheckRefuses(t *testing.T) {
	for _, s := range []Session{
		{Display: "example.org:0"}, {Display: "localhost:10.0"}, {Display: ":0\nLD_PRELOAD=/tmp/x"}, {Display: "0"},
		{Display: ":0", Authority: "relative"}, {Display: ":0", Authority: "/a\"\nLD_PRELOAD=\"/b"}, {Display: ":0", Bus: "a\x00b"},
		{Display: ":0", Kind: strings.Repeat("x", 5000)},
	} {
		if s.Check() == nil {
			t.Errorf("accepted %+v", s)
		}
	}
	for _, s := range []Session{{}, {Display: ":0"}, {":99.1", "/home/a b/.Xauthority", "unix:path=/run/user/1/bus,guid=ab", "x11"}} {
		if err := s.Check(); err != nil {
			t.Errorf("refused %+v: %v", s, err)
		}
	}
}

// TestEnterReplaces: the key of the last session must not be tried on the display of this one.
func TestEnterReplaces(t *testing.T) {
	t.Setenv("DISPLAY", ":1")
	t.Setenv("XAUTHORITY", "/old")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/bus")
	if err := (Session{Display: ":2"}).Enter(); err != nil {
		t.Fatal(err)
	}
	if d, a, b := os.Getenv("DISPLAY"), os.Getenv("XAUTHORITY"), os.Getenv("DBUS_SESSION_BUS_ADDRESS"); d != ":2" || a != "" || b != "unix:path=/bus" {
		t.Fatalf("display %q, authority %q, bus %q", d, a, b)
	}
}

func TestKeepWritesOnlyWhereTheServiceManagerCleans(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("RUNTIME_DIRECTORY", "")
	t.Chdir(dir)
	s := Session{Display: ":2", Authority: "/home/a b/.Xauthority"}
	if err := s.Keep(); err != nil {
		t.Fatal(err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 0 {
		t.Fatalf("wrote %v, %v", names, err)
	}
	t.Setenv("RUNTIME_DIRECTORY", dir)
	if err := s.Keep(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "session.env"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "session.env"))
	if err != nil || !strings.Contains(string(b), "DISPLAY=\":2\"\n") || !strings.Contains(string(b), "XAUTHORITY=\"/home/a b/.Xauthority\"\n") {
		t.Fatalf("%q, %v", b, err)
	}
}
