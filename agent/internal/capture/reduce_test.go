package capture

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
	"github.com/google/go-cmp/cmp"
)

// The places in which the events of the table happen.
var (
	inEditor = &place{window: 1, focus: 11, known: true, text: true, lines: true}
	inEntry  = &place{window: 1, focus: 12, known: true, text: true}
	inList   = &place{window: 1, focus: 13, known: true}
	inBlind  = &place{window: 1}
	inOther  = &place{window: 2, focus: 21, known: true, text: true, lines: true}
)

// script makes events, each some milliseconds after the one before.
type script struct {
	at    time.Duration
	place *place
	state uint16
	evs   []input
}

func (s *script) put(in input) {
	in.at, in.stamp, in.place, in.state = policy.Moment{Boot: s.at}, uint32(s.at/time.Millisecond), s.place, s.state
	s.evs = append(s.evs, in)
}

func (s *script) wait(ms int) *script { s.at += time.Duration(ms) * time.Millisecond; return s }
func (s *script) in(p *place) *script { s.place = p; return s }

func (s *script) down(sym uint32, char rune) *script {
	s.put(input{deed: keyDown, sym: sym, char: char})
	return s.wait(5)
}

func (s *script) up(sym uint32) *script { s.put(input{deed: keyUp, sym: sym}); return s.wait(5) }

func (s *script) tap(sym uint32) *script {
	var char rune
	if sym >= 0x20 && sym < 0x7f {
		char = rune(sym)
	}
	return s.down(sym, char).up(sym)
}

func (s *script) typed(text string) *script {
	for _, r := range text {
		s.down(uint32(r), r).up(uint32(r)).wait(50)
	}
	return s
}

// with holds modifiers while f happens.
func (s *script) with(mask uint16, f func()) *script {
	s.state |= mask
	f()
	s.state &^= mask
	return s
}

func (s *script) button(b uint8, down bool, x, y int) *script {
	d := buttonUp
	if down {
		d = buttonDown
	}
	s.put(input{deed: d, button: b, x: x, y: y})
	return s.wait(20)
}

func (s *script) click(b uint8, x, y int) *script {
	return s.button(b, true, x, y).button(b, false, x, y)
}

func (s *script) move(x, y int) *script {
	s.put(input{deed: motion, x: x, y: y})
	return s.wait(20)
}

// reduced says in one line each what the reducer makes of a script.
func reduced(s *script) []string {
	var made []*action
	r := newReducer(func(a *action, _ input) { made = append(made, a) }, func(*action) {})
	for _, in := range s.evs {
		r.add(in)
	}
	r.expire(policy.Moment{Boot: s.at + time.Minute})
	var out []string
	for _, a := range made {
		out = append(out, say(a.step)+map[bool]string{false: " (open)"}[a.ended])
	}
	return out
}

func say(s raw.Step) string {
	held := ""
	if s.Combo != "" {
		held = " with " + s.Combo
	}
	switch s.Kind {
	case raw.Click:
		return fmt.Sprintf("click %s %d at %d,%d", s.Button, s.Count, s.X, s.Y) + held
	case raw.Drag:
		return fmt.Sprintf("drag %s %d,%d to %d,%d", s.Button, s.X, s.Y, s.ToX, s.ToY) + held
	case raw.Scroll:
		return fmt.Sprintf("scroll %d,%d", s.DX, s.DY) + held
	case raw.Hotkey:
		return "hotkey " + s.Combo
	case raw.Text:
		return "text " + sayKeys(s.Keys)
	case raw.Gap:
		return fmt.Sprintf("gap %d", s.Reason)
	case raw.Leave:
		return "leave"
	}
	return fmt.Sprintf("kind %d", s.Kind)
}

func sayKeys(keys []raw.Key) string {
	var b strings.Builder
	for _, k := range keys {
		if k.Rune != 0 {
			b.WriteRune(k.Rune)
		} else {
			fmt.Fprintf(&b, "<%d>", k.Edit)
		}
	}
	return b.String()
}

func edit(e raw.Edit) string { return fmt.Sprintf("<%d>", e) }

