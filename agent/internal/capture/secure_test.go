package capture

import (
	"fmt"
	"math/rand/v2"

	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/agent/internal/capture/internal/x11"
	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/proto/pb"
)

// spot is something that can have the focus: a window, and what its application tells of the element in it, if it tells.
type spot struct {
	name   string
	secure bool
	window x11.Focus
	leaf   *a11y.Focus
	asks   bool // a program in this terminal reads a line without showing it
}

func windowOf(id uint32, pid int, class, title string) x11.Focus {
	name := strings.ToLower(class)
	return x11.Focus{Window: id, Class: class, Instance: name, Executable: "/usr/bin/" + name, Title: title, PID: pid, Known: true}
}

func leafOf(pid int, id uint64, role a11y.Role) *a11y.Focus {
	return &a11y.Focus{PID: pid, ID: id, Role: role, Known: role != 0, Lines: true, Element: a11y.Element{Role: "text"}}
}

// spots are all agreed to, as far as a policy can ask for them.
var spots = []spot{
	{"editor", false, editorA, &textField, false},
	{"another field", false, editorA, &otherField, false},
	{"another window", false, editorB, leafOf(100, 31, a11y.RoleText), false},
	{"a terminal that shows what is typed", false, windowOf(5, 500, "XTerm", "sh"), nil, false},
	{"password field", true, editorA, &password, false},
	{"password field of another window", true, editorB, leafOf(100, 32, a11y.RolePasswordText), false},
	{"unknown element", true, editorA, &a11y.Focus{PID: 100, ID: 77}, false},
	{"unknown application", true, windowOf(4, 400, "Viewer", "x"), nil, false},
	{"terminal that asks for a password", true, windowOf(5, 500, "XTerm", "sh"), nil, true},
	{"terminal on the bus that asks for a password", true, windowOf(6, 600, "Term", "sh"), leafOf(600, 61, a11y.RoleTerminal), true},
	{"password manager", true, windowOf(7, 700, "KeePassXC", "Passwords"), leafOf(700, 71, a11y.RoleText), false},
	{"private window", true, windowOf(8, 800, "Editor", "Mozilla Firefox — Private Browsing"), leafOf(800, 81, a11y.RoleText), false},
	{"browser without accessibility", true, windowOf(9, 900, "Chromium", "Bank"), nil, false},
	{"browser with accessibility", true, windowOf(10, 900, "Firefox", "Bank"), leafOf(900, 91, a11y.RoleEntry), false},
	{"lock screen", true, windowOf(11, 1100, "Xscreensaver", "x"), leafOf(1100, 111, a11y.RoleText), false},
	{"not agreed", true, chat, leafOf(300, 33, a11y.RoleText), false},
}

// trial plays one random stretch of work in which secure contexts get the focus, before the reports of it come.
type trial struct {
	w    *world
	rnd  *rand.Rand
	here *spot
	asks atomic.Bool

	front, leaf time.Time // when the newest report comes
	visits      []visit
	log         strings.Builder
	since       time.Duration // of the focus
	gaps        int           // that may tell of what was
	problem     string
	typedSafely int
}

// visit is a time for which a secure context truly had the focus, and when keys were typed in it.
type visit struct {
	name     string
	from, to time.Duration
	keys     []time.Duration
}

func (tr *trial) apps() []*pb.Application {
	apps := []*pb.Application{editorApp}
	for _, class := range []string{"Viewer", "XTerm", "Term", "KeePassXC", "Chromium", "Firefox", "Xscreensaver"} {
		name := strings.ToLower(class)
		apps = append(apps, &pb.Application{Id: name, Name: class, WmClass: class, Executables: []string{"/usr/bin/" + name}})
	}
	return apps
}

// goTo takes the focus to a context. The window is reported a little later, the element up to a quarter of a second later.
func (tr *trial) goTo(c *spot) {
	if n := len(tr.visits); n > 0 && tr.here.secure {
		tr.visits[n-1].to = tr.w.now().Boot
	}
	moved := c.window.Window != tr.here.window.Window
	tr.here = c
	if tr.gaps++; !c.secure || tr.w.now().Boot-tr.since < 300*time.Millisecond {
		tr.gaps++ // an edge on either side; or the reports of two crossed
	}
	tr.since = tr.w.now().Boot
	tr.asks.Store(c.asks)
	fmt.Fprintf(&tr.log, "\n%v %s:", tr.w.now().Boot-time.Hour, c.name)
	if c.secure {
		tr.visits = append(tr.visits, visit{name: c.name, from: tr.w.now().Boot, to: 1 << 60})
	}
	later := func(last *time.Time, most int, f func()) {
		at := time.Now().Add(time.Duration(tr.rnd.IntN(most)) * time.Millisecond)
		if !at.After(*last) {
			at = last.Add(time.Microsecond)
		}
		*last = at
		time.AfterFunc(time.Until(at), f)
	}
	if moved {
		later(&tr.front, 20, func() { tr.w.front(c.window) })
	}
	if c.leaf != nil {
		later(&tr.leaf, 240, func() { tr.w.leaf(*c.leaf) })
	}
}

