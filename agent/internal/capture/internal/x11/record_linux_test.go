package x11

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jezek/xgb/xproto"
)

// Every key of a burst comes once and in order, with its time, place and character.
func TestBurstOfKeys(t *testing.T) {
	d := desktop(t)
	s := open(t, d)
	if err := s.Record(true); err != nil {
		t.Fatal(err)
	}
	h := newHand(t, d)
	h.move(321, 123)
	wait(t, s, "the pointer", func(e Event) bool { return e.Kind == Motion })
	row := []byte{38, 39, 40, 41} // a s d f
	const keys = 5000
	go func() {
		for i := range keys {
			h.key(row[i%len(row)])
		}
		h.Sync()
	}()
	var last uint32
	for i := range keys {
		down := wait(t, s, "a press", func(e Event) bool { return e.Kind <= KeyRelease })
		up := wait(t, s, "a release", func(e Event) bool { return e.Kind <= KeyRelease })
		if down.Kind != KeyPress || up.Kind != KeyRelease || down.Keycode != row[i%4] || up.Keycode != row[i%4] ||
			down.Rune != rune("asdf"[i%4]) || down.Repeat || down.X != 321 || down.Y != 123 {
			t.Fatalf("key %d: %+v then %+v", i, down, up)
		}
		if last != 0 && after(last, down.Time) {
			t.Fatalf("key %d is older than the one before", i)
		}
		last = up.Time
		if lag := boottime() - down.At.Boot; lag < -20*time.Millisecond || lag > patience {
			t.Fatalf("key %d came %v ago", i, lag)
		}
	}
}

func TestModifiersButtonsAndRepeat(t *testing.T) {
	d := desktop(t)
	s := open(t, d)
	if err := s.Record(true); err != nil {
		t.Fatal(err)
	}
	h := newHand(t, d)
	h.fake(2, 50, 0, 0) // Shift_L
	h.key(38)
	h.fake(3, 50, 0, 0)
	e := wait(t, s, "A", func(e Event) bool { return e.Kind == KeyPress && e.Keycode == 38 })
	if e.Rune != 'A' || e.Sym != 'A' || e.State&1 == 0 {
		t.Errorf("shift+a: %+v", e)
	}
	h.fake(4, 4, 0, 0)
	h.fake(5, 4, 0, 0)
	if e = wait(t, s, "the wheel", func(e Event) bool { return e.Kind == ButtonPress }); e.Button != 4 || !e.Down {
		t.Errorf("wheel: %+v", e)
	}
	h.fake(2, 38, 0, 0)
	first := wait(t, s, "a held key", func(e Event) bool { return e.Kind == KeyPress && e.Keycode == 38 })
	if first.Repeat {
		t.Error("the first press is called a repeat")
	}
	again := wait(t, s, "the server's repeat", func(e Event) bool { return e.Kind == KeyPress && e.Keycode == 38 })
	h.fake(3, 38, 0, 0)
	if !again.Repeat {
		t.Errorf("a repeat is called a press: %+v", again)
	}
}

// A key is read with the keymap of its moment.
func TestKeymapChanges(t *testing.T) {
	d := desktop(t)
	s := open(t, d)
	if err := s.Record(true); err != nil {
		t.Fatal(err)
	}
	h := newHand(t, d)
	for _, want := range []struct {
		sym  uint32
		rune rune
	}{{0x0101f600, 0x1f600}, {0x6c1, 'а'}, {0x20ac, '€'}, {'z', 'z'}, {0xe9, 'é'}} {
		err := xproto.ChangeKeyboardMappingChecked(h.Conn, 1, 38, 2, []xproto.Keysym{xproto.Keysym(want.sym), xproto.Keysym(want.sym)}).Check()
		if err != nil {
			t.Fatal(err)
		}
		h.key(38)
		e := wait(t, s, "a key", func(e Event) bool { return e.Kind == KeyPress })
		if e.Sym != want.sym || e.Rune != want.rune {
			t.Errorf("sym %#x rune %q, want %#x %q", e.Sym, e.Rune, want.sym, want.rune)
		}
	}
}

