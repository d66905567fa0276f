package e2e

import (
	"context"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// TestMark: the mark is seen above a full-screen window, is dragged over the consented window, and is in no frame; neither its
// drags nor the hotkey's presses are actions.
func TestMark(t *testing.T) {
	ctx, s := open(t, desktop.Options{Width: 1280, Height: 800}, stage.Options{})
	_, editor := record(ctx, t, s)
	check(t, s.Desk.Place(ctx, editor.ID, image.Rect(60, 120, 1000, 700)))
	awayFromEdges()
	first := untilRed(ctx, t, s, "the mark", func(image.Point) bool { return true })
	shoot(t, s, "mark-recording")

	fullScreen(ctx, t, s, editor)
	check(t, s.Until(ctx, "recording with a mark", func(st stage.Status) bool { return st.State == "recording" && st.Mark }))
	awayFromEdges()
	untilRed(ctx, t, s, "the mark at its place above a full-screen window", func(at image.Point) bool { return at == first })
	shoot(t, s, "mark-fullscreen")

	to := image.Pt(500, 400)
	xdo(ctx, t, s, "mousemove", first.X, first.Y, "mousedown", 1)
	xdo(ctx, t, s, "mousemove", 900, 300, "mousemove", to.X, to.Y, "mouseup", 1)
	untilRed(ctx, t, s, "the mark at its new place", func(at image.Point) bool { return at == to })
	shoot(t, s, "mark-dragged")
	xdo(ctx, t, s, "mousemove", to.X, to.Y, "click", 1, "click", 3, "click", 4)
	awayFromEdges()

	check(t, s.Until(ctx, "the hotkey", func(st stage.Status) bool { return st.Hotkey == "ctrl+alt+shift+p" }))
	xdo(ctx, t, s, "key", "ctrl+alt+shift+p")
	check(t, s.Until(ctx, "the hotkey's pause", func(st stage.Status) bool { return st.State == "paused" }))
	shoot(t, s, "mark-paused")
	xdo(ctx, t, s, "key", "ctrl+alt+shift+p")
	check(t, s.Until(ctx, "the hotkey's end of the pause", recording))
	hand, err := s.Desk.Hand()
	check(t, err)
	defer hand.Close()
	mouse := clicker{hand: hand}
	mouse.click(t, 200, 600)
	mouse.click(t, 900, 500)
	pauseSealsAll(t, s)

	dir, steps := export(t, s)
	clicks, frames := 0, 0
	for _, st := range steps {
		t.Logf("%+v", st)
		switch st.Kind {
		case "click":
			clicks++
		case "drag", "scroll":
			t.Errorf("the mark's drag is an action: %+v", st)
		case "hotkey":
			if st.Hotkey != "F11" {
				t.Errorf("the hotkey is an action: %+v", st)
			}
		}
		for _, f := range []*struct{ File, Proof, Withheld string }{st.Before, st.After} {
			if f != nil && f.File != "" {
				frames++
				without(t, filepath.Join(dir, f.File))
			}
		}
	}
	if want := mouse.seen(t, s); clicks != want || frames == 0 {
		t.Errorf("%d clicks and %d frames, want %d and some", clicks, frames, want)
	}
}

// untilRed waits until the red shape of the mark is seen where it is wanted.
func untilRed(ctx context.Context, t *testing.T, s *stage.Stage, what string, where func(image.Point) bool) (at image.Point) {
	t.Helper()
	check(t, desktop.Until(ctx, what, func() bool {
		img, err := s.Desk.Screen()
		check(t, err)
		found := false
		at, found = find(img, img.Rect, red)
		return found && where(at)
	}))
	return at
}

// fullScreen lets the editor fill the screen by its key.
func fullScreen(ctx context.Context, t *testing.T, s *stage.Stage, editor desktop.Window) {
	t.Helper()
	check(t, s.Desk.Focus(ctx, editor.ID))
	xdo(ctx, t, s, "key", "F11")
	check(t, desktop.Until(ctx, "the full screen", func() bool {
		box, err := s.Desk.Geometry(editor.ID)
		return err == nil && box == image.Rect(0, 0, 1280, 800)
	}))
}

// without fails if a frame shows the mark.
func without(t *testing.T, name string) {
	t.Helper()
	f, err := os.Open(name)
	check(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	check(t, err)
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if r, g, b, _ := img.At(x, y).RGBA(); uint8(r>>8) == red.R && uint8(g>>8) == red.G && uint8(b>>8) == red.B {
				t.Fatalf("%s shows the mark at %d, %d", filepath.Base(name), x, y)
			}
		}
	}
}

