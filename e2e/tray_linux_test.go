package e2e

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
)

// shoot keeps a picture of the screen as an artefact of the test and gives it back.
func shoot(t *testing.T, s *stage.Stage, name string) *image.RGBA {
	t.Helper()
	img, err := s.Desk.Screen()
	check(t, err)
	file := filepath.Join(t.ArtifactDir(), name+".png")
	f, err := os.Create(file)
	check(t, err)
	check(t, png.Encode(f, img))
	check(t, f.Close())
	t.Log("screenshot", file)
	return img
}

// xdo lets xdotool act on the desktop.
func xdo(ctx context.Context, t *testing.T, s *stage.Stage, args ...any) {
	t.Helper()
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = fmt.Sprint(a)
	}
	out, err := s.Desk.Command(ctx, "xdotool", words...).CombinedOutput()
	if err != nil {
		t.Fatalf("xdotool %v: %v: %s", words, err, out)
	}
}

// panel starts a panel that shows tray icons.
func panel(ctx context.Context, t *testing.T, s *stage.Stage) *desktop.Process {
	t.Helper()
	p, err := s.Desk.Start("panel", "/usr/bin/env", "XDG_CONFIG_HOME="+filepath.Join(s.Desk.Home(), "panel"), "NO_AT_BRIDGE=1", "xfce4-panel", "--disable-wm-check")
	check(t, err)
	check(t, s.Until(ctx, "the panel to show icons", func(st stage.Status) bool { return st.Tray == "" }))
	return p
}

// item is the agent's name on the session bus as a tray item.
func item(agent *desktop.Process) string {
	return "org.kde.StatusNotifierItem-" + strconv.Itoa(agent.Pid) + "-1"
}

// menuCall asks the tray's menu for something over D-Bus, as a panel does.
func menuCall(ctx context.Context, t *testing.T, s *stage.Stage, agent *desktop.Process, method string, args ...string) string {
	t.Helper()
	all := append([]string{"call", "--session", "--dest", item(agent), "--object-path", "/StatusNotifierItem/menu", "--method", "com.canonical.dbusmenu." + method}, args...)
	out, err := s.Desk.Command(ctx, "gdbus", all...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", method, err, out)
	}
	return string(out)
}

func TestTrayExplore(t *testing.T) {
	ctx, s := open(t, desktop.Options{Width: 1280, Height: 800}, stage.Options{})
	agent, _ := record(ctx, t, s)
	panel(ctx, t, s)
	awayFromEdges()
	t.Log(menuCall(ctx, t, s, agent, "GetLayout", "--", "0", "-1", "[]"))
	shoot(t, s, "panel")
	out, err := s.Desk.Command(ctx, "gdbus", "call", "--session", "--dest", "org.kde.StatusNotifierWatcher", "--object-path", "/StatusNotifierWatcher", "--method", "org.freedesktop.DBus.Properties.GetAll", "org.kde.StatusNotifierWatcher").CombinedOutput()
	t.Log(string(out), err)
	for x := 1000; x < 1270; x += 10 {
		_ = x
	}
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(agent.Pid) + "/smaps_rollup")
	t.Log(string(b))
	_ = strings.TrimSpace
}