// I1: off, nothing is delivered, also not what was queued before.
func TestRecordOffIsSilent(t *testing.T) {
	d := desktop(t)
	s := open(t, d)
	h := newHand(t, d)
	mark := func(n int) { // a title change is the fence behind the keys
		t.Helper()
		title := "fence " + strconv.Itoa(n)
		w := xproto.Window(s.Focus().Window)
		h.set(w, xproto.AtomWmName, xproto.AtomString, []byte(title))
		wait(t, s, title, func(e Event) bool {
			if e.Kind <= Motion {
				t.Errorf("an input event (kind %d) came while recording was off", e.Kind)
			}
			return e.Kind == TitleChanged && e.Focus.Title == title
		})
	}
	a := newApp(t, d)
	waitFocus(t, s, a.window(100, 100, 200, 200, green, false))
	h.key(38)
	h.move(10, 10)
	h.Sync()
	mark(1)
	for i := range 5 {
		if err := s.Record(true); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			h.key(38)
		}
		h.Sync()
		if err := s.Record(false); err != nil {
			t.Fatal(err)
		}
		h.key(39)
		h.Sync()
		mark(2 + i)
	}
}

func TestNoDisplay(t *testing.T) {
	for _, name := range []string{"", "nonsense", ":9999", "elsewhere:0", ":0.x"} {
		if _, err := Open(name); !errors.Is(err, ErrNoDisplay) {
			t.Errorf("Open(%q) = %v", name, err)
		}
	}
}

// A display without a window manager is opened; what is active is told when one comes.
func TestNoManagerYet(t *testing.T) {
	d, _ := xvfb(t)
	s := open(t, d)
	wait(t, s, "the word that there is none", func(e Event) bool { return e.Kind == WMLost })
	if f := s.Focus(); f.Known {
		t.Errorf("a focus is known: %+v", f)
	}
	if err := s.Managed(); !errors.Is(err, ErrNoWindowManager) {
		t.Errorf("managed: %v", err)
	}
	openbox(t, d)
	wait(t, s, "the window manager", func(e Event) bool { return e.Kind == WMFound })
	waitFocus(t, s, newApp(t, d).window(100, 100, 200, 200, green, false))
	if err := s.Managed(); err != nil {
		t.Error(err)
	}
}

func TestLackingExtensions(t *testing.T) {
	for _, ext := range []string{"RECORD", "DAMAGE", "MIT-SHM"} {
		d, _ := xvfb(t, "-extension", ext)
		var lacks ErrLacks
		if _, err := Open(d); !errors.As(err, &lacks) || lacks.Extension != ext {
			t.Errorf("without %s: %v", ext, err)
		}
	}
}

func TestDisplayDiesWhileRecording(t *testing.T) {
	d, server := xvfb(t)
	openbox(t, d)
	s := open(t, d)
	a := newApp(t, d)
	w := a.window(100, 100, 200, 200, green, false)
	waitFocus(t, s, w)
	if err := errors.Join(s.Record(true), s.Watch(uint32(w))); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	limit := time.After(patience)
	for open := true; open; {
		select {
		case _, open = <-s.Events():
		case <-limit:
			t.Fatal("the events do not end with the display")
		}
	}
	if !errors.Is(s.Err(), ErrDisplayDied) {
		t.Errorf("Err = %v", s.Err())
	}
	if shot, _ := s.Grab(uint32(w)); shot != nil || s.Record(true) == nil && s.Record(false) == nil && s.Watch(uint32(w)) == nil {
		t.Error("a dead display is of use")
	}
}

// The display asks for a cookie, and the cookie is found in XAUTHORITY.
func TestCookie(t *testing.T) {
	dir := t.TempDir()
	auth := filepath.Join(dir, "auth")
	entry := []byte{0xff, 0xff, 0, 0, 0, 0, 0, 18}
	entry = append(entry, "MIT-MAGIC-COOKIE-1"...)
	entry = append(entry, 0, 16)
	entry = append(entry, "0123456789abcdef"...)
	if err := os.WriteFile(auth, entry, 0o600); err != nil {
		t.Fatal(err)
	}
	d, _ := xvfb(t, "-auth", auth)
	t.Setenv("XAUTHORITY", filepath.Join(dir, "none"))
	if _, err := Open(d); !errors.Is(err, ErrNoDisplay) {
		t.Errorf("without the cookie: %v", err)
	}
	t.Setenv("XAUTHORITY", auth)
	open(t, d)
}