// marked is the picture of the mark on the screen; "" if there is none, or if it went away or was made anew meanwhile.
func marked(ctx context.Context, t *testing.T, s *stage.Stage, img *image.RGBA) string {
	t.Helper()
	ids, err := s.Desk.Command(ctx, "xdotool", "search", "--class", "byleave-indicator").Output()
	if err != nil {
		return "" // there is none
	}
	id, err := strconv.ParseUint(strings.TrimSpace(string(ids)), 10, 32)
	if err != nil {
		return "" // an old one and a new one
	}
	box, err := s.Desk.Geometry(uint32(id))
	if err != nil {
		return ""
	}
	var pix strings.Builder
	for y := box.Min.Y; y < box.Max.Y; y++ {
		pix.Write(img.Pix[img.PixOffset(box.Min.X, y):img.PixOffset(box.Max.X, y)])
	}
	return pix.String()
}

// TestMarkStates: above a full screen each state that has a mark has a picture of its own. Where there is no consent, none yet, none any
// more, or none to what is asked now, the agent has no mark and not even a connection to the display.
func TestMarkStates(t *testing.T) {
	ctx, s := open(t, desktop.Options{Width: 1280, Height: 800}, stage.Options{})
	pictures := map[string]string{}
	seen := func(state string) {
		t.Helper()
		check(t, s.Until(ctx, state, func(st stage.Status) bool { return st.State == state && st.Mark }))
		check(t, desktop.Until(ctx, "a picture of its own for "+state, func() bool { // recording lingers on the mark for 2 s
			img, err := s.Desk.Screen()
			check(t, err)
			here := marked(ctx, t, s, img)
			for other, picture := range pictures {
				if other != state && picture == here {
					return false
				}
			}
			pictures[state] = here
			return here != ""
		}))
		shoot(t, s, "state-"+state)
	}
	agent := run(t, s)
	unseen := func(state, name string) {
		t.Helper()
		check(t, s.Until(ctx, state, func(st stage.Status) bool { return st.State == state && !st.Mark }))
		for _, verb := range []string{"pause", "resume"} { // whatever wakes the agent brings no connection
			_, err := s.Byleave(ctx, verb)
			check(t, err)
		}
		check(t, desktop.Until(ctx, "the end of the connection", func() bool {
			has, err := s.Desk.HasClient(agent.Pid)
			return err == nil && !has
		}))
		shoot(t, s, "state-"+name)
		if ids, err := s.Desk.Command(ctx, "xdotool", "search", "--class", "byleave-indicator").Output(); err == nil || len(ids) > 0 {
			t.Errorf("a mark is on the screen while %s: %s", name, ids)
		}
	}
	restart := func() {
		check(t, agent.Stop())
		agent = run(t, s)
	}
	unseen("off", "off")

	check(t, s.Give(ctx, "all"))
	editor := editorOn(ctx, t, s)
	fullScreen(ctx, t, s, editor)
	seen("recording")
	p, err := s.Desk.Start("other", "/usr/bin/xterm", "-fullscreen", "-e", "sleep 600")
	check(t, err)
	other, err := s.Desk.WaitWindow(ctx, "the other program", desktop.OfProcess(p.Pid))
	check(t, err)
	check(t, s.Desk.Focus(ctx, other.ID))
	seen("excluded")
	check(t, s.Desk.Focus(ctx, editor.ID))
	seen("recording")
	_, err = s.Byleave(ctx, "pause", "1h")
	check(t, err)
	seen("paused")
	_, err = s.Byleave(ctx, "resume")
	check(t, err)
	check(t, s.Until(ctx, "recording", recording))
	check(t, s.Desk.StopWM())
	seen("blind")
	_, err = s.AtTerminal(ctx, "yes\n", "consent", "give", "--grant", stage.App+"=pointer", "--hours", "all", "--expires", "2s")
	check(t, err)
	seen("expired")

	restart()
	unseen("expired", "expired-before-the-start")
	check(t, s.Give(ctx, "all"))
	check(t, s.Until(ctx, "a mark", func(st stage.Status) bool { return st.Mark }))
	check(t, s.Publish(ctx, func(p map[string]any) { p["retention_days"] = 400 }))
	restart()
	unseen("consenting", "consenting")
	check(t, s.Give(ctx, "all"))
	check(t, s.Until(ctx, "a mark", func(st stage.Status) bool { return st.Mark }))
	_, err = s.Byleave(ctx, "consent", "withdraw")
	check(t, err)
	unseen("off", "withdrawn")
}

