package redact

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// proseWords are the clean text that a person types. No secret has four characters in a row of one of them.
var proseWords = strings.Fields(`please see the report about our plan and then tell everyone what they should know before lunch it was as said
quite good we agree with this now that all parts work well again some items need more time so let us meet next week or soon after
thanks for your kind help would you like another copy of it many people read these notes on Monday the office is open until 7 with many rooms`)

// planted is one secret and how it was entered.
type planted struct{ kind, text string }

// secretMakers make random secrets, each in the forms in which people type it.
var secretMakers = []struct {
	kind string
	make func(*rand.Rand) string
}{
	{"card", func(r *rand.Rand) string { return secretKinds[0].make(r) }},
	{"ssn", func(r *rand.Rand) string { return secretKinds[1].make(r) }},
	{"mail", func(r *rand.Rand) string { return secretKinds[2].make(r) }},
	{"mail", func(r *rand.Rand) string {
		return pick(r, "thomas", "jqw", "yuki", "zbigniew") + pick(r, "", ".", "_") + randomOf(r, "bcdfgkqz", 5) + "@" + pick(r, "example.com", "web.de", "qmx.co.uk")
	}},
	{"aws", func(r *rand.Rand) string { return secretKinds[3].make(r) }},
	{"iban", func(r *rand.Rand) string { return secretKinds[4].make(r) }},
	{"token", func(r *rand.Rand) string { return secretKinds[5].make(r) }},
	{"jwt", func(r *rand.Rand) string {
		b := func(n int) string {
			return base64.RawURLEncoding.EncodeToString([]byte(randomOf(r, "qxzjkvwyQXZJKVWY0123456789", n)))
		}
		return "eyJhbGciOiJIUzI1NiJ9." + b(20) + "." + b(32)
	}},
	{"phone", func(r *rand.Rand) string {
		return fmt.Sprintf(pick(r, "+43 664 %s", "+1 212-555-0%.3s", "+44 20 7946 0%.3s"), randomOf(r, "123456789", 7))
	}},
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

// box is one text field as it truly is. The person sees it, the redactor does not.
type box struct {
	id     uint64
	text   []rune
	caret  int
	anchor int  // -1: nothing is selected
	part   bool // it holds a part of a secret
}

func (b *box) cut(lo, hi int) {
	lo, hi = max(lo, 0), min(hi, len(b.text))
	if lo < hi {
		b.text = slices.Delete(b.text, lo, hi)
	}
	b.caret, b.anchor = min(lo, len(b.text)), -1
}

func (b *box) put(s []rune) {
	if b.anchor >= 0 && b.anchor != b.caret {
		b.cut(min(b.anchor, b.caret), max(b.anchor, b.caret))
	}
	b.text, b.anchor = slices.Insert(b.text, b.caret, s...), -1
	b.caret += len(s)
}

// writer is somebody at a keyboard who makes slips, changes their mind, and looks elsewhere. All they do goes to a Redactor.
type writer struct {
	t    testing.TB
	rnd  *rand.Rand
	red  *Redactor
	at   time.Duration
	wild bool // does what breaks a run in the middle of a secret too

	here    *box
	boxes   uint64
	batch   []raw.Key
	out     []Event
	log     strings.Builder // for the report of a failure
	truth   strings.Builder // every state of every field in which the person paused
	final   []*box
	secrets []planted
	crash   int // steps that are left, -1: it never crashes
}

func newWriter(t testing.TB, red *Redactor, seed uint64) *writer {
	p := &writer{t: t, rnd: rand.New(rand.NewPCG(seed, 11)), red: red, crash: -1, boxes: seed << 8}
	p.wild = p.rnd.IntN(2) == 0
	if p.rnd.IntN(5) == 0 {
		p.crash = p.rnd.IntN(60)
	}
	red.Flush()
	p.field()
	return p
}

// crashed tells whether the program died: nothing reaches it, and it settles nothing.
func (p *writer) crashed() bool { return p.crash == 0 }

func (p *writer) apply(s raw.Step) {
	if p.crashed() {
		return
	}
	if p.crash > 0 {
		p.crash--
	}
	s.From = start.Add(p.at)
	if s.Until = s.From; len(s.Keys) > 0 {
		s.Until = start.Add(s.Keys[len(s.Keys)-1].At - start.Boot)
		s.From = start.Add(s.Keys[0].At - start.Boot)
	}
	if s.Permit = permit(p.t, all()); s.Window.App == "" {
		s.Window = raw.Window{App: "editor", Title: "notes", Rect: raw.Rect{W: 100, H: 100}}
	}
	p.out = append(p.out, p.red.Apply(raw.Wrap(s))...)
}

func (p *writer) key(k raw.Key, name string) {
	p.at += time.Duration(40+p.rnd.IntN(200)) * time.Millisecond
	k.At = start.Boot + p.at
	p.batch = append(p.batch, k)
	p.log.WriteString(name)
}

// pause ends a burst.
func (p *writer) pause() {
	p.truth.WriteString(string(p.here.text) + "\x00")
	if len(p.batch) > 0 {
		ks := p.batch
		p.batch = nil
		p.apply(raw.Step{Kind: raw.Text, Focus: p.here.id, Keys: ks})
		p.log.WriteString("|")
	}
}

func (p *writer) rune(c rune) {
	p.here.put([]rune{c})
	p.key(raw.Key{Rune: c}, string(c))
	if p.rnd.IntN(14) == 0 {
		p.pause()
	}
}

func (p *writer) back() {
	b := p.here
	if b.anchor >= 0 && b.anchor != b.caret {
		b.cut(min(b.anchor, b.caret), max(b.anchor, b.caret))
	} else {
		b.cut(b.caret-1, b.caret)
	}
	p.key(raw.Key{Edit: raw.Backspace}, "{bs}")
}

// wordBack deletes a word; only where all toolkits agree.
func (p *writer) wordBack() {
	b, i := p.here, p.here.caret
	for i > 0 && b.text[i-1] == ' ' {
		i--
	}
	for i > 0 && b.text[i-1] != ' ' {
		i--
	}
	b.cut(i, b.caret)
	p.key(raw.Key{Edit: raw.WordBack}, "{ctrl+bs}")
}

// move takes the caret some characters on, perhaps selecting.
func (p *writer) move(by int, selecting bool) {
	e, one := raw.Right, 1
	if by < 0 {
		e, one = raw.Left, -1
	}
	if selecting {
		e += raw.SelectLeft - raw.Left
	}
	b := p.here
	for ; by != 0; by -= one {
		if lo, hi := min(b.anchor, b.caret), max(b.anchor, b.caret); !selecting && b.anchor >= 0 && lo < hi {
			if b.caret, b.anchor = lo, -1; one > 0 { // the selection is left at its end
				b.caret = hi
			}
			p.key(raw.Key{Edit: e}, map[raw.Edit]string{raw.Left: "<", raw.Right: ">"}[e])
			continue
		}
		if to := b.caret + one; to < 0 || to > len(b.text) {
			return
		}
		if selecting && b.anchor < 0 {
			b.anchor = b.caret
		} else if !selecting {
			b.anchor = -1
		}
		b.caret += one
		p.key(raw.Key{Edit: e}, map[raw.Edit]string{raw.Left: "<", raw.Right: ">", raw.SelectLeft: "{s<}", raw.SelectRight: "{s>}"}[e])
	}
}

// jump takes the caret where the redactor cannot know: by Home or End, by the mouse.
func (p *writer) jump(to int) {
	b := p.here
	b.caret, b.anchor = to, -1
	switch {
	case to == 0 && p.rnd.IntN(2) == 0:
		p.key(raw.Key{Edit: raw.Home}, "{home}")
	case to == len(b.text) && p.rnd.IntN(2) == 0:
		p.key(raw.Key{Edit: raw.End}, "{end}")
	default:
		p.pause()
		p.log.WriteString("{click}")
		p.at += 700 * time.Millisecond
		p.apply(raw.Step{Kind: raw.Click, Focus: b.id, Button: "left", Count: 1, X: 10, Y: 20})
	}
}

// hotkey presses a combination; what it puts into the field the redactor does not know.
func (p *writer) hotkey(combo string, e raw.Edit) {
	p.pause()
	p.log.WriteString("{" + combo + "}")
	p.at += 300 * time.Millisecond
	p.apply(raw.Step{Kind: raw.Hotkey, Focus: p.here.id, Combo: combo, Keys: []raw.Key{{Edit: e, At: start.Boot + p.at}}})
}

// field takes the person to a new field; the element of the old one is left.
func (p *writer) field() {
	if p.here != nil {
		p.pause()
	}
	p.boxes++
	p.here = &box{id: p.boxes, anchor: -1}
	p.final = append(p.final, p.here)
	fmt.Fprintf(&p.log, "\n  %d: ", p.here.id)
}

// next goes on to the next field of a form: by Tab, by the mouse, or because the field is full.
func (p *writer) next() {
	switch p.rnd.IntN(3) {
	case 0:
		p.hotkey("Tab", raw.Tab)
		p.leave()
	case 1:
		p.pause()
		p.leave()
		p.field()
		p.apply(raw.Step{Kind: raw.Click, Focus: p.here.id, Button: "left", Count: 1})
		return
	default:
		p.pause()
		if p.rnd.IntN(2) == 0 {
			p.leave()
		}
	}
	p.field()
}

func (p *writer) leave() {
	p.pause()
	p.log.WriteString("{leave}")
	p.apply(raw.Step{Kind: raw.Leave})
}

// breaks is something that makes text leave early, or something strange.
func (p *writer) breaks() {
	switch p.rnd.IntN(9) {
	case 0:
		p.pause()
		p.log.WriteString("{cut}")
		if !p.crashed() {
			p.out = append(p.out, p.red.Flush()...)
		}
	case 1: // a click at the same place
		p.pause()
		p.log.WriteString("{click}")
		p.apply(raw.Step{Kind: raw.Click, Focus: p.here.id, Button: "left", Count: 1})
	case 2:
		p.hotkey("ctrl+s", raw.Unknown)
	case 3:
		p.pause()
		p.log.WriteString("{gap}")
		p.apply(raw.Step{Kind: raw.Gap, From: start, Until: start.Add(time.Second)})
	case 4: // looks at another window and comes back
		p.leave()
	case 5:
		p.pause()
		p.log.WriteString("{scroll}")
		p.apply(raw.Step{Kind: raw.Scroll, Focus: p.here.id, DY: 2})
	case 6: // an input method writes something
		p.here.put([]rune("語"))
		p.key(raw.Key{Edit: raw.Unknown}, "{ime}")
	case 7:
		p.hotkey("ctrl+z", raw.Unknown) // of nothing that was typed here
	case 8:
		p.here.put([]rune("pasted"))
		p.hotkey("ctrl+v", raw.Unknown)
		p.here.cut(p.here.caret-6, p.here.caret)
		for range 6 {
			p.key(raw.Key{Edit: raw.Backspace}, "{bs}")
		}
	}
}

// slip makes a mistake and mends it.
func (p *writer) slip() {
	wrong := 1 + p.rnd.IntN(3)
	for range wrong {
		p.rune(rune("abckz0189"[p.rnd.IntN(9)]))
	}
	switch p.rnd.IntN(3) {
	case 0:
		p.move(-wrong, true)
		p.back()
	default:
		for range wrong {
			p.back()
		}
	}
}

// types writes text with slips. Afterwards the field holds it.
func (p *writer) types(text string, secret bool) {
	for _, c := range text {
		switch n := p.rnd.IntN(100); {
		case n < 4:
			p.slip()
		case n < 6 && len(p.here.text) > 2: // caret out and back
			k := 1 + p.rnd.IntN(2)
			at := p.here.caret
			p.move(-k, false)
			p.move(at-p.here.caret, false)
		case n < 7 && !secret && p.here.caret > 0 && p.here.text[p.here.caret-1] != ' ' && p.here.caret == len(p.here.text):
			word := p.lastWord()
			if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzM") != "" {
				break
			}
			p.wordBack()
			for _, w := range word {
				p.rune(w)
			}
		case n < 10 && secret && p.wild:
			p.breaks()
		}
		p.rune(c)
	}
}

func (p *writer) lastWord() string {
	s := string(p.here.text)
	return s[strings.LastIndexByte(s, ' ')+1:]
}

func (p *writer) prose(n int) {
	for range n {
		p.types(proseWords[p.rnd.IntN(len(proseWords))]+" ", false)
	}
}