// key types something, in a context that may not be known yet.
func (tr *trial) key() {
	at, n := tr.w.now().Boot, tr.rnd.IntN(12)
	if tr.here.secure {
		v := &tr.visits[len(tr.visits)-1]
		v.keys = append(v.keys, at)
	}
	switch {
	case n == 0:
		tr.w.send(x11.Event{Kind: x11.KeyPress, Down: true, Sym: symBackSpace})
	case n == 1:
		tr.w.send(x11.Event{Kind: x11.KeyPress, Down: true, Sym: symReturn})
	case n == 2:
		tr.w.hotkey([]rune("avzxq")[tr.rnd.IntN(5)])
	case tr.here.secure:
		tr.w.key('x')
	default:
		tr.w.key('g')
		tr.typedSafely++
	}
	fmt.Fprintf(&tr.log, " %v", at-time.Hour)
}

func (tr *trial) play() {
	for range 3 + tr.rnd.IntN(6) {
		c := &spots[tr.rnd.IntN(len(spots))]
		tr.goTo(c)
		if tr.rnd.IntN(2) == 0 {
			tr.w.pass(tr.rnd.IntN(1200))
		}
		for range tr.rnd.IntN(9) {
			tr.key()
			tr.w.pass(1 + tr.rnd.IntN(1<<(1+tr.rnd.IntN(9))))
		}
	}
	tr.w.pass(4000)
	if err := tr.w.stop(); err != nil {
		tr.problem = err.Error()
	}
}

// judge says what is wrong with what came out, "" if nothing is.
func (tr *trial) judge() string {
	gaps, deeds := 0, 0
	for _, s := range tr.w.steps {
		switch s.Kind {
		case raw.Leave:
			continue
		case raw.Gap:
			if e := redact.NewGap(s.From.Wall, s.Until.Wall, s.Reason); e.At().Nanosecond() != 0 || e.Until().Nanosecond() != 0 ||
				e.At().After(s.From.Wall) || e.Until().Before(s.Until.Wall) {
				return fmt.Sprintf("a gap from %v to %v", e.At(), e.Until())
			}
			gaps++
			continue
		}
		deeds++
		for _, v := range tr.visits {
			for _, k := range v.keys {
				if s.From.Boot <= k && k <= s.Until.Boot {
					return fmt.Sprintf("%s tells of a key in the %s", say(s), v.name)
				}
			}
			for _, k := range s.Keys {
				if k.Rune == 'x' || slices.Contains(v.keys, k.At) {
					return fmt.Sprintf("%s holds a key of the %s", say(s), v.name)
				}
			}
		}
	}
	if most := tr.gaps + deeds; gaps > most { // a deed between parts a gap
		return fmt.Sprintf("%d gaps, at most %d may be", gaps, most)
	}
	return tr.problem
}

// TestSecureContexts lets secure contexts get the focus in thousands of ways, and reports it late. No key typed into one may leave
// a trace: no character, no step, no time; one gap at most tells of each.
func TestSecureContexts(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 500
	}
	secured, told, bad := 0, 0, 0
	for seed := range n {
		tr := &trial{rnd: rand.New(rand.NewPCG(uint64(seed), 4))}
		synctest.Test(t, func(t *testing.T) {
			tr.w = newWorldOf(t, tr.apps())
			tr.w.l.asking = func(int) bool { return tr.asks.Load() }
			tr.here = &spots[0]
			tr.play()
		})
		for _, v := range tr.visits {
			secured += len(v.keys)
		}
		for _, s := range tr.w.steps {
			told += strings.Count(sayKeys(s.Keys), "g")
		}
		if p := tr.judge(); p != "" {
			if bad++; bad <= 3 {
				t.Errorf("seed %d: %s\n%s\n%s", seed, p, tr.log.String(), strings.Join(tr.w.said(), "\n"))
			}
		}
	}
	t.Logf("%d trials, %d keys in secure contexts, %d others told", n, secured, told)
	if bad > 0 || secured < n || told < n/10 {
		t.Errorf("%d of %d trials failed; %d keys were typed into secure contexts, and %d others were told", bad, n, secured, told)
	}

}