// TestMarkClosed: another client that closes the mark ends the recording; it goes on under a new mark only.
func TestMarkClosed(t *testing.T) {
	ctx, s := open(t, desktop.Options{Width: 1280, Height: 800}, stage.Options{})
	agent, _ := record(ctx, t, s)
	old, err := s.Desk.Command(ctx, "xdotool", "search", "--class", "byleave-indicator").Output()
	check(t, err)
	out, err := s.Desk.Command(ctx, "xkill", "-id", strings.TrimSpace(string(old))).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	check(t, desktop.Until(ctx, "the end of the sight", func() bool {
		log, err := os.ReadFile(agent.Log)
		return err == nil && strings.Contains(string(log), "no sight of the desktop") && strings.Contains(string(log), "the mark is gone")
	}))
	check(t, s.Until(ctx, "recording under a new mark", func(st stage.Status) bool { return st.State == "recording" && st.Mark }))
}

// TestMarkCovered: a window that fights for the top is not fought: recording stops and says why, and goes on when it is gone.
func TestMarkCovered(t *testing.T) {
	ctx, s := open(t, desktop.Options{Width: 1280, Height: 800}, stage.Options{})
	record(ctx, t, s)
	x, err := xgb.NewConnDisplay(s.Desk.Display())
	check(t, err)
	defer x.Close()
	rival, err := xproto.NewWindowId(x)
	check(t, err)
	root := xproto.Setup(x).DefaultScreen(x).Root
	check(t, xproto.CreateWindowChecked(x, 0, rival, root, 1000, 0, 280, 80, 0, xproto.WindowClassInputOutput, 0,
		xproto.CwBackPixel|xproto.CwOverrideRedirect, []uint32{0x00ff00, 1}).Check())
	check(t, xproto.MapWindowChecked(x, rival).Check())
	check(t, s.Until(ctx, "the word that the mark is covered", func(st stage.Status) bool {
		for range 50 {
			xproto.ConfigureWindow(x, rival, xproto.ConfigWindowStackMode, []uint32{xproto.StackModeAbove})
			x.Sync()
		}
		return st.State == "blind" && st.Words == "mark covered" && !st.Mark
	}))
	check(t, xproto.DestroyWindowChecked(x, rival).Check())
	check(t, s.Until(ctx, "recording again", func(st stage.Status) bool { return st.State == "recording" && st.Mark }))
}

// TestHotkeyHeldByAnother: where another program holds the combination, the status says so, and pressing it is not recorded either:
// a person who wants to pause must not be recorded as doing so.
func TestHotkeyHeldByAnother(t *testing.T) {
	ctx, s := open(t, desktop.Options{Width: 1280, Height: 800}, stage.Options{})
	x, err := xgb.NewConnDisplay(s.Desk.Display())
	check(t, err)
	defer x.Close()
	root := xproto.Setup(x).DefaultScreen(x).Root
	const combination = xproto.ModMaskControl | xproto.ModMask1 | xproto.ModMaskShift
	check(t, xproto.GrabKeyChecked(x, false, root, combination, xproto.GrabAny, xproto.GrabModeAsync, xproto.GrabModeAsync).Check())
	record(ctx, t, s)
	check(t, s.Until(ctx, "the word that it is taken", func(st stage.Status) bool { return strings.Contains(st.Hotkey, "another program holds") }))
	awayFromEdges()
	xdo(ctx, t, s, "key", "ctrl+alt+shift+p")
	awayFromEdges()
	xdo(ctx, t, s, "key", "ctrl+alt+shift+o") // the control: a neighbour of it is recorded
	awayFromEdges()
	pauseSealsAll(t, s)
	_, steps := export(t, s)
	var keys []string
	for _, st := range steps {
		t.Logf("%+v", st)
		if st.Kind == "hotkey" {
			keys = append(keys, st.Hotkey)
		}
	}
	if len(keys) != 1 || keys[0] != "ctrl+alt+shift+o" {
		t.Errorf("recorded hotkeys %q", keys)
	}
}
