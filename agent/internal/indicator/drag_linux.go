package indicator

import (
	"image"
	"slices"

	"github.com/jezek/xgb/xproto"
)

// drag is a button that is held on the mark.
type drag struct {
	on       bool
	moved    bool
	from     image.Point // of the pointer in the mark
	monitors []image.Rectangle
}

// touches are the server's times of the newest presses that went to the mark: capture must not take one for the window below,
// which a mark that is dragged away leaves under the pointer.
type touches struct {
	times [16]uint32
	next  int
}

func (t *touches) add(at uint32) {
	t.times[t.next] = at
	t.next = (t.next + 1) % len(t.times)
}

// Touched tells whether a press of a button at that time of the server went to the mark. Ask some milliseconds after the press.
func (m *Mark) Touched(at uint32) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return at != 0 && slices.Contains(m.touches.times[:], at)
}

// pressed begins a drag with the left button; the others do nothing.
func (m *Mark) pressed(e xproto.ButtonPressEvent) {
	m.touches.add(uint32(e.Time))
	if e.Detail == 1 {
		m.drag = drag{on: true, from: image.Pt(int(e.EventX), int(e.EventY)), monitors: m.monitors()}
	}
}

// dragged moves the mark with the pointer. It stays wholly on a monitor, so that it can be proved all the while.
func (m *Mark) dragged(e xproto.MotionNotifyEvent) {
	if !m.drag.on {
		return
	}
	m.drag.moved = true
	at := image.Pt(int(e.RootX), int(e.RootY)).Sub(m.drag.from)
	m.spot = spotAt(image.Rect(0, 0, m.picture.w, m.picture.h).Add(at), m.drag.monitors)
	m.moveTo(m.spot.on(m.drag.monitors, image.Rectangle{}, m.picture.w))
}

// released remembers where the mark was put.
func (m *Mark) released(e xproto.ButtonReleaseEvent) {
	if e.Detail != 1 || !m.drag.on {
		return
	}
	if m.drag.moved {
		m.spot.save(m.file)
	}
	m.drag = drag{}
}

// move puts the mark back where the person wants it, as far as the monitors allow.
func (m *Mark) move() {
	if m.picture.w > 0 {
		m.moveTo(m.spot.on(m.monitors(), m.desk(), m.picture.w))
	}
}

func (m *Mark) moveTo(at image.Point) {
	xproto.ConfigureWindow(m.x, m.window, xproto.ConfigWindowX|xproto.ConfigWindowY, []uint32{uint32(int32(at.X)), uint32(int32(at.Y))})
}
