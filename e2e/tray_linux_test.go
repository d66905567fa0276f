package e2e

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
)

// shoot keeps a picture of the screen as an artefact of the test and gives it back. The Makefile says where.
func shoot(t *testing.T, s *stage.Stage, name string) *image.RGBA {
	t.Helper()
	img, err := s.Desk.Screen()
	check(t, err)
	dir := os.Getenv("BYLEAVE_ARTEFACTS")
	if dir == "" {
		dir = t.ArtifactDir()
	}
	check(t, os.MkdirAll(dir, 0o700))
	file := filepath.Join(dir, t.Name()+"-"+name+".png")
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
func menuCall(ctx context.Context, s *stage.Stage, agent *desktop.Process, method string, args ...string) (string, error) {
	all := append([]string{"call", "--session", "--dest", item(agent), "--object-path", "/StatusNotifierItem/menu", "--method", "com.canonical.dbusmenu." + method}, args...)
	out, err := s.Desk.Command(ctx, "gdbus", all...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", method, err, out)
	}
	return string(out), nil
}

// untilLayout waits until the tray's menu, as a panel gets it, is right. An agent that has just started is not on the bus yet.
func untilLayout(ctx context.Context, t *testing.T, s *stage.Stage, agent *desktop.Process, what string, right func(layout string) bool) {
	t.Helper()
	var last string
	var err error
	if waited := desktop.Until(ctx, what, func() bool {
		last, err = menuCall(ctx, s, agent, "GetLayout", "--", "0", "-1", "[]")
		return err == nil && right(last)
	}); waited != nil {
		t.Fatalf("%v; the menu: %q, %v", waited, last, err)
	}
}

// choose clicks a line of the tray's menu over D-Bus as soon as the menu has it.
func choose(ctx context.Context, t *testing.T, s *stage.Stage, agent *desktop.Process, label string) {
	t.Helper()
	line := regexp.MustCompile(`<\((\d+), \{[^}]*'label': <'` + regexp.QuoteMeta(label))
	var id []string
	untilLayout(ctx, t, s, agent, "the line "+label, func(layout string) bool {
		id = line.FindStringSubmatch(layout)
		return id != nil
	})
	if _, err := menuCall(ctx, s, agent, "Event", id[1], "clicked", "<''>", "0"); err != nil && !strings.Contains(err.Error(), "Error.NoReply") {
		t.Fatal(err) // but an agent that is to quit may be gone before it answers
	}
}

// chooseUntil clicks a line until the agent's status fulfils cond: the tray drops a click on a line whose last click is still at work.
func chooseUntil(ctx context.Context, t *testing.T, s *stage.Stage, agent *desktop.Process, label string, cond func(stage.Status) bool) {
	t.Helper()
	for {
		choose(ctx, t, s, agent, label)
		once, cancel := context.WithTimeout(ctx, clickAgain)
		err := s.Until(once, label, cond)
		cancel()
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

// untilMenu waits until the tray's menu says something.
func untilMenu(ctx context.Context, t *testing.T, s *stage.Stage, agent *desktop.Process, words string) {
	t.Helper()
	untilLayout(ctx, t, s, agent, "the menu to say "+words, func(layout string) bool { return strings.Contains(layout, words) })
}

// The colours of the shapes for recording and paused.
var (
	red   = color.RGBA{0xc6, 0x28, 0x28, 0xff}
	amber = color.RGBA{0xff, 0xb3, 0x00, 0xff}
)

// find is the middle of the leftmost shape of a colour within r.
func find(img *image.RGBA, r image.Rectangle, c color.RGBA) (at image.Point, ok bool) {
	var box image.Rectangle
	for x := r.Min.X; x < r.Max.X; x++ {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			if img.RGBAAt(x, y) == c && (box.Empty() || x < box.Min.X+28) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box.Min.Add(box.Max).Div(2), !box.Empty()
}

// inPanel is where the panel of a screen of 1280 x 800 lies, less the corner in which the mark stands until it moves below.
var inPanel = image.Rect(0, 0, 1150, 26)

// untilIcon waits until the panel shows the icon in a colour.
func untilIcon(ctx context.Context, t *testing.T, s *stage.Stage, c color.RGBA) (at image.Point) {
	t.Helper()
	check(t, desktop.Until(ctx, "the icon in the panel", func() bool {
		img, err := s.Desk.Screen()
		check(t, err)
		found := false
		at, found = find(img, inPanel, c)
		return found
	}))
	return at
}

// clickAgain is when a person who sees nothing happen clicks again.
const clickAgain = 10 * time.Second

// openMenu clicks the icon until its menu is open, and returns where that lies. A panel drops a click that comes before it has the menu,
// and one that lies where the icon was before the panel moved it.
func openMenu(ctx context.Context, t *testing.T, s *stage.Stage) (menu image.Rectangle) {
	t.Helper()
	for {
		icon := untilIcon(ctx, t, s, red)
		xdo(ctx, t, s, "mousemove", icon.X, icon.Y, "click", 1)
		once, cancel := context.WithTimeout(ctx, clickAgain)
		err := desktop.Until(once, "the menu", func() bool {
			popups, err := s.Desk.Popups()
			check(t, err)
			for _, menu = range popups {
				if menu.Dy() > 200 && menu.Min.Y < 60 { // a menu under the panel, no tooltip and not the mark
					return true
				}
			}
			return false
		})
		cancel()
		if err == nil {
			return menu
		}
		check(t, ctx.Err())
		t.Log("no menu came; clicking again")
		xdo(ctx, t, s, "key", "Escape") // whatever opened instead
	}
}

// TestTray: on a real desktop with a panel the icon shows the state; its menu pauses by the pointer and resumes over D-Bus, forgets,
// and withdraws; a panel that is started again has the icon again.
func TestTray(t *testing.T) {
	ctx, s := open(t, desktop.Options{Width: 1280, Height: 800}, stage.Options{})
	agent, editor := record(ctx, t, s)
	check(t, s.Desk.Place(ctx, editor.ID, image.Rect(60, 120, 700, 600)))
	p := panel(ctx, t, s)
	untilIcon(ctx, t, s, red)
	untilMenu(ctx, t, s, agent, "Recording: editor")
	untilMenu(ctx, t, s, agent, " leave")
	if out, err := s.Byleave(ctx, "tray"); err != nil || !strings.Contains(out, "is shown") {
		t.Errorf("byleave tray: %v %s", err, out)
	}
	awayFromEdges()
	shoot(t, s, "tray-recording")

	paused := func(st stage.Status) bool { return st.State == "paused" }
	for clicked := false; !clicked; {
		menu := openMenu(ctx, t, s)
		awayFromEdges() // a menu is drawn, and takes clicks, some time after it is there
		shoot(t, s, "tray-menu")
		xdo(ctx, t, s, "mousemove", menu.Min.X+40, menu.Min.Y+menu.Dy()*15/100)
		awayFromEdges()
		shoot(t, s, "tray-menu-pause")
		xdo(ctx, t, s, "click", 1)
		once, cancel := context.WithTimeout(ctx, clickAgain)
		clicked = s.Until(once, "a pause", paused) == nil
		cancel()
		check(t, ctx.Err())
	}
	untilMenu(ctx, t, s, agent, "Paused: until you resume")
	untilIcon(ctx, t, s, amber)
	shoot(t, s, "tray-paused")

	chooseUntil(ctx, t, s, agent, "Resume", recording)
	chooseUntil(ctx, t, s, agent, "Pause for 15 minutes", paused)
	chooseUntil(ctx, t, s, agent, "Resume", recording)

	check(t, p.Stop())
	check(t, s.Until(ctx, "the word that nobody shows the icon", func(st stage.Status) bool { return strings.Contains(st.Tray, "no program here shows") }))
	panel(ctx, t, s)
	untilIcon(ctx, t, s, red)

	typist(ctx, t, s)("apricot banana")
	chooseUntil(ctx, t, s, agent, "Pause until I resume", paused) // seals it
	check(t, s.Until(ctx, "the box to leave", func(st stage.Status) bool { return st.Spool.Sent > 0 && st.Spool.Held == 0 }))
	untilMenu(ctx, t, s, agent, "Nothing waits to leave")
	choose(ctx, t, s, agent, "Forget the last 10 minutes")
	untilLayout(ctx, t, s, agent, "an answer", regexp.MustCompile(`'Forgotten: [1-9]\d* box(es)? here, [1-9]\d* asked of the collector`).MatchString)
	check(t, s.Until(ctx, "the collector's word that it is gone", func(st stage.Status) bool { return st.Spool.Sent == 0 && st.Erasures == 0 }))
	choose(ctx, t, s, agent, "Review what was recorded")
	check(t, desktop.Until(ctx, "a review", func() bool {
		return s.Desk.Command(ctx, "pgrep", "-f", s.Binary()+" review").Run() == nil
	}))
	check(t, s.Give(ctx, "all")) // a second consent; the first one stands beside it
	choose(ctx, t, s, agent, "Withdraw now")
	check(t, s.Until(ctx, "no consent", func(st stage.Status) bool { return st.State == "off" && !st.Mark && st.Spool.Held == 0 }))
	receipts, err := filepath.Glob(filepath.Join(s.Home, "receipts", "*-withdrawn-*.txt"))
	check(t, err)
	if len(receipts) != 2 || !strings.Contains(read(t, receipts[0])+read(t, receipts[1]), "(tray: clicked Withdraw now)") {
		t.Errorf("the receipts of two ends: %v", receipts)
	}
	untilMenu(ctx, t, s, agent, "You have agreed to nothing")
	shoot(t, s, "tray-off")
}

// TestTrayQuit: whoever quits is not recorded any more, also not by an agent that is started again.
func TestTrayQuit(t *testing.T) {
	ctx, s := open(t, desktop.Options{Width: 1280, Height: 800}, stage.Options{})
	agent, _ := record(ctx, t, s)
	choose(ctx, t, s, agent, "Quit")
	check(t, agent.Wait(ctx))
	run(t, s)
	check(t, s.Until(ctx, "the pause that holds", func(st stage.Status) bool { return st.State == "paused" }))
}

// TestNoTray: where nobody shows icons, and where there is no session bus, the agent records all the same and says so; without the bus it records no text,
// and says that, too.
func TestNoTray(t *testing.T) {
	ctx, s := open(t, desktop.Options{Width: 1280, Height: 800}, stage.Options{})
	agent, _ := record(ctx, t, s)
	said := func(words string) {
		t.Helper()
		check(t, s.Until(ctx, "the reason", func(st stage.Status) bool { return st.State == "recording" && strings.Contains(st.Tray, words) }))
		if out, err := s.Byleave(ctx, "tray"); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("byleave tray: %v %s", err, out)
		}
		if out, err := s.Byleave(ctx, "status"); err != nil || !strings.Contains(out, "Tray: ") {
			t.Errorf("byleave status: %v %s", err, out)
		}
	}
	said("no program here shows tray icons")
	check(t, agent.Stop())
	agent, err := s.Desk.Start("agent", "/usr/bin/env", "-u", "DBUS_SESSION_BUS_ADDRESS", "BYLEAVE_HOME="+s.Home, s.Binary(), "run", "--hold", "0s", "--pressure", "")
	check(t, err)
	t.Cleanup(func() { check(t, agent.Stop()) })
	check(t, s.Until(ctx, "the reason", func(st stage.Status) bool { return st.State != "off" && strings.Contains(st.Tray, "no session bus") }))
	check(t, s.Until(ctx, "why no text is recorded", func(st stage.Status) bool {
		return strings.HasPrefix(st.Text, "what you type is not recorded: no accessibility bus")
	}))
	if out, err := s.Byleave(ctx, "status"); err != nil || !strings.Contains(out, "Text: what you type is not recorded") {
		t.Errorf("byleave status: %v %s", err, out)
	}
	if log, err := os.ReadFile(agent.Log); err != nil || strings.Count(string(log), "there is no session bus") != 1 {
		t.Errorf("said to the log: %v\n%s", err, log)
	}
}

// TestBusDies: the agent outlives its session bus, and says that the tray went with it.
func TestBusDies(t *testing.T) {
	ctx, s := open(t, desktop.Options{Width: 1280, Height: 800}, stage.Options{})
	check(t, s.Give(ctx, "all"))
	bus, err := s.Desk.Start("bus", "/usr/bin/dbus-daemon", "--session", "--nofork", "--nopidfile", "--address=unix:path="+filepath.Join(s.Desk.Home(), "bus"))
	check(t, err)
	agent, err := s.Desk.Start("agent", "/usr/bin/env", "DBUS_SESSION_BUS_ADDRESS=unix:path="+filepath.Join(s.Desk.Home(), "bus"), "BYLEAVE_HOME="+s.Home, s.Binary(), "run")
	check(t, err)
	t.Cleanup(func() { check(t, agent.Stop()) })
	check(t, s.Until(ctx, "the tray", func(st stage.Status) bool { return strings.Contains(st.Tray, "no program here") }))
	check(t, bus.Kill())
	check(t, s.Until(ctx, "the end of the tray", func(st stage.Status) bool { return strings.Contains(st.Tray, "went away") }))
	if _, err := s.Byleave(ctx, "tray"); err == nil || !strings.Contains(err.Error(), "restart the agent") {
		t.Errorf("byleave tray: %v", err)
	}
	_, err = s.Byleave(ctx, "pause")
	check(t, err)
	check(t, s.Until(ctx, "a pause", func(st stage.Status) bool { return st.State == "paused" }))
}
