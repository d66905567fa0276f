package capture

import (
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

var buttonNames = map[uint8]string{1: "left", 2: "middle", 3: "right", 8: "back", 9: "forward"}

// press begins a click, or counts one more of a double or triple click.
func (r *reducer) press(in input) *action {
	name, ok := buttonNames[in.button]
	if !ok || r.down[in.button] != nil {
		return nil
	}
	a, held := r.open, heldKeys(in.state)
	if a != nil && a.step.Kind == raw.Click && a.step.Button == name && a.step.Combo == held && a.step.Count < 3 && a.place.window == in.place.window &&
		near(a.step.X, a.step.Y, in, multiSlop) {
		a.step.Count++
		a.joins(in.at)
	} else {
		a = r.begin(raw.Click, in)
		a.step.Button, a.step.Count, a.step.Combo = name, 1, held
	}
	r.down[in.button] = &press{a: a, at: in.at, x: in.x, y: in.y, moved: in.at}
	return a
}

// release ends a drag or a triple click; a click may still become a double click until the time has passed since its press.
func (r *reducer) release(in input) *action {
	p := r.down[in.button]
	if p == nil {
		return nil
	}
	delete(r.down, in.button)
	a := p.a
	if !near(p.x, p.y, in, dragSlop-1) {
		a.step.Kind = raw.Drag
	}
	a.joins(in.at)
	if a.step.Kind == raw.Drag {
		a.step.ToX, a.step.ToY = in.x, in.y
	}
	a.last = p.at // the next press counts from this press
	switch {
	case r.open != a:
		r.end(a)
	case a.step.Kind == raw.Drag, a.step.Count == 3, after(in.at, p.at, multiClick):
		r.part()
	}
	return a
}

// move makes a drag of a held button that went far enough.
func (r *reducer) move(in input) *action {
	for _, p := range r.down {
		if !near(p.x, p.y, in, dragSlop-1) {
			p.a.step.Kind = raw.Drag
		}
		if after(in.at, p.moved, motionEvery) {
			p.moved = in.at
			p.a.joins(in.at)
			return p.a
		}
	}
	return nil
}

// notch begins or joins a run of one direction of the wheel, with the same keys held.
func (r *reducer) notch(in input) *action {
	dx, dy := 0, 0
	switch in.button {
	case 4:
		dy = -1
	case 5:
		dy = 1
	case 6:
		dx = -1
	case 7:
		dx = 1
	}
	a, held := r.open, heldKeys(in.state)
	if a != nil && a.step.Kind == raw.Scroll && a.step.Combo == held && a.place.window == in.place.window && a.step.DX*dx+a.step.DY*dy > 0 {
		a.joins(in.at)
	} else {
		a = r.begin(raw.Scroll, in)
		a.step.Combo = held
	}
	a.step.DX += dx
	a.step.DY += dy
	return a
}

func near(x, y int, in input, slop int) bool {
	return max(in.x-x, x-in.x, in.y-y, y-in.y) <= slop
}
