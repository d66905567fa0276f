package tray

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.Local)

func TestMenuSaysWhatHolds(t *testing.T) {
	for name, c := range map[string]struct {
		v    View
		want map[row]string
	}{
		"off": {View{State: "off", Words: "no consent given"}, map[row]string{
			rowState: "Off: no consent given", rowWhatApp: "Nothing: no consent given", rowWhatAgreed: "You have agreed to nothing",
			rowWithdraw: "", rowWithdrawNow: "", rowResume: "", rowLeaves: "Nothing waits to leave", rowWhatKinds: "", rowAnswer: ""}},
		"recording": {View{State: "recording", App: "editor", Kinds: "pointer, text", AgreedUntil: noon.AddDate(0, 0, 3), Held: 2, NextSend: noon.Add(time.Hour)}, map[row]string{
			rowState: "Recording: editor", rowWhatApp: "Application: editor", rowWhatKinds: "Kinds: pointer, text", rowWhatAgreed: "You agreed until 7 May 12:00",
			rowWithdraw: "Withdraw consent", rowLeaves: "The next box may leave at 13:00", rowResume: ""}},
		"excluded": {View{State: "excluded", Words: "window not agreed", AgreedUntil: noon}, map[row]string{
			rowState: "Excluded: window not agreed", rowWhatApp: "Nothing: window not agreed", rowWhatKinds: "", rowLeaves: "Nothing waits to leave"}},
		"paused":       {View{State: "paused", Words: "paused by you"}, map[row]string{rowState: "Paused: until you resume", rowResume: "Resume", rowPauseForever: "Pause until I resume"}},
		"paused a day": {View{State: "paused", PausedUntil: noon.Add(24 * time.Hour), Held: 1, NextSend: noon}, map[row]string{rowState: "Paused: until 5 May 12:00", rowLeaves: "1 box is on the way out"}},
		"answered":     {View{State: "blind", Words: "cannot be sure", Answer: "Forgotten"}, map[row]string{rowAnswer: "Forgotten", rowState: "Blind: cannot be sure"}},
		"menu open":    {View{State: "blind", Words: "cannot be sure", lastApp: "editor", lastAt: noon}, map[row]string{rowWhatApp: "Nothing: cannot be sure", rowWhatLast: "Until 12:00: editor"}},
		"sparing":      {View{State: "recording", Thrift: "on battery: fewer"}, map[row]string{rowThrift: "Sparing: on battery: fewer"}},
		"today":        {View{State: "recording", Used: 1_250_000, Most: 50_000_000}, map[row]string{rowToday: "Sent today: 1.2 of 50 MB"}},
		"waits":        {View{State: "recording", Most: 50_000_000, Waits: "metered network"}, map[row]string{rowToday: "Sent today: 0.0 of 50 MB; boxes wait: metered network"}},
		"nothing":      {View{}, map[row]string{rowState: "Not recording"}},
	} {
		m := menu(c.v, noon)
		for r, want := range c.want {
			if m[r] != want {
				t.Errorf("%s: row %d says %q, want %q", name, r, m[r], want)
			}
		}
		for r := range acts {
			if c.want[row(r)] == "" && m[r] == "" && acts[r] != None && acts[r] != Resume && acts[r] != Withdraw {
				t.Errorf("%s: row %d is hidden", name, r)
			}
		}
	}
}

// The pause without an end stands first, and giving back is one click in one submenu: no pattern that tires a person out.
func TestNoDarkPattern(t *testing.T) {
	if rowPauseForever > rowPauseHour || rowPauseHour > rowPauseQuarter {
		t.Error("a pause that ends by itself stands before the one that does not")
	}
	if acts[rowWithdrawNow] != Withdraw || parents[rowWithdrawNow] != rowWithdraw || acts[rowWithdraw] != None {
		t.Error("withdrawing is not one click in a submenu of its own")
	}
	if m := menu(View{}, noon); !strings.Contains(m[rowQuit], "stop recording") {
		t.Errorf("quit does not say what it does: %q", m[rowQuit])
	}
}

func TestIconsDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, state := range []string{"off", "consenting", "recording", "paused", "excluded", "blind", "expired"} {
		for _, b := range [][]byte{pngIcon(state), icoIcon(state)} {
			if other, ok := seen[string(b)]; ok {
				t.Errorf("%s and %s share an icon", state, other)
			}
			seen[string(b)] = state
		}
		if img, err := png.Decode(bytes.NewReader(pngIcon(state))); err != nil || img.Bounds().Dx() != 28 {
			t.Errorf("%s: %v", state, err)
		}
		ico := icoIcon(state)
		if !bytes.HasPrefix(ico, []byte{0, 0, 1, 0, 1, 0, 28, 28}) || len(ico) != 22+40+28*28*4+28*4 {
			t.Errorf("%s: the .ico has %d bytes and begins with % x", state, len(ico), ico[:8])
		}
	}
}