func TestReduce(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(s *script)
		want []string
	}{
		{"click", func(s *script) { s.click(1, 5, 6) }, []string{"click left 1 at 5,6"}},
		{"right and middle click", func(s *script) { s.click(3, 1, 1).click(2, 1, 1) }, []string{"click right 1 at 1,1", "click middle 1 at 1,1"}},
		{"double click is one step", func(s *script) { s.click(1, 5, 6).wait(100).click(1, 9, 3) }, []string{"click left 2 at 5,6"}},
		{"triple click, and a fourth is new", func(s *script) {
			for range 4 {
				s.click(1, 5, 6).wait(60)
			}
		}, []string{"click left 3 at 5,6", "click left 1 at 5,6"}},
		{"too slow for a double click", func(s *script) { s.click(1, 5, 6).wait(470).click(1, 5, 6) }, []string{"click left 1 at 5,6", "click left 1 at 5,6"}},
		{"too far for a double click", func(s *script) { s.click(1, 5, 6).click(1, 11, 6) }, []string{"click left 1 at 5,6", "click left 1 at 11,6"}},
		{"a key between clicks parts them", func(s *script) { s.click(1, 5, 6).tap(symEscape).click(1, 5, 6) },
			[]string{"click left 1 at 5,6", "hotkey Escape", "click left 1 at 5,6"}},
		{"a double click does not span windows", func(s *script) { s.click(1, 5, 6).in(inOther).click(1, 5, 6) },
			[]string{"click left 1 at 5,6", "click left 1 at 5,6"}},
		{"a long press is one click", func(s *script) { s.button(1, true, 5, 6).wait(2000).button(1, false, 5, 6).click(1, 5, 6) },
			[]string{"click left 1 at 5,6", "click left 1 at 5,6"}},
		{"5 pixels are a click", func(s *script) { s.button(1, true, 5, 5).move(10, 5).button(1, false, 10, 5) }, []string{"click left 1 at 5,5"}},
		{"6 pixels are a drag", func(s *script) { s.button(1, true, 5, 5).move(9, 5).button(1, false, 11, 5) }, []string{"drag left 5,5 to 11,5"}},
		{"a drag that comes back is a drag", func(s *script) { s.button(1, true, 5, 5).move(50, 5).move(5, 5).button(1, false, 5, 5) },
			[]string{"drag left 5,5 to 5,5"}},
		{"a press that was never released stays open", func(s *script) { s.button(1, true, 5, 5) }, []string{"click left 1 at 5,5 (open)"}},
		{"a release that was never pressed is nothing", func(s *script) { s.button(1, false, 5, 5) }, nil},
		{"scroll run", func(s *script) { s.click(5, 1, 1).click(5, 1, 1).wait(300).click(5, 1, 1) }, []string{"scroll 0,3"}},
		{"scroll runs by gap and by direction", func(s *script) {
			s.click(4, 1, 1).click(4, 1, 1).click(5, 1, 1).wait(500).click(5, 1, 1).click(7, 1, 1).click(6, 1, 1)
		}, []string{"scroll 0,-2", "scroll 0,1", "scroll 0,1", "scroll 1,0", "scroll -1,0"}},
		{"keys held at a press are told: ctrl adds to a selection, shift extends it", func(s *script) {
			s.with(ctrlMask, func() { s.click(1, 5, 6) }).with(ctrlMask|shiftMask, func() { s.click(1, 5, 6) })
			s.with(shiftMask, func() { s.button(1, true, 5, 5).move(50, 5).button(1, false, 60, 5) })
		}, []string{"click left 1 at 5,6 with ctrl", "click left 1 at 5,6 with ctrl+shift", "drag left 5,5 to 60,5 with shift"}},
		{"a click with ctrl and one without are no double click", func(s *script) { s.with(ctrlMask, func() { s.click(1, 5, 6) }).click(1, 5, 6) },
			[]string{"click left 1 at 5,6 with ctrl", "click left 1 at 5,6"}},
		{"a double click with alt is one step", func(s *script) { s.with(altMask, func() { s.click(1, 5, 6).click(1, 5, 6) }) }, []string{"click left 2 at 5,6 with alt"}},
		{"to zoom is not to scroll", func(s *script) {
			s.click(5, 1, 1).with(ctrlMask, func() { s.click(5, 1, 1).click(5, 1, 1) }).click(5, 1, 1)
		}, []string{"scroll 0,1", "scroll 0,2 with ctrl", "scroll 0,1"}},
		{"locks and the group of the layout are not held", func(s *script) { s.with(1<<1|1<<4|1<<7|1<<13, func() { s.click(1, 5, 6) }) }, []string{"click left 1 at 5,6"}},
		{"text run", func(s *script) { s.typed("Hi, you!") }, []string{"text Hi, you!"}},
		{"text runs by gap", func(s *script) { s.typed("ab").wait(500).typed("cd") }, []string{"text ab", "text cd"}},
		{"text runs by element", func(s *script) { s.typed("ab").in(inEntry).typed("cd").in(inOther).typed("ef") }, []string{"text ab", "text cd", "text ef"}},
		{"a long run is cut", func(s *script) { s.typed(strings.Repeat("a", 200)) }, []string{"text " + strings.Repeat("a", 167), "text " + strings.Repeat("a", 33)}},
		{"editing keys belong to the run", func(s *script) {
			s.typed("abc").tap(symBackSpace).tap(symLeft).tap(symDelete).tap(symReturn).typed("d")
		},
			[]string{"text abc" + edit(raw.Backspace) + edit(raw.Left) + edit(raw.Delete) + edit(raw.Newline) + "d"}},
		{"word edits belong to the run", func(s *script) {
			s.typed("abc").with(ctrlMask, func() { s.tap(symBackSpace).tap(symDelete) })
		}, []string{"text abc" + edit(raw.WordBack) + edit(raw.WordDelete)}},
		{"selecting belongs to the run", func(s *script) { s.typed("abc").with(shiftMask, func() { s.tap(symLeft).tap(symRight).tap(symHome) }) },
			[]string{"text abc" + edit(raw.SelectLeft) + edit(raw.SelectRight) + edit(raw.Unknown)}},
		{"arrows outside of a run are hotkeys", func(s *script) { s.tap(symDown).tap(symDown).in(inList).tap(symUp) },
			[]string{"hotkey Down", "hotkey Down", "hotkey Up"}},
		{"Return and Tab leave a single line", func(s *script) { s.in(inEntry).typed("a").tap(symReturn).tap(symTab) },
			[]string{"text a", "hotkey Return", "hotkey Tab"}},
		{"Tab writes into several lines, shift+Tab does not", func(s *script) {
			s.typed("a").tap(symTab).with(shiftMask, func() { s.tap(symLeftTab) })
		}, []string{"text a" + edit(raw.Tab), "hotkey shift+Tab"}},
		{"named keys", func(s *script) {
			s.in(inList).tap(symReturn).tap(symF1 + 4).tap(symPageDown).tap(symDelete).tap(symKeypadRet)
		},
			[]string{"hotkey Return", "hotkey F5", "hotkey Page_Down", "hotkey Delete", "hotkey Return"}},
		{"combinations", func(s *script) {
			s.with(ctrlMask, func() { s.tap('s').with(shiftMask, func() { s.tap(symEnd).tap('T').tap('+') }) })
			s.with(altMask, func() { s.tap('f') }).with(superMask, func() { s.tap(symF1) })
		}, []string{"hotkey ctrl+s", "hotkey ctrl+shift+End", "hotkey ctrl+shift+t", "hotkey ctrl+shift+plus", "hotkey alt+f", "hotkey super+F1"}},
		{"the modifier released first", func(s *script) {
			s.down(0xffe3, 0).with(ctrlMask, func() { s.down('a', 'a').up(0xffe3) }).up('a')
		}, []string{"hotkey ctrl+a"}},
		{"shift and AltGr only choose a character", func(s *script) {
			s.down(0xffe1, 0).with(shiftMask, func() { s.typed("A") }).up(0xffe1).down(0xfe03, 0).with(0x80, func() { s.typed("@") }).up(0xfe03)
		}, []string{"text A@"}},
		{"alt+Tab is the window manager's", func(s *script) { s.down(0xffe9, 0).with(altMask, func() { s.tap(symTab) }).up(0xffe9) }, nil},
		{"a modifier alone is nothing", func(s *script) { s.tap(0xffe1).tap(0xffeb).tap(0xff7f) }, nil},
		{"a held key is one hotkey", func(s *script) {
			s.in(inList).down(symDown, 0)
			for range 5 {
				s.wait(40).up(symDown)
				s.at -= 5 * time.Millisecond // the server's repeat: released and pressed in one millisecond
				s.down(symDown, 0)
			}
			s.up(symDown)
		}, []string{"hotkey Down"}},
		{"a held letter is repeated text", func(s *script) {
			s.down('a', 'a')
			for range 3 {
				s.wait(40).up('a')
				s.at -= 5 * time.Millisecond
				s.down('a', 'a')
			}
			s.up('a')
		}, []string{"text aaaa"}},
		{"an unknown element gives no text, no editing keys and no combinations", func(s *script) {
			s.in(inBlind).typed("secret").tap(symBackSpace).tap(symReturn).tap(symTab).tap(symLeft).with(ctrlMask, func() { s.tap('c') }).tap(symF1)
		}, []string{"text "}},
		{"letters into a list are no text", func(s *script) { s.in(inList).typed("find") }, []string{"text "}},
		{"typing while a button is held", func(s *script) { s.button(1, true, 5, 5).typed("a").button(1, false, 5, 5) },
			[]string{"click left 1 at 5,5", "text a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &script{at: time.Hour, place: inEditor}
			test.do(s)
			if d := cmp.Diff(test.want, reduced(s)); d != "" {
				t.Errorf("steps differ (-want +got):\n%s", d)
			}
		})
	}
}

