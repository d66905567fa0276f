package capture

import (
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// folded recognises auto-repeat: the server shows it as a release and a press of one key at the same time.
type folded struct {
	sym   uint32
	stamp uint32
	any   bool
}

func (f *folded) release(in input) { *f = folded{sym: in.sym, stamp: in.stamp, any: true} }

func (f *folded) isRepeat(in input) bool {
	return in.repeat || f.any && f.sym == in.sym && f.stamp == in.stamp
}

// key takes one key press to where its nature says.
func (r *reducer) key(in input) *action {
	switch classify(in) {
	case textKey, blindKey:
		return r.write(in)
	case moveKey:
		if r.inRun(in) {
			return r.write(in)
		}
		return r.hotkey(in)
	case hotKey:
		return r.hotkey(in)
	}
	return nil
}

// inRun tells whether a text run of this element is open. One that is refused takes every key of its window.
func (r *reducer) inRun(in input) bool {
	a := r.open
	return a != nil && a.step.Kind == raw.Text && a.place.window == in.place.window &&
		(a.refused() || a.step.Focus == in.place.focus)
}

// write begins or joins a text run. Keys that go to an unknown element, and what belongs to them, make a run without
// content: it is judged, and only a gap can come of it.
func (r *reducer) write(in input) *action {
	a := r.open
	if r.inRun(in) && len(a.step.Keys) < textMostKeys {
		a.joins(in.at)
	} else {
		a = r.begin(raw.Text, in)
		if !a.refused() {
			a.step.Keys = make([]raw.Key, 0, textMostKeys) // never grown: a copy left behind could not be wiped
		}
	}
	if !a.refused() {
		a.step.Keys = append(a.step.Keys, keyOf(in))
	}
	return a
}

// hotkey begins a combination or a named key; a held one counts once.
func (r *reducer) hotkey(in input) *action {
	a := r.open
	if in.repeat && a != nil && a.step.Kind == raw.Hotkey && a.sym == in.sym && a.place.window == in.place.window {
		a.joins(in.at)
		return a
	}
	a = r.begin(raw.Hotkey, in)
	a.sym = in.sym
	a.step.Combo = combo(in)
	if in.place.writable() {
		a.step.Keys = []raw.Key{keyOf(in)}
	}
	return a
}

// keyReleased is judged with the hotkey that it ends; releases of other keys are no part of an action. Auto-repeat
// releases a key as well, so a hotkey stays open until something else begins or its time passes.
func (r *reducer) keyReleased(in input) *action {
	a := r.open
	if a == nil || a.step.Kind != raw.Hotkey || a.sym != in.sym {
		return nil
	}
	a.step.Until = in.at
	return a
}

// keyOf is what a key press does to a field of text.
func keyOf(in input) raw.Key {
	k := raw.Key{At: in.at.Boot, Edit: editOf(in)}
	if k.Edit == raw.NoEdit {
		k.Rune = in.char
	}
	return k
}