// switches is how often the threads of this process gave up the processor by themselves.
func switches(t *testing.T) int {
	t.Helper()
	files, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		b, err := os.Open(f)
		if err != nil {
			continue // the thread ended
		}
		for lines := bufio.NewScanner(b); lines.Scan(); {
			if v, ok := strings.CutPrefix(lines.Text(), "voluntary_ctxt_switches:"); ok {
				k, err := strconv.Atoi(strings.TrimSpace(v))
				if err != nil {
					t.Fatal(err)
				}
				n += k
			}
		}
		b.Close()
	}
	return n
}

// Nothing wakes us while nothing happens, although everything is switched on.
func TestQuietWhileIdle(t *testing.T) {
	s, _, w, _ := watched(t, 100, 100)
	if err := s.Record(true); err != nil {
		t.Fatal(err)
	}
	go func() {
		for range s.Events() {
		}
	}()
	until(t, "the slots stand", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return !s.watch.settle.armed() && !s.focus.suspect.armed() && len(s.out) == 0
	})
	grab(t, s, w)
	// What ticks does so in every window; what the runtime still does after other tests ends.
	const quiet = 3 * time.Second
	n := 0
	for range 3 {
		before := switches(t)
		<-time.After(quiet)
		if n = switches(t) - before; n <= 60 {
			t.Logf("%d wake-ups in %v, the runtime's own included", n, quiet)
			return
		}
	}
	t.Errorf("%d wake-ups in %v, and as many before", n, quiet)
}

// The memory shared with the server is ours alone, and marked to vanish.
func TestSharedMemoryIsPrivate(t *testing.T) {
	watched(t, 100, 100)
	table, err := os.ReadFile("/proc/sysvipc/shm")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) < 5 || f[4] != strconv.Itoa(os.Getpid()) {
			continue
		}
		found++
		if f[2] != "1600" { // SHM_DEST and 0600
			t.Errorf("a segment has mode %s", f[2])
		}
	}
	if found == 0 {
		t.Error("no segment of ours found")
	}
}

// A window manager that dies takes the focus with it; a new one brings it back.
func TestManagerDies(t *testing.T) {
	d, _ := xvfb(t)
	wm := openbox(t, d)
	s := open(t, d)
	a := newApp(t, d)
	waitFocus(t, s, a.window(100, 100, 200, 200, green, false))
	wm.Kill()
	wait(t, s, "the loss", func(e Event) bool { return e.Kind == WMLost })
	if f := s.Focus(); f.Known || f.Window != 0 {
		t.Errorf("without a window manager the focus is known: %#x", f.Window)
	}
	cmd := exec.Command("openbox", "--sm-disable")
	cmd.Env = append(os.Environ(), "DISPLAY="+d, "HOME="+t.TempDir())
	start(t, cmd)
	wait(t, s, "a new focus", func(e Event) bool { return e.Kind == FocusChanged && e.Focus.Known })
}

// An event can be handed over just when recording ends and the queue is emptied: a pause in the middle of fast typing.
func TestTakenAfterTheQueueWasEmptied(t *testing.T) {
	key, focus := Event{Kind: KeyPress, Time: 1}, Event{Kind: FocusChanged, Time: 2}
	for name, tt := range map[string]struct{ before, after []Event }{
		"as usual":       {[]Event{key, focus}, []Event{focus}},
		"emptied":        {nil, nil},
		"only the focus": {[]Event{focus}, []Event{focus}},
	} {
		s := &Server{out: slices.Clone(tt.before)}
		if s.taken(key); !slices.Equal(s.out, tt.after) {
			t.Errorf("%s: left %v, want %v", name, s.out, tt.after)
		}
	}
}