// TestPoison holds that one denied event drops its whole action and everything that was seen of it.
func TestPoison(t *testing.T) {
	s := &script{at: time.Hour, place: inEditor}
	s.typed("abc")
	var a *action
	r := newReducer(func(b *action, _ input) { a = b }, func(*action) {})
	var h holdback
	for _, in := range s.evs {
		if got := r.add(in); got != nil {
			h.put(held{at: in.at, from: in.at, window: 1, a: got})
		}
	}
	shot := &raw.Shot{Pix: []byte{1, 2, 3, 4}}
	pix, keys := shot.Pix, a.step.Keys
	a.step.Before = shot
	n := 0
	open := openPermit(t)
	h.judge(policy.Moment{Boot: 2 * time.Hour}, func(held) policy.Permit {
		if n++; n == 2 {
			return policy.Deny(policy.OutOfHours)
		}
		return open
	})
	if n != 3 || a.waiting != 0 {
		t.Fatalf("judged %d events, %d wait", n, a.waiting)
	}
	if a.denied != policy.OutOfHours {
		t.Errorf("denied for reason %d", a.denied)
	}
	if keys[0] != (raw.Key{}) || keys[2] != (raw.Key{}) || pix[0] != 0 || a.step.Keys != nil || a.step.Before != nil {
		t.Error("what was typed or seen is still there")
	}
}
