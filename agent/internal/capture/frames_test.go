package capture

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/agent/internal/capture/internal/x11"
)

func TestFramesAndElement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, allClasses)
		w.click(5, 6)
		w.settled()
		w.pass(2000)
		w.typed("abc")
		w.settled()
		w.pass(2000)
		if err := w.stop(); err != nil {
			t.Fatal(err)
		}
		for _, k := range []raw.Kind{raw.Click, raw.Text} {
			s := w.of(k)
			if len(s) != 1 {
				t.Fatalf("%d steps of kind %d", len(s), k)
			}
			if b := s[0].Before; b == nil || b.Proof != "damage" || !b.Unpack() || b.Pix[0] != 1 {
				t.Errorf("kind %d: frame before: %v, %q", k, b, s[0].NoBefore)
			}
			if a := s[0].After; a == nil || a.Proof != "settled" || a.Age > time.Second {
				t.Errorf("kind %d: frame after: %v, %q", k, a, s[0].NoAfter)
			}
		}
		if e := w.of(raw.Click)[0].Element; e.Name != "Save" {
			t.Errorf("element %+v", e)
		}
		if r := w.of(raw.Click)[0].Window.Rect; r.W != 400 {
			t.Errorf("window %+v", r)
		}
	})
}

// TestSettledIsSeen: the frame after an action is called settled only if the window was seen to settle since. Where the next action comes first,
// its frame before may still show what was there before the first.
func TestSettledIsSeen(t *testing.T) {
	for name, want := range map[string]string{"settles": "settled", "does not": "cap"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, allClasses)
			w.hotkey('s')
			w.pass(60)
			if want == "settled" {
				w.settled()
			}
			w.hotkey('q')
			w.settled()
			w.pass(2000)
			if err := w.stop(); err != nil {
				t.Fatal(err)
			}
			s := w.of(raw.Hotkey)
			if len(s) != 2 || s[0].After == nil {
				t.Fatalf("%s: %d steps; no frame after the first: %q", name, len(s), s[0].NoAfter)
			}
			if got := s[0].After.Proof; got != want {
				t.Errorf("the window %s before the next action, and the frame is called %s", name, got)
			}
		})
	}
}

// TestFramesAreBounded holds that a flood of actions cannot cost a grab each: the display bounds those before an action
// (x11.TestPressesAreBounded), the camera those after one.
func TestFramesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, allClasses)
		before := w.d.grabs
		for range 200 {
			w.hotkey('s')
			w.send(x11.Event{Kind: x11.Settled})
			w.pass(10)
		}
		w.pass(2000)
		if n := w.d.grabs - before; n > 15 {
			t.Errorf("%d grabs in 2 seconds", n)
		}
		if err := w.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestPaceSparesFrames: a slower pace reaches the display and the camera, and so costs fewer grabs; each change of it counts at once.
func TestPaceSparesFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, allClasses)
		grabs := map[time.Duration]int{}
		for _, w.pace = range []time.Duration{200 * time.Millisecond, time.Second, 0} {
			before := w.d.grabs
			for n := range 12 {
				w.click(20*n, 6)
				w.settled()
				w.pass(400)
			}
			w.pass(2000)
			grabs[w.pace] = w.d.grabs - before
			if w.d.pace != w.pace {
				t.Errorf("the display was told %v, not %v", w.d.pace, w.pace)
			}
		}
		if grabs[time.Second]*2 > grabs[0] || grabs[200*time.Millisecond] != grabs[0] {
			t.Errorf("grabs by pace: %v", grabs)
		}
		if err := w.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestWipesFramesOfDeniedActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, allClasses)
		w.click(5, 6)
		w.pass(50)
		w.front(chat)
		w.pass(2000)
		if len(w.d.shots) == 0 {
			t.Fatal("no frame was taken: the test shows nothing")
		}
		for _, s := range w.d.shots {
			if !s.Empty() {
				t.Error("pixels of a denied click are still there")
			}
		}
		if w.d.recording || w.d.watched != 0 {
			t.Error("it still listens to a window that was not agreed")
		}
		if err := w.stop(); err != nil {
			t.Fatal(err)
		}
	})
}
