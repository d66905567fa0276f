package capture

import (
	"context"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/agent/internal/capture/internal/x11"
	"github.com/byleave/byleave/policy"
)

// sight is what has the focus, and what of it was reported to the gate.
type sight struct {
	focus x11.Focus
	since policy.Moment
	rules *policy.Rules
	app   string
	why   policy.Reason
	told  bool

	leaf   a11y.Focus
	secret fact
	blind  fact
	place  *place
	layout raw.Window // screen, monitors and scale alone

	prompt bool          // a terminal asks for a password
	looked policy.Moment // when that was last looked at
	again  bool          // a key came so soon after that nobody looked
}

// fact is one thing that is reported to the gate when it changes.
type fact struct {
	on   bool
	at   policy.Moment // of the last report
	told bool
}

// set reports a change that was noticed at at. The begin of what forbids is reported earlier, as early as it can have
// been; never before the last report, which would then hold over it.
func (f *fact) set(on bool, at policy.Moment, tell func(policy.Moment, bool)) {
	if f.told && f.on == on {
		return
	}
	if on {
		at = at.Add(-focusSafety)
	}
	if f.told && at.Boot < f.at.Boot {
		at = f.at
	}
	*f = fact{on: on, at: at, told: true}
	tell(at, on)
}

// focus takes in that a window has the focus, or that its title or its geometry changed.
func (l *loop) focus(f x11.Focus, at policy.Moment) {
	s := &l.sight
	moved := f.Window != s.focus.Window || f.Known != s.focus.Known || !s.told
	if moved {
		l.leave()
		s.since, s.prompt, l.seek.tries = at, false, 0
		s.layout.Screen, s.layout.Monitors, s.layout.Scale = l.d.Layout()
	}
	s.focus = f
	l.match(at, moved)
	l.lookAtLeaf(at)
	l.here()
}

// leave ends what belongs to the element that loses the focus.
func (l *loop) leave() {
	l.red.part()
	l.out.left()
}

// match asks the rules about the focused window and reports the answer if it is another one.
func (l *loop) match(at policy.Moment, moved bool) {
	s := &l.sight
	s.rules = l.opt.Rules()
	app, why := "", policy.Blind
	if s.focus.Known && s.focus.Window != 0 {
		app, why = s.rules.Match(policy.Window{
			Class: s.focus.Class, Instance: s.focus.Instance, Executable: s.focus.Executable, Title: s.focus.Title,
		})
	}
	if !moved && s.told && app == s.app && why == s.why {
		return
	}
	s.app, s.why, s.told = app, why, true
	window := s.focus.Window
	if !s.focus.Known {
		window = 0
	}
	l.opt.Gate.Focus(at, window, app, why)
}

// rematch asks again if the rules are other ones.
func (l *loop) rematch(at policy.Moment) {
	if l.opt.Rules() != l.sight.rules {
		l.match(at, true) // the gate forgot the focus with the old rules
		l.here()
	}
}

// element takes in that an element got the focus. It returns the channel to go on with, nil if the bus has died.
func (l *loop) element(ctx context.Context, f a11y.Focus, ok bool, from <-chan a11y.Focus) <-chan a11y.Focus {
	if !ok {
		l.close()
		l.opt.Log.Warn("the accessibility bus has gone: no text is recorded until it is there again")
		l.lost(ctx)
		f, from = a11y.Focus{At: l.now()}, nil
	}
	if f.ID != l.sight.leaf.ID {
		if l.pulse.doubtful(l.now()) {
			l.pulse.denyUnproved(l.out.items, policy.Blind)
		}
		l.leave()
	}
	l.seek.told++
	if f.PID == l.sight.focus.PID {
		l.seek.tries = 0
	}
	l.sight.leaf = f
	l.lookAtLeaf(f.At)
	l.here()
	if f.Menu() && l.sight.ours() {
		l.out.point(f)
	}
	return from
}

// ours tells whether the focused element is known to lie in the focused window: of its process, and not older than the
// window's focus, but for the time by which the two reports may differ.
func (s *sight) ours() bool {
	return s.leaf.Known && s.focus.Known && s.leaf.PID != 0 && s.leaf.PID == s.focus.PID &&
		s.leaf.At.Boot >= s.since.Boot-hold
}

// terminal tells whether a program in the focused window may ask for a password at any time, without telling anyone.
func (s *sight) terminal() bool {
	return s.focus.Known && (terminals[s.focus.Class] || s.ours() && s.leaf.Terminal())
}

// lookAtLeaf reports whether the focused element is secret, and whether that is unknown.
func (l *loop) lookAtLeaf(at policy.Moment) {
	s := &l.sight
	s.prompt = s.prompt && s.terminal()
	secret := s.ours() && s.leaf.Secret() || s.prompt
	if secret && !s.secret.on {
		l.pulse.denyUnproved(l.out.items, policy.Secret)
	}
	s.secret.set(secret, at, l.opt.Gate.Secret)
	blind := !s.ours() || !s.leaf.Text() || s.terminal()
	if !s.leaf.Known && s.leaf.PID != 0 && s.leaf.PID == s.focus.PID {
		l.out.denyKeys(at)
	}
	s.blind.set(blind, at, l.opt.Gate.TextBlind)
}

// here makes the place of the events to come.
func (l *loop) here() {
	s := &l.sight
	p := &place{window: s.focus.Window, win: s.layout}
	p.win.App, p.win.Title = s.app, s.focus.Title
	p.prompt = s.terminal()
	if s.ours() {
		p.known = !s.terminal()
		p.text, p.lines = s.leaf.Text() && p.known, s.leaf.Lines
		p.element = elementOf(s.leaf.Element)
		if p.known {
			p.focus = s.leaf.ID
		}
	}
	s.place = p
}

func elementOf(e a11y.Element) raw.Element {
	return raw.Element{Role: e.Role, Name: e.Name, Rect: raw.Rect{X: e.Rect.X, Y: e.Rect.Y, W: e.Rect.W, H: e.Rect.H}}
}

// terminals are classes of programs in which a password may be asked for where no accessibility bus sees it.
var terminals = map[string]bool{
	"XTerm": true, "UXTerm": true, "URxvt": true, "Rxvt": true, "Xfce4-terminal": true, "Gnome-terminal": true,
	"Gnome-terminal-server": true, "gnome-terminal-server": true, "konsole": true, "Konsole": true, "yakuake": true, "Alacritty": true,
	"kitty": true, "org.wezfurlong.wezterm": true, "foot": true, "St": true, "st-256color": true, "Terminator": true, "Tilix": true,
	"Lxterminal": true, "qterminal": true, "Mate-terminal": true, "Terminology": true, "Guake": true, "Sakura": true, "com.mitchellh.ghostty": true,
}

// look checks whether a terminal asks for a password now. It is done at a key, and while one asked, since then no key comes in.
func (l *loop) look(now policy.Moment) {
	s := &l.sight
	if !s.terminal() {
		s.again = false
		return
	}
	if s.again = now.Boot-s.looked.Boot < promptFresh && s.looked.Boot != 0; s.again {
		return // it may begin to ask just now: the look that follows comes before this key is judged
	}
	s.looked = now
	if asks := l.asking(s.focus.PID); asks != s.prompt {
		s.prompt = asks
		l.lookAtLeaf(now)
	}
}

// due is when a terminal that asks for a password must be looked at again.
func (s *sight) due() (time.Duration, bool) {
	if s.again {
		return s.looked.Boot + promptFresh, true
	}
	return s.looked.Boot + promptLook, s.prompt
}
